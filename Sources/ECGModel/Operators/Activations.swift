// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// Relu: max(x, 0). NaN passes.
struct Relu: NumberFunction {
    func value<T: Scalar>(_ x: T) -> T { x < 0 ? 0 : x }
    func slope<T: Scalar>(_ x: T, _ y: T) -> T { x > 0 ? 1 : 0 }
    var isActivation: Bool { true }
}

/// LeakyRelu: x, or alpha·x below zero.
struct LeakyRelu: NumberFunction {
    let alpha: Float
    init(_ node: NodeReader) throws { alpha = try node.float("alpha", default: 0.01) }
    func value<T: Scalar>(_ x: T) -> T { x < 0 ? T(alpha) * x : x }
    func slope<T: Scalar>(_ x: T, _ y: T) -> T { x > 0 ? 1 : T(alpha) }
    var isActivation: Bool { true }
}

/// Sigmoid: 1 / (1 + e⁻ˣ).
struct Sigmoid: NumberFunction {
    func value<T: Scalar>(_ x: T) -> T { T.sigmoid(x) }
    func slope<T: Scalar>(_ x: T, _ y: T) -> T { y * (1 - y) }
    var isActivation: Bool { true }
    var kernel: UnaryFunction? { .sigmoid }
}

/// Tanh.
struct Tanh: NumberFunction {
    func value<T: Scalar>(_ x: T) -> T { T.tanh(x) }
    func slope<T: Scalar>(_ x: T, _ y: T) -> T { 1 - y * y }
    var isActivation: Bool { true }
    var kernel: UnaryFunction? { .tanh }
}

let activationOperators: [OperatorEntry] = [
    OperatorEntry("Relu") { node in
        node.ignore("consumed_inputs")
        return ActivationOperator(.relu, Unary(Relu()))
    },
    OperatorEntry("LeakyRelu") { node in
        node.ignore("consumed_inputs")
        let function = try LeakyRelu(node)
        return ActivationOperator(.leakyRelu(slope: function.alpha), Unary(function))
    },
    OperatorEntry("Sigmoid") { node in
        node.ignore("consumed_inputs")
        return Unary(Sigmoid())
    },
    OperatorEntry("Tanh") { node in
        node.ignore("consumed_inputs")
        return Unary(Tanh())
    },
]
