// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// Elu: x, or alpha (eˣ - 1) below zero.
struct Elu: NumberFunction {
    let alpha: Float
    func value<T: Scalar>(_ x: T) -> T { x < 0 ? T(alpha) * T.expm1(x) : x }
    func slope<T: Scalar>(_ x: T, _ y: T) -> T { x < 0 ? y + T(alpha) : 1 }
    var isActivation: Bool { true }
    var kernel: UnaryFunction? { .elu(alpha: alpha) }
}

/// Selu: gamma times x, or times alpha (eˣ - 1) below zero.
struct Selu: NumberFunction {
    let alpha: Float
    let gamma: Float
    func value<T: Scalar>(_ x: T) -> T { T(gamma) * (x < 0 ? T(alpha) * T.expm1(x) : x) }
    func slope<T: Scalar>(_ x: T, _ y: T) -> T { x < 0 ? y + T(gamma) * T(alpha) : T(gamma) }
    var isActivation: Bool { true }
    var kernel: UnaryFunction? { .selu(alpha: alpha, gamma: gamma) }
}

/// Celu: x, or alpha (e^(x/alpha) - 1) below zero.
struct Celu: NumberFunction {
    let alpha: Float
    func value<T: Scalar>(_ x: T) -> T { x < 0 ? T(alpha) * T.expm1(x / T(alpha)) : x }
    func slope<T: Scalar>(_ x: T, _ y: T) -> T { x < 0 ? T.exp(x / T(alpha)) : 1 }
    var isActivation: Bool { true }
}

/// Gelu: x Φ(x), with the error function or with the hyperbolic tangent that approximates it.
struct Gelu: NumberFunction {
    let approximates: Bool

    func value<T: Scalar>(_ x: T) -> T {
        approximates ? x / 2 * (1 + T.tanh(Self.inner(x))) : x / 2 * (1 + T.erf(x * T(0.5).squareRoot()))
    }

    func slope<T: Scalar>(_ x: T, _ y: T) -> T {
        if !approximates {
            let area: T = (1 + T.erf(x * T(0.5).squareRoot())) / 2
            let density: T = T.exp(-x * x / 2) / (2 * T.pi).squareRoot()
            return area + x * density
        }
        let t = T.tanh(Self.inner(x))
        let innerSlope: T = (2 / T.pi).squareRoot() * (1 + 3 * T(0.044715) * x * x)
        return (1 + t) / 2 + x / 2 * (1 - t * t) * innerSlope
    }

    private static func inner<T: Scalar>(_ x: T) -> T {
        let cubic: T = x + T(0.044715) * x * x * x
        return (2 / T.pi).squareRoot() * cubic
    }

    var isActivation: Bool { true }
    var kernel: UnaryFunction? { approximates ? .geluTanh : .gelu }
}

/// HardSigmoid: alpha x + beta between 0 and 1.
struct HardSigmoid: NumberFunction {
    let alpha: Float
    let beta: Float

    func value<T: Scalar>(_ x: T) -> T {
        let line = T(alpha) * x + T(beta)
        return line < 0 ? 0 : line > 1 ? 1 : line
    }

    func slope<T: Scalar>(_ x: T, _ y: T) -> T {
        let line = T(alpha) * x + T(beta)
        return line > 0 && line < 1 ? T(alpha) : 0
    }

    var isActivation: Bool { true }
}

/// HardSwish: x times HardSigmoid with alpha 1/6 and beta 1/2.
struct HardSwish: NumberFunction {
    func value<T: Scalar>(_ x: T) -> T { x * HardSwish.gate(x) }
    func slope<T: Scalar>(_ x: T, _ y: T) -> T { x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + T(0.5) }
    private static func gate<T: Scalar>(_ x: T) -> T {
        let line = x / 6 + T(0.5)
        return line < 0 ? 0 : line > 1 ? 1 : line
    }
    var isActivation: Bool { true }
}

/// Softplus: log(1 + eˣ), without overflow.
struct Softplus: NumberFunction {
    func value<T: Scalar>(_ x: T) -> T { x > 0 ? x + T.log1p(T.exp(-x)) : T.log1p(T.exp(x)) }
    func slope<T: Scalar>(_ x: T, _ y: T) -> T { T.sigmoid(x) }
    var isActivation: Bool { true }
    var kernel: UnaryFunction? { .softplus }
}

/// Softsign: x / (1 + |x|).
struct Softsign: NumberFunction {
    func value<T: Scalar>(_ x: T) -> T { x / (1 + x.magnitude) }
    func slope<T: Scalar>(_ x: T, _ y: T) -> T { 1 / ((1 + x.magnitude) * (1 + x.magnitude)) }
    var isActivation: Bool { true }
}

/// Mish: x tanh(softplus(x)).
struct Mish: NumberFunction {
    func value<T: Scalar>(_ x: T) -> T { x * T.tanh(Softplus().value(x)) }
    func slope<T: Scalar>(_ x: T, _ y: T) -> T {
        let t = T.tanh(Softplus().value(x))
        return t + x * (1 - t * t) * T.sigmoid(x)
    }
    var isActivation: Bool { true }
    var kernel: UnaryFunction? { .mish }
}

/// Swish (Silu): x sigmoid(alpha x).
struct Swish: NumberFunction {
    let alpha: Float
    func value<T: Scalar>(_ x: T) -> T { x * T.sigmoid(T(alpha) * x) }
    func slope<T: Scalar>(_ x: T, _ y: T) -> T {
        let s = T.sigmoid(T(alpha) * x)
        return s + T(alpha) * x * s * (1 - s)
    }
    var isActivation: Bool { true }
    var kernel: UnaryFunction? { alpha == 1 ? .silu : nil }
}

/// ThresholdedRelu: x above alpha, else 0.
struct ThresholdedRelu: NumberFunction {
    let alpha: Float
    func value<T: Scalar>(_ x: T) -> T { x > T(alpha) ? x : 0 }
    func slope<T: Scalar>(_ x: T, _ y: T) -> T { x > T(alpha) ? 1 : 0 }
    var isActivation: Bool { true }
}

/// Shrink: x brought nearer to zero by `bias`, and 0 within `lambd` of it.
struct Shrink: NumberFunction {
    let lambd: Float
    let bias: Float
    func value<T: Scalar>(_ x: T) -> T { x < -T(lambd) ? x + T(bias) : x > T(lambd) ? x - T(bias) : 0 }
    func slope<T: Scalar>(_ x: T, _ y: T) -> T { x.magnitude > T(lambd) ? 1 : 0 }
    var isActivation: Bool { true }
}

/// PRelu: x, or slope · x below zero, with slopes that broadcast to x. An activation for the rules, although it has two inputs.
struct ParametricRelu: PairFunction {
    func value<T: Scalar>(_ x: T, _ slope: T) -> T { x < 0 ? slope * x : x }
    func slopes<T: Scalar>(_ x: T, _ slope: T, _ y: T) -> (T, T) { x < 0 ? (slope, x) : (1, 0) }
    var isActivation: Bool { true }
}

let smoothActivationOperators: [OperatorEntry] = [
    OperatorEntry("Elu", since: 6) { Unary(Elu(alpha: try $0.float("alpha", default: 1))) },
    OperatorEntry("Selu", since: 6) {
        Unary(
            Selu(
                alpha: try $0.float("alpha", default: 1.673_263_192_176_818_8),
                gamma: try $0.float("gamma", default: 1.050_700_974_464_416_5)))
    },
    OperatorEntry("Celu", since: 12) { Unary(Celu(alpha: try $0.float("alpha", default: 1))) },
    OperatorEntry("Gelu", since: 20) { try Gelu.make($0) },
    OperatorEntry("Gelu", domain: "com.microsoft") { _ in Unary(Gelu(approximates: false)) },
    OperatorEntry("HardSigmoid", since: 6) {
        Unary(HardSigmoid(alpha: try $0.float("alpha", default: 0.2), beta: try $0.float("beta", default: 0.5)))
    },
    OperatorEntry("HardSwish", since: 14) { _ in Unary(HardSwish()) },
    OperatorEntry("Softplus") { _ in Unary(Softplus()) },
    OperatorEntry("Softsign") { _ in Unary(Softsign()) },
    OperatorEntry("Mish", since: 18) { _ in Unary(Mish()) },
    OperatorEntry("Swish", since: 24) { Unary(Swish(alpha: try $0.float("alpha", default: 1))) },
    OperatorEntry("ThresholdedRelu", since: 10) { Unary(ThresholdedRelu(alpha: try $0.float("alpha", default: 1))) },
    OperatorEntry("Shrink", since: 9) { Unary(Shrink(lambd: try $0.float("lambd", default: 0.5), bias: try $0.float("bias", default: 0))) },
    OperatorEntry("PRelu", since: 7) { _ in Binary(ParametricRelu()) },
]

extension Gelu {
    static func make(_ node: NodeReader) throws -> any Operator {
        switch try node.string("approximate", default: "none") {
        case "none": return Unary(Gelu(approximates: false))
        case "tanh": return Unary(Gelu(approximates: true))
        case let other: throw node.unsupported("approximate \(other)")
        }
    }
}
