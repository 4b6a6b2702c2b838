// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// A function of one number, with its derivative: all that an element-by-element operator needs.
package protocol NumberFunction: Sendable {
    func value<T: Scalar>(_ x: T) -> T
    /// The derivative at `x`, where the function's value is `y`.
    func slope<T: Scalar>(_ x: T, _ y: T) -> T
    /// Whether guided backpropagation and deconvolution have a rule for it: true for activations, false for plain arithmetic.
    var isActivation: Bool { get }
    /// The same function of the kernel library, for float32, where a loop over `value` would be slow; nil where the compiler's is as good.
    var kernel: UnaryFunction? { get }
}

extension NumberFunction {
    package var isActivation: Bool { false }
    package var kernel: UnaryFunction? { nil }
}

/// The operator of a unary function, in any layout, in float32 and float64.
package struct Unary: Operator {
    let kernel: UnaryKernel

    // Inlined, so that the loops are compiled for each function by itself.
    @inline(__always)
    package init<F: NumberFunction>(_ function: F) { kernel = UnaryKernel(function) }

    package func wish(_ inputs: [Fact?]) -> LayoutWish { .follow }

    package func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        guard input.type.isFloat else { throw node.unsupported("element type \(input.type.rawValue)") }
        return .kernel([Fact(input.type, input.shape, layout: layout)], kernel)
    }
}

/// The loops of a unary function for one type.
private struct UnaryLoops<T: Scalar>: Sendable {
    let forward: @Sendable (Region<T>, Region<T>) -> Void
    let reverse: @Sendable (_ run: ReverseRun, _ gradient: Region<T>, _ into: Region<T>) -> Void

    @inline(__always)
    init<F: NumberFunction>(_ function: F) {
        forward = { input, output in output.set(input) { function.value($0) } }
        reverse = { run, gradient, into in
            guard let x = run.inputs[0]?.region(T.self), let y = run.outputs[0]?.region(T.self) else { return }
            switch run.rule {
            case .guided where function.isActivation:
                into.add(gradient, x, y) { g, x, y in ActivationRules.positive(g) * function.slope(x, y) }
            case .deconvolution where function.isActivation:
                into.add(gradient, x, y) { g, _, _ in ActivationRules.positive(g) }
            case .rescale:
                guard let x0 = run.referenceInputs[0]?.region(T.self), let y0 = run.referenceOutputs[0]?.region(T.self) else { return }
                into.add(gradient, x, y, x0, y0) { g, x, y, x0, y0 in
                    g * ActivationRules.multiplier(x, y, x0, y0) { function.slope(x, y) }
                }
            default:
                into.add(gradient, x, y) { g, x, y in g * function.slope(x, y) }
            }
        }
    }
}

/// What the rules for activations share.
package enum ActivationRules {
    /// The positive part; NaN stays visible.
    @inline(__always)
    package static func positive<T: Scalar>(_ g: T) -> T { g <= 0 ? 0 : g }

    /// DeepLIFT's multiplier Δy/Δx; where the two inputs are (almost) the same, the derivative (the limit; 1e-10 as in Captum). Two equal infinities, as
    /// masks have them, are the same; so are two roots of nothing, whose derivative is infinite: they contribute nothing.
    @inline(__always)
    package static func multiplier<T: Scalar>(_ x: T, _ y: T, _ x0: T, _ y0: T, slope: () -> T) -> T {
        let difference = x - x0
        guard x == x0 || abs(difference) < 1e-10 else { return (y - y0) / difference }
        let slope = slope()
        return slope.isInfinite ? 0 : slope
    }
}

struct UnaryKernel: Kernel {
    private let float: UnaryLoops<Float>
    private let double: UnaryLoops<Double>
    /// What float32 is computed by instead of the loops.
    let library: UnaryFunction?
    let isActivation: Bool

    @inline(__always)
    init<F: NumberFunction>(_ function: F) {
        float = UnaryLoops(function)
        double = UnaryLoops(function)
        library = function.kernel
        isActivation = function.isActivation
    }

    func supports(_ rule: Rule) -> Bool { true }

    func forward(_ run: ForwardRun) {
        guard let input = run.inputs[0], let output = run.outputs[0] else { return }
        if input.type == .float64 { return double.forward(input.region(), output.region()) }
        guard let library else { return float.forward(input.region(), output.region()) }
        Elementwise.apply(library, count: input.count, input: input.region(), output: output.region(), workers: run.workers)
    }

    func reverse(_ run: ReverseRun) {
        guard let gradient = run.outputGradients[0], let into = run.inputGradients[0] else { return }
        if into.type == .float64 { return double.reverse(run, gradient.region(), into.region()) }
        guard let library, run.rule == .gradient || !isActivation && run.rule != .rescale, let input = run.inputs[0] else {
            return float.reverse(run, gradient.region(), into.region())
        }
        Elementwise.gradient(
            library, count: into.count, input: input.region(), upstream: gradient.region(), gradient: into.region(), accumulate: true,
            workers: run.workers)
    }
}
