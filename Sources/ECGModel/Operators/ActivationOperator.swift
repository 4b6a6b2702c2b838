// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// An activation that a convolution's store can apply: fused where possible, else a kernel that needs only its result in reverse.
struct ActivationOperator: Operator {
    private let activation: ECGKernels.Activation
    private let general: Unary

    init(_ activation: ECGKernels.Activation, _ general: Unary) {
        self.activation = activation
        self.general = general
    }

    func wish(_ inputs: [Fact?]) -> LayoutWish { .follow }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        // The sign of the result must tell that of the input, or the reverse run could not do without the input.
        guard input.type == .float32, activation.slope >= 0, activation.slope.isFinite else {
            return try general.specialise(inputs, layout: layout, node: node)
        }
        return .kernel([Fact(.float32, input.shape, layout: layout)], ActivationKernel(activation: activation))
    }
}

/// Relu or LeakyRelu in float32.
struct ActivationKernel: Kernel {
    let activation: ECGKernels.Activation
    /// Where the result is part of a channel concatenation: its channels, and how far apart rows are there.
    var part: (channels: Int, rowStride: Int)?

    func reverseReads(_ rule: Rule) -> ReverseReads { rule == .rescale ? .all : .outputs }
    var canSetGradients: Bool { true }
    func supports(_ rule: Rule) -> Bool { true }

    func forward(_ run: ForwardRun) {
        guard let x = run.inputs[0]?.region(Float.self), let y = run.outputs[0]?.region(Float.self) else { return }
        let function: UnaryFunction = activation == .relu ? .relu : .leakyRelu(slope: activation.slope)
        if let part {
            Elementwise.applyToPart(
                function, rows: x.count / max(part.channels, 1), channels: part.channels, input: x, output: y, rowStride: part.rowStride,
                workers: run.workers)
        } else {
            Elementwise.apply(function, count: y.count, input: x, output: y, workers: run.workers)
        }
    }

    func reverse(_ run: ReverseRun) {
        guard let g = run.outputGradients[0]?.region(Float.self), let y = run.outputs[0]?.region(Float.self),
            let into = run.inputGradients[0]?.region(Float.self)
        else { return }
        if run.rule == .rescale {
            guard let x = run.inputs[0]?.region(Float.self), let x0 = run.referenceInputs[0]?.region(Float.self),
                let y0 = run.referenceOutputs[0]?.region(Float.self)
            else { return }
            let below: Float = activation.slope
            if !run.accumulates[0] { into.fill(0) }
            into.add(g, x, y, x0, y0) { g, x, y, x0, y0 in g * ActivationRules.multiplier(x, y, x0, y0) { x > 0 ? 1 : below } }
        } else if let part {
            Elementwise.gateRows(
                run.rule.gate, rows: into.count / max(part.channels, 1), channels: part.channels, output: y, upstream: g,
                rowStride: part.rowStride, gradient: into, slope: activation.slope(run.rule), accumulate: run.accumulates[0],
                workers: run.workers)
        } else {
            activation.reverse(g, y, into: into, rule: run.rule, accumulate: run.accumulates[0], workers: run.workers)
        }
    }
}

extension ECGKernels.Activation {
    /// The gradient before the activation, from the one behind it and the activation's result; `into` may be `gradient`.
    func reverse(
        _ gradient: Region<Float>, _ result: Region<Float>, into: Region<Float>, rule: Rule, accumulate: Bool, workers: Workers? = nil
    ) {
        Elementwise.gate(
            rule.gate, count: into.count, output: result, upstream: gradient, gradient: into, slope: slope(rule), accumulate: accumulate,
            workers: workers)
    }

    /// What a closed gate lets through.
    func slope(_ rule: Rule) -> Float { rule == .deconvolution ? 0 : slope }
}

extension Rule {
    /// How a gradient passes an activation.
    var gate: GateRule {
        switch self {
        case .gradient, .rescale: .gradient
        case .guided: .guided
        case .deconvolution: .deconvolution
        }
    }
}
