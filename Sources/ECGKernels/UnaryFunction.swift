// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels
import Glibc

/// A function of one number that kernels apply to whole tensors, to about two units in the last place. NaN stays NaN.
public enum UnaryFunction: Hashable, Sendable {
    case exp, log, tanh, sigmoid, erf, softplus, gelu, geluTanh, silu, mish
    case elu(alpha: Float)
    case selu(alpha: Float, gamma: Float)
    case hardSigmoid(alpha: Float, beta: Float)
    case hardSwish, squareRoot, reciprocal, absolute, negate, relu
    case leakyRelu(slope: Float)
    /// `lower` where below it, else `upper` where above it.
    case clip(lower: Float, upper: Float)
    case square, softsign
    /// x · scale + shift.
    case affine(scale: Float, shift: Float)

    package var parameters: (code: Int32, a: Float, b: Float) {
        func plain(_ code: ecg_unary) -> (Int32, Float, Float) { (Int32(code.rawValue), 0, 0) }
        return switch self {
        case .exp: plain(ECG_EXP)
        case .log: plain(ECG_LOG)
        case .tanh: plain(ECG_TANH)
        case .sigmoid: plain(ECG_SIGMOID)
        case .erf: plain(ECG_ERF)
        case .softplus: plain(ECG_SOFTPLUS)
        case .gelu: plain(ECG_GELU)
        case .geluTanh: plain(ECG_GELU_TANH)
        case .silu: plain(ECG_SILU)
        case .mish: plain(ECG_MISH)
        case .elu(let alpha): (Int32(ECG_ELU.rawValue), alpha, 0)
        case .selu(let alpha, let gamma): (Int32(ECG_SELU.rawValue), alpha, gamma)
        case .hardSigmoid(let alpha, let beta): (Int32(ECG_HARD_SIGMOID.rawValue), alpha, beta)
        case .hardSwish: plain(ECG_HARD_SWISH)
        case .squareRoot: plain(ECG_SQRT)
        case .reciprocal: plain(ECG_RECIPROCAL)
        case .absolute: plain(ECG_ABS)
        case .negate: plain(ECG_NEGATE)
        case .relu: plain(ECG_RELU_FUNCTION)
        case .leakyRelu(let slope): (Int32(ECG_LEAKY.rawValue), slope, 0)
        case .clip(let lower, let upper): (Int32(ECG_CLIP.rawValue), lower, upper)
        case .square: plain(ECG_SQUARE)
        case .softsign: plain(ECG_SOFTSIGN)
        case .affine(let scale, let shift): (Int32(ECG_AFFINE.rawValue), scale, shift)
        }
    }

    /// The value in double precision: what kernels are compared with, and the generic path.
    public func callAsFunction(_ x: Double) -> Double {
        switch self {
        case .exp: Glibc.exp(x)
        case .log: Glibc.log(x)
        case .tanh: Glibc.tanh(x)
        case .sigmoid: 1 / (1 + Glibc.exp(-x))
        case .erf: Glibc.erf(x)
        case .softplus: (x > 0 ? x : 0) + log1p(Glibc.exp(-abs(x))) + (x.isNaN ? x : 0)
        case .gelu: 0.5 * x * (1 + Glibc.erf(x / 2.0.squareRoot()))
        case .geluTanh: 0.5 * x * (1 + Glibc.tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
        case .silu: x / (1 + Glibc.exp(-x))
        case .mish: x * Glibc.tanh(UnaryFunction.softplus(x))
        case .elu(let alpha): x < 0 ? Double(alpha) * expm1(x) : x
        case .selu(let alpha, let gamma): Double(gamma) * (x > 0 ? x : Double(alpha) * expm1(x))
        case .hardSigmoid(let alpha, let beta): Self.clamp(Double(alpha) * x + Double(beta), 0, 1)
        case .hardSwish: x * Self.clamp(x / 6 + 0.5, 0, 1)
        case .squareRoot: x.squareRoot()
        case .reciprocal: 1 / x
        case .absolute: abs(x)
        case .negate: -x
        case .relu: x < 0 ? 0 : x
        case .leakyRelu(let slope): x < 0 ? Double(slope) * x : x
        case .clip(let lower, let upper): Self.clamp(x, Double(lower), Double(upper))
        case .square: x * x
        case .softsign: x / (1 + abs(x))
        case .affine(let scale, let shift): x * Double(scale) + Double(shift)
        }
    }

    private static func clamp(_ x: Double, _ lower: Double, _ upper: Double) -> Double { x < lower ? lower : x > upper ? upper : x }
}

/// A function of two tensors, element by element. Maximum and minimum are NaN where either operand is.
public enum BinaryFunction: Sendable, CaseIterable {
    case add, subtract, multiply, divide, maximum, minimum

    package var code: Int32 {
        let code =
            switch self {
            case .add: ECG_ADD
            case .subtract: ECG_SUBTRACT
            case .multiply: ECG_MULTIPLY
            case .divide: ECG_DIVIDE
            case .maximum: ECG_MAXIMUM
            case .minimum: ECG_MINIMUM
            }
        return Int32(code.rawValue)
    }
}

/// What lets a gradient through a ReLU on its way back.
public enum GateRule: Sendable, CaseIterable {
    /// The derivative: where the output is positive (Simonyan et al. 2014).
    case gradient
    /// Where output and gradient are positive (Springenberg et al. 2015).
    case guided
    /// Where the gradient is positive, whatever the output (Zeiler and Fergus 2014).
    case deconvolution

    package var code: Int32 {
        let code =
            switch self {
            case .gradient: ECG_GATE_GRADIENT
            case .guided: ECG_GATE_GUIDED
            case .deconvolution: ECG_GATE_DECONVOLUTION
            }
        return Int32(code.rawValue)
    }
}
