// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

extension PlanBuilder {
    /// What follows the last non-linearity of a network is one matrix, however many layers it is: a dense layer takes over a convolution before it, across a
    /// slice and a sum (a residual network whose last block has no activation behind it). A pass then spends a product of a row and a few columns on what
    /// was a convolution forward and another in reverse.
    ///
    /// Nothing is taken over whose values are to be read, nor where the product of both has not far fewer weights than the convolution has work.
    mutating func joinTail() {
        let visible = visible
        var index = 0
        while index < steps.count {
            defer { index += 1 }
            let step = steps[index]
            guard !step.isRepeated, let linear = step.kernel as? LinearKernel, linear.activation == .identity, linear.rows > 0,
                let input = step.inputs[0], let output = step.outputs[0]
            else { continue }
            let terms = terms(of: input, [], rows: linear.rows, columns: linear.columns, visible)
            guard terms.contains(where: \.takesConvolution) else { continue }
            var made: [Step] = []
            var results: [Int] = []
            for (place, term) in terms.enumerated() {
                let result = place == 0 && terms.count == 1 ? output : addValue(values[output].fact)
                var part = step
                part.kernel = linear.takingOver(term.links, hasBias: place == 0)
                part.inputs[0] = term.value
                part.outputs[0] = result
                made.append(part)
                results.append(result)
            }
            // sums of the terms, the last of them the layer's result
            var sum = results[0]
            for (place, next) in results.enumerated().dropFirst() {
                let result = place == results.count - 1 ? output : addValue(values[output].fact)
                var addition = step
                (addition.kernel, addition.inputs, addition.outputs) = (AdditionKernel(), [sum, next], [result])
                made.append(addition)
                sum = result
            }
            steps.replaceSubrange(index...index, with: made)
            index += made.count - 1
        }
    }

    /// A value that a dense layer's result is linear in, and the steps from it to the layer, the last first.
    private struct Term {
        let value: Int
        let links: [TailLink]
        var takesConvolution = false
    }

    /// The terms of a value behind which `links` follow; itself alone where nothing is to be taken over.
    private func terms(of value: Int, _ links: [TailLink], rows: Int, columns: Int, _ visible: Set<Int>) -> [Term] {
        let whole = [Term(value: value, links: links)]
        let root = values[value].root
        guard values[root].fact.type == .float32, values[value].span == values[root].span, !visible.contains(root),
            users(of: root).count == 1,
            let source = producer(of: root), !steps[source].isRepeated, steps[source].outputs.count == 1
        else { return whole }
        let step = steps[source]
        switch step.kernel {
        case let sum as AdditionKernel where sum.activation == .identity:
            guard let a = step.inputs[0], let b = step.inputs[1], values[a].root != values[b].root, isDense(a), isDense(b) else {
                return whole
            }
            let parts = [a, b].map { terms(of: $0, links, rows: rows, columns: columns, visible) }
            // a sum is only divided where that takes a convolution away
            return parts.contains { $0.contains(where: \.takesConvolution) } ? parts.flatMap { $0 } : whole
        case let move as StridedMove:
            guard let input = step.inputs[0], isDense(input), let link = part(move, of: input, rows: rows) else { return whole }
            let found = terms(of: input, links + [link], rows: rows, columns: columns, visible)
            return found.contains(where: \.takesConvolution) ? found : whole
        case let convolution as ConvolutionKernel:
            guard let input = step.inputs[0], isDense(input), isWorthTaking(convolution, links, rows: rows, columns: columns) else {
                return whole
            }
            var found = [Term(value: input, links: links + [.convolution(convolution)], takesConvolution: true)]
            if convolution.residual != nil {
                guard let other = step.inputs.last ?? nil, isDense(other) else { return whole }
                found.append(Term(value: other, links: links))
            }
            return found
        default: return whole
        }
    }

    private func isDense(_ value: Int) -> Bool {
        values[value].span == values[value].fact.shape.elementCount && values[value].fact.constant == nil
    }

    /// Most multiply-adds that it may take to work out the weights of both together.
    private static let mostWork = 32 << 20

    private func isWorthTaking(_ kernel: ConvolutionKernel, _ links: [TailLink], rows: Int, columns: Int) -> Bool {
        let shape = kernel.shape
        let reached: Range<Int>
        switch links.last {
        case .part(let range, _):
            guard range.lowerBound % shape.outputChannels == 0, range.upperBound % shape.outputChannels == 0 else { return false }
            reached = range.lowerBound / shape.outputChannels..<range.upperBound / shape.outputChannels
        case nil: reached = 0..<shape.outputLength
        case .convolution: return false
        }
        let (work, overflow) = shape.outputLength.multipliedReportingOverflow(by: shape.weightCount)
        return kernel.activation == .identity && kernel.outputRowStride == nil && shape.groups == 1 && kernel.items == rows && columns > 0
            && !overflow && work <= Self.mostWork / columns && 8 * columns * shape.inputLength * shape.inputChannels < work
            && kernel.isReached(everywhereFrom: reached)
    }

    /// A slice that takes neighbouring elements of each item.
    private func part(_ move: StridedMove, of input: Int, rows: Int) -> TailLink? {
        guard move.filler == nil, move.boxes.count == 1, let box = move.boxes.first, box.input == 0, box.output == 0, box.to == 0,
            box.fromStrides.last == 1, box.toStrides.last == 1, box.from >= 0
        else { return nil }
        let count = values[input].fact.shape.elementCount / rows
        guard let length = box.shape.last, box.from + length <= count else { return nil }
        switch box.shape.count {
        case 1 where rows == 1: break
        case 2 where box.shape[0] == rows && box.fromStrides[0] == count && box.toStrides[0] == length: break
        default: return nil
        }
        return .part(box.from..<box.from + length, of: count)
    }
}
