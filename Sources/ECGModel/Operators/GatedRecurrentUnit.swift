// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// GRU: both directions, an initial state, sequence lengths, clipping, the reset gate before or after the product, any of ONNX's gate functions.
struct GRUOperator: Operator {
    static let standard: [GateFunction] = [.sigmoid, .tanh]
    private let attributes: RecurrentAttributes
    private let resetsAfter: Bool

    init(_ node: NodeReader) throws {
        attributes = try RecurrentAttributes(node, standard: Self.standard)
        resetsAfter = try node.flag("linear_before_reset")
    }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let shape = try RecurrentShape(inputs, attributes, gates: GRUCell.gates, node: node)
        let type = try node.input(0, of: inputs).type
        let lengths = try shape.lengths(inputs, node: node)
        let outputs = [Fact(type, shape.sequenceShape), Fact(type, shape.stateShape)]
        if attributes.isPlain(Self.standard), resetsAfter,
            let fast = RecurrentKernel.specialised(
                .gru, shape, attributes.backwards, inputs, lengths: lengths, outputs: outputs, node: node)
        {
            return fast
        }
        let cell = GRUCell(gates: (0..<shape.directions).map { attributes.gates($0, count: 2) }, resetsAfter: resetsAfter)
        let kernel = PlainRecurrentKernel(shape: shape, backwards: attributes.backwards, lengths: lengths, cell: cell)
        return .kernel(outputs, kept: [PlainRecurrentKernel<GRUCell>.kept(shape, type)], kernel)
    }
}

/// Gates in ONNX's order: update z, reset r, candidate n; the new state is (1 − z)·n + z·h.
struct GRUCell: RecurrentCell {
    static let gates = 3
    static let keptCount = 8
    /// For each direction the functions of the gates and of the candidate.
    let gates: [[Gate]]
    /// r acts on the product of the recurrent weights with the state, not on the state before it.
    let resetsAfter: Bool

    /// What a step kept, for one unit: sums and gates, the product's part of n's sum, and the new state.
    private struct Unit<T: Scalar> {
        let sums: (z: T, r: T, n: T)
        let gates: (z: T, r: T, n: T)
        let product: T

        init(_ kept: Region<T>, _ at: Int, _ units: Int) {
            func value(_ place: Int) -> T { kept[at + place * units] }
            sums = (value(0), value(1), value(2))
            gates = (value(3), value(4), value(5))
            product = value(6)
        }
    }

    func advance<T: Scalar>(_ tensors: RecurrentTensors<T>, _ step: RecurrentStep, _ state: inout RecurrentState<T>) {
        let units = tensors.shape.hidden
        let (f, g) = (gates[step.direction][0], gates[step.direction][1])
        for row in 0..<2 * units { state.sums[row] = tensors.inputSum(step, row) + tensors.hiddenSum(step, row, state.hidden) }
        let reset = (0..<units).map { f.value(state.sums[units + $0]) }
        let multiplied = resetsAfter ? state.hidden : (0..<units).map { reset[$0] * state.hidden[$0] }
        for u in 0..<units { state.hiddenSums[u] = tensors.hiddenSum(step, 2 * units + u, multiplied) }
        for u in 0..<units {
            let product = state.hiddenSums[u]
            let nSum = tensors.inputSum(step, 2 * units + u) + (resetsAfter ? reset[u] * product : product)
            let (z, n) = (f.value(state.sums[u]), g.value(nSum))
            state.hidden[u] = (1 - z) * n + z * state.hidden[u]
            if let kept = tensors.kept {
                let row = [state.sums[u], state.sums[units + u], nSum, z, reset[u], n, product, state.hidden[u]]
                for (place, value) in row.enumerated() { kept[step.kept + place * units + u] = value }
            }
        }
    }

    func retreat<T: Scalar>(_ tensors: RecurrentTensors<T>, _ step: RecurrentStep, _ state: inout RecurrentState<T>) {
        guard let kept = tensors.kept else { return }
        let units = tensors.shape.hidden
        let (f, g) = (gates[step.direction][0], gates[step.direction][1])
        let own = (0..<units).map { Unit(kept, step.kept + $0, units) }
        let other = tensors.referenceKept.map { kept in (0..<units).map { Unit(kept, step.kept + $0, units) } } ?? own
        let before = (0..<units).map { u in step.previous.map { kept[$0 + 7 * units + u] } ?? tensors.hidden?[step.state + u] ?? 0 }
        let before0 = (0..<units).map { u in
            tensors.referenceKept == nil
                ? before[u]
                : step.previous.flatMap { p in tensors.referenceKept.map { $0[p + 7 * units + u] } }
                    ?? tensors.referenceHidden?[step.state + u] ?? 0
        }
        var result = [T](repeating: 0, count: units)
        var dReset = result
        var dProduct = result
        for u in 0..<units {
            let (a, b, dy) = (own[u], other[u], state.hidden[u])
            let dUpdate = dy * tensors.mean(before[u] - a.gates.n, before0[u] - b.gates.n)
            state.sums[u] = dUpdate * tensors.slope(f, a.sums.z, a.gates.z, b.sums.z, b.gates.z)
            result[u] = dy * tensors.mean(a.gates.z, b.gates.z)
            let dSum =
                dy * tensors.mean(1 - a.gates.z, 1 - b.gates.z) * tensors.slope(g, a.sums.n, a.gates.n, b.sums.n, b.gates.n)
            state.sums[2 * units + u] = dSum
            dReset[u] = dSum * tensors.mean(a.product, b.product)
            dProduct[u] = resetsAfter ? dSum * tensors.mean(a.gates.r, b.gates.r) : dSum
        }
        // Through the product: to the state itself, or to the state behind the reset gate.
        var dMultiplied = [T](repeating: 0, count: units)
        let multiplied = resetsAfter ? before : (0..<units).map { own[$0].gates.r * before[$0] }
        for u in 0..<units { tensors.spreadHidden(step, 2 * units + u, dProduct[u], of: multiplied, into: &dMultiplied) }
        for u in 0..<units {
            if resetsAfter {
                result[u] += dMultiplied[u]
            } else {
                dReset[u] = dMultiplied[u] * tensors.mean(before[u], before0[u])
                result[u] += dMultiplied[u] * tensors.mean(own[u].gates.r, other[u].gates.r)
            }
            state.sums[units + u] =
                dReset[u] * tensors.slope(f, own[u].sums.r, own[u].gates.r, other[u].sums.r, other[u].gates.r)
        }
        for row in 0..<2 * units { tensors.spreadHidden(step, row, state.sums[row], of: before, into: &result) }
        for row in 0..<3 * units { tensors.spreadInput(step, row, state.sums[row]) }
        state.hidden = result
    }
}
