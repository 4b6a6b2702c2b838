// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// LSTM: both directions, initial states, sequence lengths, peepholes, clipping, coupled gates, any of ONNX's gate functions.
struct LSTMOperator: Operator {
    static let standard: [GateFunction] = [.sigmoid, .tanh, .tanh]
    private let attributes: RecurrentAttributes
    private let isCoupled: Bool

    init(_ node: NodeReader) throws {
        attributes = try RecurrentAttributes(node, standard: Self.standard)
        isCoupled = try node.flag("input_forget")
    }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let shape = try RecurrentShape(inputs, attributes, gates: LSTMCell.gates, node: node)
        let type = try node.input(0, of: inputs).type
        if inputs.count > 6, let cell = inputs[6] {
            guard cell.shape == shape.stateShape else { throw node.misfit("initial_c has shape \(cell.shape.text)") }
        }
        if inputs.count > 7, let peepholes = inputs[7] {
            guard peepholes.shape == [shape.directions, 3 * shape.hidden] else { throw node.misfit("P has shape \(peepholes.shape.text)") }
        }
        let lengths = try shape.lengths(inputs, node: node)
        let outputs = [Fact(type, shape.sequenceShape), Fact(type, shape.stateShape), Fact(type, shape.stateShape)]
        if attributes.isPlain(Self.standard), !isCoupled, inputs.count < 8 || inputs[7] == nil,
            let fast = RecurrentKernel.specialised(
                .lstm, shape, attributes.backwards, inputs, lengths: lengths, outputs: outputs, node: node)
        {
            return fast
        }
        let cell = LSTMCell(gates: (0..<shape.directions).map { attributes.gates($0, count: 3) }, isCoupled: isCoupled)
        let kernel = PlainRecurrentKernel(shape: shape, backwards: attributes.backwards, lengths: lengths, cell: cell)
        return .kernel(outputs, kept: [PlainRecurrentKernel<LSTMCell>.kept(shape, type)], kernel)
    }
}

/// Gates in ONNX's order: input, output, forget, candidate.
struct LSTMCell: RecurrentCell {
    static let gates = 4
    static let keptCount = 10
    /// For each direction the functions of the gates, of the candidate and of the cell.
    let gates: [[Gate]]
    /// The forget gate is 1 − input gate.
    let isCoupled: Bool

    /// What a step kept, for one unit.
    private struct Unit<T: Scalar> {
        let before: (i: T, o: T, f: T, g: T)
        let gates: (i: T, o: T, f: T, g: T)
        let cell: T
        let shown: T

        init(_ kept: Region<T>, _ at: Int, _ units: Int) {
            func value(_ place: Int) -> T { kept[at + place * units] }
            before = (value(0), value(1), value(2), value(3))
            gates = (value(4), value(5), value(6), value(7))
            (cell, shown) = (value(8), value(9))
        }
    }

    func advance<T: Scalar>(_ tensors: RecurrentTensors<T>, _ step: RecurrentStep, _ state: inout RecurrentState<T>) {
        let units = tensors.shape.hidden
        let (f, g, h) = (gates[step.direction][0], gates[step.direction][1], Gate(function: gates[step.direction][2].function, clip: nil))
        for row in 0..<4 * units { state.sums[row] = tensors.inputSum(step, row) + tensors.hiddenSum(step, row, state.hidden) }
        for u in 0..<units {
            let p = step.direction * 3 * units + u
            let last = state.cell[u]
            let iSum = state.sums[u] + (tensors.peepholes.map { $0[p] * last } ?? 0)
            let fSum = state.sums[2 * units + u] + (tensors.peepholes.map { $0[p + 2 * units] * last } ?? 0)
            let i = f.value(iSum)
            let forget = isCoupled ? 1 - i : f.value(fSum)
            let candidate = g.value(state.sums[3 * units + u])
            let cell = forget * last + i * candidate
            let oSum = state.sums[units + u] + (tensors.peepholes.map { $0[p + units] * cell } ?? 0)
            let (o, shown) = (f.value(oSum), h.value(cell))
            state.cell[u] = cell
            state.hidden[u] = o * shown
            if let kept = tensors.kept {
                let row = [iSum, oSum, fSum, state.sums[3 * units + u], i, o, forget, candidate, cell, shown]
                for (place, value) in row.enumerated() { kept[step.kept + place * units + u] = value }
            }
        }
    }

    func retreat<T: Scalar>(_ tensors: RecurrentTensors<T>, _ step: RecurrentStep, _ state: inout RecurrentState<T>) {
        guard let kept = tensors.kept else { return }
        let units = tensors.shape.hidden
        let (f, g, h) = (gates[step.direction][0], gates[step.direction][1], Gate(function: gates[step.direction][2].function, clip: nil))
        var before = [T](repeating: 0, count: units)
        for u in 0..<units {
            let own = Unit(kept, step.kept + u, units)
            let other = tensors.referenceKept.map { Unit($0, step.kept + u, units) } ?? own
            let last = step.previous.map { kept[$0 + 8 * units + u] } ?? tensors.cell?[step.state + u] ?? 0
            let last0 =
                tensors.referenceKept == nil
                ? last
                : step.previous.flatMap { p in tensors.referenceKept.map { $0[p + 8 * units + u] } }
                    ?? tensors.referenceCell?[step.state + u] ?? 0
            before[u] =
                step.previous.map { kept[$0 + 5 * units + u] * kept[$0 + 9 * units + u] } ?? tensors.hidden?[step.state + u] ?? 0
            let dy = state.hidden[u]
            let p = step.direction * 3 * units + u
            let dOutput =
                dy * tensors.mean(own.shown, other.shown) * tensors.slope(f, own.before.o, own.gates.o, other.before.o, other.gates.o)
            var dCell =
                state.cell[u] + dy * tensors.mean(own.gates.o, other.gates.o)
                * tensors.slope(h, own.cell, own.shown, other.cell, other.shown)
            if let peepholes = tensors.peepholes { dCell += dOutput * peepholes[p + units] }
            let byInput = dCell * tensors.mean(own.gates.g, other.gates.g)
            let byForget = dCell * tensors.mean(last, last0)
            let dInput =
                (isCoupled ? byInput - byForget : byInput)
                * tensors.slope(f, own.before.i, own.gates.i, other.before.i, other.gates.i)
            let dForget = isCoupled ? 0 : byForget * tensors.slope(f, own.before.f, own.gates.f, other.before.f, other.gates.f)
            let dCandidate =
                dCell * tensors.mean(own.gates.i, other.gates.i)
                * tensors.slope(g, own.before.g, own.gates.g, other.before.g, other.gates.g)
            state.cell[u] = dCell * tensors.mean(own.gates.f, other.gates.f)
            if let peepholes = tensors.peepholes {
                state.cell[u] += dInput * peepholes[p] + dForget * peepholes[p + 2 * units]
                if let gradient = tensors.gradients[7] {
                    gradient[p] += dInput * last
                    gradient[p + units] += dOutput * own.cell
                    gradient[p + 2 * units] += dForget * last
                }
            }
            (state.sums[u], state.sums[units + u]) = (dInput, dOutput)
            (state.sums[2 * units + u], state.sums[3 * units + u]) = (dForget, dCandidate)
        }
        for u in 0..<units { state.hidden[u] = 0 }
        for row in 0..<4 * units {
            tensors.spreadInput(step, row, state.sums[row])
            tensors.spreadHidden(step, row, state.sums[row], of: before, into: &state.hidden)
        }
    }
}

let recurrentOperators: [OperatorEntry] = [
    OperatorEntry("LSTM", since: 7) { try LSTMOperator($0) },
    OperatorEntry("GRU", since: 7) { try GRUOperator($0) },
    OperatorEntry("RNN", since: 7) { try RNNOperator($0) },
]
