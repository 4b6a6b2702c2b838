// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// A 1-D convolution channels last, with what fusion put into it: padding before it, batch normalisation, residual and activation behind it, and its
/// place in a channel concatenation. The kernel library's convolution is prepared once a model and shared by all plans.
struct ConvolutionKernel: Kernel {
    let node: Node
    var shape: ConvolutionShape
    let items: Int
    let weights: Tensor
    let bias: Tensor?
    /// Batch normalisation behind the convolution: y·scale + shift.
    var affine: ChannelAffine?
    var activation: ECGKernels.Activation = .identity
    /// Where the residual, the step's last input, is added.
    var residual: Residual.Position?
    /// Rows of the output are this far apart: a channel concatenation's width.
    var outputRowStride: Int?
    private var prepared: Convolution?

    init(node: Node, shape: ConvolutionShape, items: Int, weights: Tensor, bias: Tensor?) {
        self.node = node
        self.shape = shape
        self.items = items
        self.weights = weights
        self.bias = bias
    }

    /// The same with its weights packed; they don't depend on the activation, which not every plan merges.
    func prepared(_ cache: PreparedWeights) -> ConvolutionKernel {
        var copy = self
        let folded = biasWithAffine()
        let key = PreparedWeights.Key(
            node: node.outputs, rounds: cache.rounds(weights, bias), shape: shape, affine: affine?.node)
        copy.prepared = cache.convolution(key) {
            var weights = weights.floats ?? []
            if let affine {
                let perOutput = shape.weightCount / shape.outputChannels
                for m in 0..<shape.outputChannels {
                    let scale = affine.scale[m]
                    for i in m * perOutput..<(m + 1) * perOutput { weights[i] = Float(Double(weights[i]) * scale) }
                }
            }
            return Convolution(shape: shape, weights: weights, bias: folded)
        }
        return copy
    }

    /// The bias with the batch normalisation behind it.
    private func biasWithAffine() -> [Float]? {
        let own = bias?.floats
        guard let affine else { return own }
        return (0..<shape.outputChannels).map { Float(Double(own?[$0] ?? 0) * affine.scale[$0] + affine.shift[$0]) }
    }

    /// Brings the weights into the form of the forward and, if asked for, the reverse run.
    func prepareWeights(reverse: Bool) { prepared?.prepare(reverse: reverse) }

    // The residual's gradient is written first: the two inputs may be the same value.
    func gradientInputs(_ inputs: [Fact?]) -> [Int] { residual == nil ? [0] : [inputs.count - 1, 0] }

    // The activation's side of zero can be read off its result; no residual comes behind an activation where there is a reverse run.
    func reverseReads(_ rule: Rule) -> ReverseReads { activation == .identity ? .none : .outputs }

    var canSetGradients: Bool { true }

    func passedGradient(of inputs: Int) -> Int? { residual == .beforeActivation && activation == .identity ? inputs - 1 : nil }

    var fewestItems: Int { prepared?.fewestItems ?? 1 }

    func supports(_ rule: Rule) -> Bool { true }

    private func ownScratch(_ threads: Int) -> Int { prepared?.scratchCount(items: items, threads: threads) ?? 0 }

    private var outputCount: Int { items * shape.outputLength * shape.outputChannels }

    func scratchBytes(threads: Int) -> Int { (ownScratch(threads) + 16 + (activation == .identity ? 0 : outputCount)) * 4 }

    func forward(_ run: ForwardRun) {
        guard let prepared, let input = run.inputs[0]?.region(Float.self), let output = run.outputs[0]?.region(Float.self),
            let scratch = run.scratch
        else { return }
        var added: Residual?
        if let residual, let rows = run.inputs.last??.region(Float.self) { added = Residual(rows, residual) }
        prepared.forward(
            items: items, input: input, output: output, outputRowStride: outputRowStride, residual: added,
            activation: activation, known: run.known, scratch: scratch.floats(0..<ownScratch(run.workers?.count ?? 1)), workers: run.workers
        )
    }

    func reverse(_ run: ReverseRun) {
        guard let prepared, let gradient = run.outputGradients[0]?.region(Float.self), let scratch = run.scratch else { return }
        let own = ownScratch(run.workers?.count ?? 1)
        var inner = gradient
        var innerStride = outputRowStride
        if activation != .identity, let output = run.outputs[0]?.region(Float.self) {
            let start = (own + 15) / 16 * 16
            inner = residualGradient(run) ?? scratch.floats(start..<start + outputCount)
            innerStride = nil
            Elementwise.gateRows(
                run.rule.gate, rows: items * shape.outputLength, channels: shape.outputChannels, output: output, upstream: gradient,
                rowStride: outputRowStride ?? shape.outputChannels, gradient: inner, slope: activation.slope(run.rule),
                workers: run.workers)
        }
        if let residual, let into = run.inputGradients.last??.region(Float.self) {
            let source = residual == .beforeActivation ? inner : gradient
            if run.accumulates.last ?? true { into.add(source) } else if !into.isSame(as: source) { into.copy(from: source) }
        }
        if let into = run.inputGradients[0]?.region(Float.self) {
            prepared.inputGradient(
                items: items, outputGradient: inner, outputRowStride: innerStride, inputGradient: into, accumulate: run.accumulates[0],
                scratch: scratch.floats(0..<own), workers: run.workers)
        }
    }

    /// Where the residual's gradient goes, if it is that before the activation and nothing else is written there: then it needs no copy.
    private func residualGradient(_ run: ReverseRun) -> Region<Float>? {
        guard residual == .beforeActivation, run.accumulates.last == false, let own = run.inputGradients.last??.region(Float.self),
            own.count == outputCount
        else { return nil }
        if let other = run.inputGradients[0]?.region(Float.self), other.overlaps(own) { return nil }
        return own
    }
}

extension Region<UInt8> {
    /// Floats of a scratch region.
    func floats(_ range: Range<Int>) -> Region<Float> { Region<Float>(storage, start: start / 4 + range.lowerBound, count: range.count) }
}

/// A factor and a summand for each channel: what batch normalisation is in inference.
struct ChannelAffine: Sendable {
    let node: String
    let scale: [Double]
    let shift: [Double]
    /// The same for the float32 kernels.
    let floats: (scale: Region<Float>, shift: Region<Float>)

    init(node: String, scale: [Double], shift: [Double]) {
        self.node = node
        self.scale = scale
        self.shift = shift
        floats = (Region(scale.map { Float($0) }), Region(shift.map { Float($0) }))
    }
}
