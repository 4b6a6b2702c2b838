// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// BatchNormalization in inference: a factor and a summand for each channel.
struct BatchNormalizationOperator: Operator {
    private let epsilon: Float

    init(_ node: NodeReader) throws {
        epsilon = try node.float("epsilon", default: 1e-5)
        node.ignore("momentum", "is_test", "consumed_inputs")
        guard try node.int("training_mode", default: 0) == 0 else { throw node.unsupported("training_mode 1") }
        guard try node.int("spatial", default: 1) == 1 else { throw node.unsupported("spatial 0") }
        guard !node.hasOutput(1) else { throw node.unsupported("training output") }
    }

    func wish(_ inputs: [Fact?]) -> LayoutWish { .follow }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        guard input.type.isFloat, input.shape.count >= 2 else { throw node.misfit("input \(input.shape.text) has no channels") }
        let channels = input.shape[1]
        let parameters = try (1...4).map { index in
            guard let tensor = try node.constant(index, of: inputs), tensor.count == channels else {
                throw node.misfit("input \(index) does not have the \(channels) channels of input \(input.shape.text)")
            }
            return tensor.doubles
        }
        let scale = (0..<channels).map { parameters[0][$0] / (parameters[3][$0] + Double(epsilon)).squareRoot() }
        let shift = (0..<channels).map { parameters[1][$0] - parameters[2][$0] * scale[$0] }
        let inner = layout == .channelsLast ? 1 : input.shape.dropFirst(2).reduce(1, *)
        return .kernel(
            [Fact(input.type, input.shape, layout: layout)],
            ChannelAffineKernel(
                affine: ChannelAffine(node: node.node.name, scale: scale, shift: shift), inner: inner, count: input.shape.elementCount))
    }
}

/// x·scale + shift by channel, with the activation behind it.
struct ChannelAffineKernel: Kernel {
    let affine: ChannelAffine
    /// Elements between one channel and the next.
    let inner: Int
    let count: Int
    var activation: ECGKernels.Activation = .identity

    func scratchBytes(threads: Int) -> Int { activation == .identity || inner == 1 ? 0 : count * 4 }
    var canSetGradients: Bool { true }

    func reverseReads(_ rule: Rule) -> ReverseReads { activation == .identity ? .none : .outputs }
    func supports(_ rule: Rule) -> Bool { true }

    func forward(_ run: ForwardRun) {
        guard let x = run.inputs[0], let y = run.outputs[0] else { return }
        if inner == 1, x.type == .float32 {
            return Elementwise.channelAffine(
                rows: count / max(1, affine.scale.count), channels: affine.scale.count, input: x.region(), scale: affine.floats.scale,
                shift: affine.floats.shift, output: y.region(), activation: activation, workers: run.workers)
        }
        if x.type == .float32 { forward(x.region(Float.self), y.region()) } else { forward(x.region(Double.self), y.region()) }
    }

    func reverse(_ run: ReverseRun) {
        guard let g = run.outputGradients[0], let into = run.inputGradients[0] else { return }
        let accumulate = run.accumulates[0]
        if inner == 1, g.type == .float32 {
            let (rows, channels) = (count / max(1, affine.scale.count), affine.scale.count)
            if activation != .identity, let y = run.outputs[0] {
                Elementwise.gateRows(
                    run.rule.gate, rows: rows, channels: channels, output: y.region(), upstream: g.region(), rowStride: channels,
                    scale: affine.floats.scale, gradient: into.region(), slope: activation.slope(run.rule), accumulate: accumulate,
                    workers: run.workers)
            } else if accumulate {
                Elementwise.applyToRows(
                    .multiply, rows: rows, channels: channels, g.region(), row: affine.floats.scale, output: into.region(),
                    accumulate: true, workers: run.workers)
            } else {
                Elementwise.channelAffine(
                    rows: rows, channels: channels, input: g.region(), scale: affine.floats.scale, shift: nil, output: into.region(),
                    workers: run.workers)
            }
            return
        }
        if !accumulate { into.zero() }
        if activation != .identity, let y = run.outputs[0], let scratch = run.scratch {
            let inner = scratch.floats(0..<g.count)
            activation.reverse(g.region(), y.region(), into: inner, rule: run.rule, accumulate: false)
            return reverse(inner, into.region())
        }
        if g.type == .float32 { reverse(g.region(Float.self), into.region()) } else { reverse(g.region(Double.self), into.region()) }
    }

    private func forward<T: Scalar>(_ x: Region<T>, _ y: Region<T>) {
        let (scale, shift) = (affine.scale.map { T($0) }, affine.shift.map { T($0) })
        let (fused, slope) = (activation != .identity, T(activation.slope))
        forEach(x.count) { i, c in
            let value = x[i] * scale[c] + shift[c]
            y[i] = fused && value < 0 ? slope * value : value
        }
    }

    private func reverse<T: Scalar>(_ g: Region<T>, _ into: Region<T>) {
        let scale = affine.scale.map { T($0) }
        forEach(g.count) { i, c in into[i] += g[i] * scale[c] }
    }

    @inline(__always)
    private func forEach(_ count: Int, _ body: (Int, Int) -> Void) {
        let channels = affine.scale.count
        var i = 0
        while i < count {
            for c in 0..<channels {
                for _ in 0..<inner {
                    body(i, c)
                    i += 1
                }
            }
        }
    }
}

let normalisationOperators: [OperatorEntry] = [
    OperatorEntry("BatchNormalization") { try BatchNormalizationOperator($0) }
]
