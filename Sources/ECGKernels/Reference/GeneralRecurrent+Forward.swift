// SPDX-License-Identifier: GPL-3.0-or-later

extension GeneralRecurrent {
    /// Runs the layer over `input` [item, time, inputSize]. Initial states are [direction, item, hidden unit], zeros where nil.
    public func forward(
        items: Int, steps: Int, input: [Real], initialHidden: [Real]? = nil, initialCell: [Real]? = nil, lengths: [Int]? = nil
    ) -> Result {
        let count = backwards.count * items * hiddenSize
        var result = Result(
            output: [Real](repeating: 0, count: items * steps * backwards.count * hiddenSize),
            finalHidden: initialHidden ?? [Real](repeating: 0, count: count),
            finalCell: initialCell ?? [Real](repeating: 0, count: count),
            steps: backwards.map { _ in (0..<items).map { _ in [] } })
        for direction in backwards.indices {
            for item in 0..<items {
                let state = (direction * items + item) * hiddenSize..<(direction * items + item + 1) * hiddenSize
                var h = Array(result.finalHidden[state])
                var c = Array(result.finalCell[state])
                let length = lengths?[item] ?? steps
                for step in 0..<length {
                    let time = time(step, length: length, direction: direction)
                    let from = (item * steps + time) * inputSize
                    let made = advance(direction, x: input[from..<from + inputSize], h: &h, c: &c)
                    result.steps[direction][item].append(made)
                    let to = ((item * steps + time) * backwards.count + direction) * hiddenSize
                    result.output.replaceSubrange(to..<to + hiddenSize, with: h)
                }
                result.finalHidden.replaceSubrange(state, with: h)
                result.finalCell.replaceSubrange(state, with: c)
            }
        }
        return result
    }

    private func advance(_ direction: Int, x: ArraySlice<Real>, h: inout [Real], c: inout [Real]) -> Step {
        let size = hiddenSize
        var step = Step(
            sums: [Real](repeating: 0, count: cell.gates * size), clipped: [Bool](repeating: false, count: cell.gates * size),
            hiddenPart: [], before: h, cellBefore: c, cell: [])
        func settle(_ gate: Int, _ unit: Int, _ sum: Real) {
            let limited = clip.map { sum > $0 ? $0 : sum < -$0 ? -$0 : sum } ?? sum
            step.clipped[gate * size + unit] = limited != sum && !sum.isNaN
            step.sums[gate * size + unit] = limited
        }
        let f = activations[direction]
        let before = step.before
        switch cell {
        case .lstm(let coupled):
            for unit in 0..<size {
                func sum(_ gate: Int) -> Real { inputPart(direction, gate, unit, x) + hiddenPart(direction, gate, unit, before) }
                settle(0, unit, sum(0) + peephole(direction, 0, unit) * c[unit])
                settle(2, unit, sum(2) + peephole(direction, 2, unit) * c[unit])
                settle(3, unit, sum(3))
                let i = apply(f[0], step.sums[unit])
                let forget = coupled ? 1 - i : apply(f[0], step.sums[2 * size + unit])
                c[unit] = forget * c[unit] + i * apply(f[1], step.sums[3 * size + unit])
                settle(1, unit, sum(1) + peephole(direction, 1, unit) * c[unit])
                h[unit] = apply(f[0], step.sums[size + unit]) * apply(f[2], c[unit])
            }
        case .gru(let resetAfter):
            for gate in 0..<2 {
                for unit in 0..<size {
                    settle(gate, unit, inputPart(direction, gate, unit, x) + hiddenPart(direction, gate, unit, before))
                }
            }
            let reset = (0..<size).map { apply(f[0], step.sums[size + $0]) }
            let gated = resetAfter ? before : zip(reset, before).map { $0 * $1 }
            step.hiddenPart = (0..<size).map { hiddenPart(direction, 2, $0, gated) }
            for unit in 0..<size {
                let part = resetAfter ? reset[unit] * step.hiddenPart[unit] : step.hiddenPart[unit]
                settle(2, unit, inputPart(direction, 2, unit, x) + part)
                let z = apply(f[0], step.sums[unit])
                h[unit] = (1 - z) * apply(f[1], step.sums[2 * size + unit]) + z * before[unit]
            }
        case .rnn:
            for unit in 0..<size {
                settle(0, unit, inputPart(direction, 0, unit, x) + hiddenPart(direction, 0, unit, before))
                h[unit] = apply(f[0], step.sums[unit])
            }
        }
        step.cell = c
        return step
    }
}
