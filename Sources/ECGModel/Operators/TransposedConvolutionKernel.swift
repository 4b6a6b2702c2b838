// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// A 1-D transposed convolution channels last with constant weights in float32: forward the kernel library's input gradient of the convolution whose
/// transpose it is, in reverse that convolution itself.
struct TransposedConvolutionKernel: PreparedKernel {
    let node: Node
    /// The convolution's, whose input is this operator's output.
    let shape: ConvolutionShape
    let items: Int
    let weights: Tensor
    let bias: [Float]?
    private var convolution: Convolution?
    private var biasRow: Region<Float>?

    init(node: Node, shape: ConvolutionShape, items: Int, weights: Tensor, bias: [Float]?) {
        self.node = node
        self.shape = shape
        self.items = items
        self.weights = weights
        self.bias = bias
    }

    func prepared(_ cache: PreparedWeights) -> TransposedConvolutionKernel {
        var copy = self
        let key = PreparedWeights.Key(node: node.outputs, rounds: cache.rounds(weights), shape: shape, affine: nil)
        copy.convolution = cache.convolution(key) { Convolution(shape: shape, weights: weights.floats ?? []) }
        copy.biasRow = bias.map { Region($0) }
        return copy
    }

    func gradientInputs(_ inputs: [Fact?]) -> [Int] { [0] }
    func reverseReads(_ rule: Rule) -> ReverseReads { .none }
    var canSetGradients: Bool { true }
    func supports(_ rule: Rule) -> Bool { true }

    private var inputCount: Int { items * shape.outputLength * shape.outputChannels }
    private func ownScratch(_ threads: Int) -> Int { ((convolution?.scratchCount(items: items, threads: threads) ?? 0) + 15) / 16 * 16 }
    func scratchBytes(threads: Int) -> Int { (ownScratch(threads) + inputCount) * 4 }

    func forward(_ run: ForwardRun) {
        guard let convolution, let x = run.inputs[0]?.region(Float.self), let y = run.outputs[0]?.region(Float.self),
            let scratch = run.scratch
        else { return }
        convolution.inputGradient(
            items: items, outputGradient: x, inputGradient: y, scratch: scratch.floats(0..<ownScratch(run.workers?.count ?? 1)),
            workers: run.workers)
        guard let biasRow else { return }
        Elementwise.applyToRows(
            .add, rows: items * shape.inputLength, channels: shape.inputChannels, y, row: biasRow, output: y, workers: run.workers)
    }

    func reverse(_ run: ReverseRun) {
        guard let convolution, let g = run.outputGradients[0]?.region(Float.self), let into = run.inputGradients[0]?.region(Float.self),
            let scratch = run.scratch
        else { return }
        let own = ownScratch(run.workers?.count ?? 1)
        let target = run.accumulates[0] ? scratch.floats(own..<own + inputCount) : into
        convolution.forward(items: items, input: g, output: target, scratch: scratch.floats(0..<own), workers: run.workers)
        if run.accumulates[0] { into.add(target) }
    }
}
