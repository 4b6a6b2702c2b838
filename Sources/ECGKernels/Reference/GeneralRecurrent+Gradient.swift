// SPDX-License-Identifier: GPL-3.0-or-later

extension GeneralRecurrent {
    public struct Gradient: Sendable {
        /// As the input.
        public var input: [Real]
        /// [direction, item, hidden unit].
        public var initialHidden: [Real]
        public var initialCell: [Real]
    }

    /// Backpropagation through time: the gradient with respect to the input and the initial states.
    /// - Parameters: gradients of what `forward` gave, where it was used.
    public func gradient(
        items: Int, steps: Int, of result: Result, output: [Real]? = nil, finalHidden: [Real]? = nil, finalCell: [Real]? = nil,
        lengths: [Int]? = nil
    ) -> Gradient {
        let zeros = [Real](repeating: 0, count: backwards.count * items * hiddenSize)
        var gradient = Gradient(
            input: [Real](repeating: 0, count: items * steps * inputSize), initialHidden: finalHidden ?? zeros,
            initialCell: finalCell ?? zeros)
        for direction in backwards.indices {
            for item in 0..<items {
                let state = (direction * items + item) * hiddenSize..<(direction * items + item + 1) * hiddenSize
                var dh = Array(gradient.initialHidden[state])
                var dc = Array(gradient.initialCell[state])
                let length = lengths?[item] ?? steps
                for index in (0..<length).reversed() {
                    let time = time(index, length: length, direction: direction)
                    if let output {
                        let from = ((item * steps + time) * backwards.count + direction) * hiddenSize
                        for unit in 0..<hiddenSize { dh[unit] += output[from + unit] }
                    }
                    var dx = [Real](repeating: 0, count: inputSize)
                    retreat(direction, result.steps[direction][item][index], dh: &dh, dc: &dc, dx: &dx)
                    for c in 0..<inputSize { gradient.input[(item * steps + time) * inputSize + c] += dx[c] }
                }
                gradient.initialHidden.replaceSubrange(state, with: dh)
                gradient.initialCell.replaceSubrange(state, with: dc)
            }
        }
        return gradient
    }

    private func retreat(_ direction: Int, _ step: Step, dh: inout [Real], dc: inout [Real], dx: inout [Real]) {
        let size = hiddenSize
        let f = activations[direction]
        var sums = [Real](repeating: 0, count: cell.gates * size)
        var before = [Real](repeating: 0, count: size)
        func through(_ gate: Int, _ unit: Int, _ function: RecurrentActivation, _ value: Real) {
            let at = gate * size + unit
            sums[at] = step.clipped[at] ? 0 : value * slope(function, step.sums[at])
        }
        func value(_ gate: Int, _ unit: Int, _ function: RecurrentActivation) -> Real { apply(function, step.sums[gate * size + unit]) }
        /// Adds to `target` what the hidden part of a gate passes back.
        func back(_ gate: Int, _ values: [Real], _ target: inout [Real]) {
            for unit in 0..<size { for j in 0..<size { target[j] += values[unit] * weight(direction, gate, unit, hidden: j) } }
        }
        switch cell {
        case .lstm(let coupled):
            for unit in 0..<size {
                through(1, unit, f[0], dh[unit] * apply(f[2], step.cell[unit]))
                let d =
                    dc[unit] + dh[unit] * value(1, unit, f[0]) * slope(f[2], step.cell[unit]) + sums[size + unit]
                    * peephole(direction, 1, unit)
                let i = value(0, unit, f[0])
                let forget = coupled ? 1 - i : value(2, unit, f[0])
                let lost = d * step.cellBefore[unit]
                through(0, unit, f[0], d * value(3, unit, f[1]) - (coupled ? lost : 0))
                if !coupled { through(2, unit, f[0], lost) }
                through(3, unit, f[1], d * i)
                dc[unit] = d * forget + sums[unit] * peephole(direction, 0, unit) + sums[2 * size + unit] * peephole(direction, 2, unit)
            }
            for gate in 0..<4 { back(gate, Array(sums[gate * size..<(gate + 1) * size]), &before) }
        case .gru(let resetAfter):
            for unit in 0..<size {
                let z = value(0, unit, f[0])
                through(2, unit, f[1], dh[unit] * (1 - z))
                through(0, unit, f[0], dh[unit] * (step.before[unit] - value(2, unit, f[1])))
                before[unit] = dh[unit] * z
            }
            let candidate = Array(sums[2 * size..<3 * size])
            let reset = (0..<size).map { value(1, $0, f[0]) }
            if resetAfter {
                for unit in 0..<size { through(1, unit, f[0], candidate[unit] * step.hiddenPart[unit]) }
                back(2, zip(candidate, reset).map { $0 * $1 }, &before)
            } else {
                var gated = [Real](repeating: 0, count: size)
                back(2, candidate, &gated)
                for unit in 0..<size {
                    through(1, unit, f[0], gated[unit] * step.before[unit])
                    before[unit] += gated[unit] * reset[unit]
                }
            }
            for gate in 0..<2 { back(gate, Array(sums[gate * size..<(gate + 1) * size]), &before) }
        case .rnn:
            for unit in 0..<size { through(0, unit, f[0], dh[unit]) }
            back(0, sums, &before)
        }
        for gate in 0..<cell.gates {
            for unit in 0..<size {
                for c in 0..<inputSize { dx[c] += sums[gate * size + unit] * weight(direction, gate, unit, input: c) }
            }
        }
        dh = before
    }
}
