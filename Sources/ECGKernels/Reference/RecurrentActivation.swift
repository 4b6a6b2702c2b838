// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// The activation functions that ONNX allows in recurrent layers, with their parameters.
public enum RecurrentActivation: Hashable, Sendable {
    case relu, tanh, sigmoid, softsign, softplus
    case affine(alpha: Double, beta: Double)
    case leakyRelu(alpha: Double)
    case thresholdedRelu(alpha: Double)
    case scaledTanh(alpha: Double, beta: Double)
    case hardSigmoid(alpha: Double, beta: Double)
    case elu(alpha: Double)

    /// By its name in ONNX, in any case of letters, with ONNX's defaults for parameters that are not given.
    public init?(name: String, alpha: Double? = nil, beta: Double? = nil) {
        switch name.lowercased() {
        case "relu": self = .relu
        case "tanh": self = .tanh
        case "sigmoid": self = .sigmoid
        case "softsign": self = .softsign
        case "softplus": self = .softplus
        case "affine": self = .affine(alpha: alpha ?? 1, beta: beta ?? 0)
        case "leakyrelu": self = .leakyRelu(alpha: alpha ?? 0.01)
        case "thresholdedrelu": self = .thresholdedRelu(alpha: alpha ?? 1)
        case "scaledtanh": self = .scaledTanh(alpha: alpha ?? 1, beta: beta ?? 1)
        case "hardsigmoid": self = .hardSigmoid(alpha: alpha ?? 0.2, beta: beta ?? 0.5)
        case "elu": self = .elu(alpha: alpha ?? 1)
        default: return nil
        }
    }

    public func callAsFunction(_ x: Double) -> Double {
        switch self {
        case .relu: x < 0 ? 0 : x
        case .tanh: Glibc.tanh(x)
        case .sigmoid: 1 / (1 + exp(-x))
        case .softsign: x / (1 + abs(x))
        case .softplus: UnaryFunction.softplus(x)
        case .affine(let alpha, let beta): alpha * x + beta
        case .leakyRelu(let alpha): x < 0 ? alpha * x : x
        case .thresholdedRelu(let alpha): x > alpha || x.isNaN ? x : 0
        case .scaledTanh(let alpha, let beta): alpha * Glibc.tanh(beta * x)
        case .hardSigmoid(let alpha, let beta): alpha * x + beta < 0 ? 0 : alpha * x + beta > 1 ? 1 : alpha * x + beta
        case .elu(let alpha): x < 0 ? alpha * expm1(x) : x
        }
    }

    /// The derivative at `x`.
    public func slope(_ x: Double) -> Double {
        switch self {
        case .relu: x > 0 ? 1 : 0
        case .tanh: 1 - Glibc.tanh(x) * Glibc.tanh(x)
        case .sigmoid: self(x) * (1 - self(x))
        case .softsign: 1 / ((1 + abs(x)) * (1 + abs(x)))
        case .softplus: 1 / (1 + exp(-x))
        case .affine(let alpha, _): alpha
        case .leakyRelu(let alpha): x > 0 ? 1 : alpha
        case .thresholdedRelu(let alpha): x > alpha ? 1 : 0
        case .scaledTanh(let alpha, let beta): alpha * beta * (1 - Glibc.tanh(beta * x) * Glibc.tanh(beta * x))
        case .hardSigmoid(let alpha, let beta): alpha * x + beta > 0 && alpha * x + beta < 1 ? alpha : 0
        case .elu(let alpha): x < 0 ? alpha * exp(x) : 1
        }
    }
}
