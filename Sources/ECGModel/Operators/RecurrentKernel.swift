// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// An LSTM, GRU or RNN with constant weights and the usual functions, in float32, by the kernel library.
struct RecurrentKernel: Kernel {
    let node: Node
    let kind: Recurrent.Kind
    let shape: RecurrentShape
    let backwards: [Bool]
    let weights: (input: Tensor, recurrent: Tensor, bias: Tensor?)
    let lengths: [Int]?
    private var layer: Recurrent?

    init(
        node: Node, kind: Recurrent.Kind, shape: RecurrentShape, backwards: [Bool],
        weights: (input: Tensor, recurrent: Tensor, bias: Tensor?),
        lengths: [Int]?
    ) {
        self.node = node
        self.kind = kind
        self.shape = shape
        self.backwards = backwards
        self.weights = weights
        self.lengths = lengths
    }

    /// The kernel and what it keeps for the reverse run, where inputs, functions and rule are such that the library has it; the states in time
    /// must lie item by item within a direction, as ONNX's layout 0 has them.
    static func specialised(
        _ kind: Recurrent.Kind, _ shape: RecurrentShape, _ backwards: [Bool], _ inputs: [Fact?], lengths: [Int]?, outputs: [Fact],
        node: NodeReader
    ) -> Specialised? {
        guard node.rule != .rescale, !shape.itemsFirst, inputs[0]?.type == .float32, let input = inputs[1]?.constant,
            let recurrent = inputs[2]?.constant,
            inputs.count < 4 || inputs[3] == nil || inputs[3]?.constant != nil, shape.steps > 0, shape.items > 0, shape.input > 0
        else { return nil }
        let kernel = RecurrentKernel(
            node: node.node, kind: kind, shape: shape, backwards: backwards,
            weights: (input, recurrent, inputs.count > 3 ? inputs[3]?.constant : nil), lengths: lengths)
        // The trace's width depends on the vectors of the instruction set.
        let trace = kernel.made().traceCount(items: shape.items, steps: shape.steps)
        return .kernel(outputs, kept: [Fact(.float32, [trace])], kernel)
    }

    private func made() -> Recurrent {
        Recurrent(
            kind: kind, inputSize: shape.input, hiddenSize: shape.hidden, backwards: backwards, inputWeights: weights.input.floats ?? [],
            recurrentWeights: weights.recurrent.floats ?? [], bias: weights.bias?.floats)
    }

    func prepared(_ cache: PreparedWeights) -> RecurrentKernel {
        var copy = self
        let rounds = cache.rounds(weights.input, weights.recurrent, weights.bias)
        copy.layer = cache.recurrent(PreparedWeights.LayerKey(node: node.outputs, rounds: rounds)) { made() }
        return copy
    }

    func gradientInputs(_ inputs: [Fact?]) -> [Int] {
        [0, 5, 6].filter { $0 < inputs.count && inputs[$0] != nil && inputs[$0]?.constant == nil }
    }

    func reverseReads(_ rule: Rule) -> ReverseReads { .inputs }
    func supports(_ rule: Rule) -> Bool { rule != .rescale }
    /// Register tiles of a step are items high.
    var fewestItems: Int { 16 }
    func scratchBytes(threads: Int) -> Int { (layer?.scratchCount(items: shape.items) ?? 0) * 4 }

    private func sequence(_ tensor: Tensor?, isOutput: Bool) -> Recurrent.Sequence? {
        guard let tensor else { return nil }
        return isOutput
            ? Recurrent.Sequence(
                tensor.region(), itemStride: shape.hidden, timeStride: shape.directions * shape.items * shape.hidden,
                directionStride: shape.items * shape.hidden)
            : Recurrent.Sequence(tensor.region(), itemStride: shape.input, timeStride: shape.items * shape.input)
    }

    private func state(_ tensors: [Tensor?], _ hidden: Int, _ cell: Int) -> Recurrent.State {
        func region(_ index: Int) -> Region<Float>? { index < tensors.count ? tensors[index]?.region() : nil }
        return Recurrent.State(hidden: region(hidden), cell: kind == .lstm ? region(cell) : nil)
    }

    func forward(_ run: ForwardRun) {
        guard let layer, let input = sequence(run.inputs[0], isOutput: false), let scratch = run.scratch else { return }
        layer.forward(
            items: shape.items, steps: shape.steps, input: input, output: sequence(run.outputs[0], isOutput: true),
            initial: state(run.inputs, 5, 6),
            final: state(run.outputs, 1, 2), lengths: lengths, trace: run.kept.first?.region(),
            scratch: scratch.floats(0..<scratch.count / 4),
            workers: run.workers)
    }

    func reverse(_ run: ReverseRun) {
        guard let layer, let trace = run.kept.first?.region(Float.self), let scratch = run.scratch else { return }
        // The library wants a place for the input's gradient, asked for or not.
        let spare = run.inputGradients[0] ?? Tensor(type: .float32, shape: [shape.steps * shape.items * shape.input])
        guard let into = sequence(spare, isOutput: false) else { return }
        layer.inputGradient(
            items: shape.items, steps: shape.steps, outputGradient: sequence(run.outputGradients[0], isOutput: true),
            finalGradient: state(run.outputGradients, 1, 2), trace: trace, inputGradient: into, accumulate: true,
            initial: state(run.inputs, 5, 6),
            initialGradient: state(run.inputGradients, 5, 6), lengths: lengths, scratch: scratch.floats(0..<scratch.count / 4),
            workers: run.workers)
    }
}
