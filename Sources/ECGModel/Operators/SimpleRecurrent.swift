// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// RNN: one function of the input and the state before.
struct RNNOperator: Operator {
    static let standard: [GateFunction] = [.tanh]
    private let attributes: RecurrentAttributes

    init(_ node: NodeReader) throws { attributes = try RecurrentAttributes(node, standard: Self.standard) }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let shape = try RecurrentShape(inputs, attributes, gates: RNNCell.gates, node: node)
        let type = try node.input(0, of: inputs).type
        let lengths = try shape.lengths(inputs, node: node)
        let outputs = [Fact(type, shape.sequenceShape), Fact(type, shape.stateShape)]
        let kind: Recurrent.Kind? = attributes.isPlain([.tanh]) ? .rnnTanh : attributes.isPlain([.relu]) ? .rnnRelu : nil
        if let kind,
            let fast = RecurrentKernel.specialised(
                kind, shape, attributes.backwards, inputs, lengths: lengths, outputs: outputs, node: node)
        {
            return fast
        }
        let cell = RNNCell(gates: (0..<shape.directions).map { attributes.gates($0, count: 1)[0] })
        let kernel = PlainRecurrentKernel(shape: shape, backwards: attributes.backwards, lengths: lengths, cell: cell)
        return .kernel(outputs, kept: [PlainRecurrentKernel<RNNCell>.kept(shape, type)], kernel)
    }
}

/// The new state is f of the sum.
struct RNNCell: RecurrentCell {
    static let gates = 1
    /// The sum and the new state.
    static let keptCount = 2
    /// For each direction.
    let gates: [Gate]

    func advance<T: Scalar>(_ tensors: RecurrentTensors<T>, _ step: RecurrentStep, _ state: inout RecurrentState<T>) {
        let units = tensors.shape.hidden
        for u in 0..<units { state.sums[u] = tensors.inputSum(step, u) + tensors.hiddenSum(step, u, state.hidden) }
        for u in 0..<units {
            state.hidden[u] = gates[step.direction].value(state.sums[u])
            tensors.kept?[step.kept + u] = state.sums[u]
            tensors.kept?[step.kept + units + u] = state.hidden[u]
        }
    }

    func retreat<T: Scalar>(_ tensors: RecurrentTensors<T>, _ step: RecurrentStep, _ state: inout RecurrentState<T>) {
        guard let kept = tensors.kept else { return }
        let units = tensors.shape.hidden
        let other = tensors.referenceKept ?? kept
        for u in 0..<units {
            let (sum, value) = (step.kept + u, step.kept + units + u)
            state.sums[u] = state.hidden[u] * tensors.slope(gates[step.direction], kept[sum], kept[value], other[sum], other[value])
        }
        let before = (0..<units).map { u in step.previous.map { kept[$0 + units + u] } ?? tensors.hidden?[step.state + u] ?? 0 }
        for u in 0..<units { state.hidden[u] = 0 }
        for u in 0..<units {
            tensors.spreadInput(step, u, state.sums[u])
            tensors.spreadHidden(step, u, state.sums[u], of: before, into: &state.hidden)
        }
    }
}
