// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

extension PlanBuilder {
    /// Merges steps into the convolutions before them: zero padding, batch normalisation, residual, activation, and the place in a concatenation.
    ///
    /// Nothing is merged across a value that is to be read, and under the rescale rule no activation is, since its rule needs the activation's input.
    mutating func fuse() {
        absorbPadding()
        absorbFlattening()
        joinGelu()
        removeUnused()
        var index = 0
        while index < steps.count {
            // A step that has moved behind another is met again there.
            if extend(index) { continue }
            index += 1
        }
        placeInConcatenations()
        joinTail()
        removeUnused()
    }

    /// Roots of values that are read from outside the steps.
    var visible: Set<Int> {
        let outside = request.kept + (request.reverse?.seeds ?? []) + (request.reverse?.wanted ?? [])
        return Set(outside.compactMap { plain($0) }.map { values[$0].root })
    }

    func users(of root: Int) -> [Int] {
        steps.indices.filter { steps[$0].inputs.contains { $0.map { values[$0].root == root } ?? false } }
    }

    func producer(of root: Int) -> Int? {
        steps.indices.first { steps[$0].outputs.contains { $0.map { values[$0].root == root } ?? false } }
    }

    /// Steps whose outputs nobody reads.
    private mutating func removeUnused() {
        var used = visible
        var kept: [Step] = []
        for step in steps.reversed() {
            guard step.outputs.contains(where: { $0.map { used.contains(values[$0].root) } ?? false }) else { continue }
            used.formUnion(step.inputs.compactMap { $0.map { values[$0].root } })
            kept.append(step)
        }
        steps = kept.reversed()
    }

    private mutating func absorbPadding() {
        let visible = visible
        for index in steps.indices {
            guard !steps[index].isRepeated, var convolution = steps[index].kernel as? ConvolutionKernel, let input = steps[index].inputs[0],
                !visible.contains(values[input].root),
                let source = producer(of: values[input].root), let pad = steps[source].kernel as? PadKernel, pad.isZero,
                let padded = steps[source].inputs[0],
                values[padded].fact.layout == .channelsLast
            else { continue }
            let shape = values[padded].fact.shape
            let time = (2..<shape.count).filter { pad.begin[$0] != 0 || pad.end[$0] != 0 }
            guard pad.begin[0] == 0, pad.end[0] == 0, pad.begin[1] == 0, pad.end[1] == 0, time.count == 1, let axis = time.first,
                pad.begin[axis] >= 0, pad.end[axis] >= 0, convolution.shape.inputLength == values[input].fact.shape[axis]
            else { continue }
            var merged = convolution.shape
            merged.padLeft += pad.begin[axis]
            merged.padRight += pad.end[axis]
            merged.inputLength = shape[axis]
            guard merged.isValid else { continue }
            convolution.shape = merged
            steps[index].kernel = convolution
            steps[index].inputs[0] = padded
        }
    }

    /// A matrix product over a flattened [item, channel, time] takes the elements in the order in which they lie: its weights are reordered instead.
    private mutating func absorbFlattening() {
        let visible = visible
        for index in steps.indices {
            guard !steps[index].isRepeated, var linear = steps[index].kernel as? LinearKernel, let input = steps[index].inputs[0],
                !visible.contains(values[input].root),
                let source = producer(of: values[input].root), let change = steps[source].kernel as? LayoutKernel,
                change.from == .channelsLast,
                let original = steps[source].inputs[0], change.shape.first == linear.rows,
                change.shape.dropFirst().reduce(1, *) == linear.inner
            else { continue }
            linear.channelsLast = Array(change.shape.dropFirst())
            steps[index].kernel = linear
            steps[index].inputs[0] = original
        }
    }

    /// Merges what follows step `index` into it, if it can be. True if the step has changed its place or its output.
    private mutating func extend(_ index: Int) -> Bool {
        let step = steps[index]
        guard !step.isRepeated, let output = step.outputs.first ?? nil, values[output].root == output, !visible.contains(output) else {
            return false
        }
        let users = users(of: output)
        guard users.count == 1, let next = users.first,
            steps[next].inputs.filter({ $0.map { values[$0].root == output } ?? false }).count == 1,
            steps[next].inputs.contains(output)
        else { return false }
        let rescale = request.reverse?.hasReferences ?? false
        if var convolution = step.kernel as? ConvolutionKernel {
            switch steps[next].kernel {
            case let affine as ChannelAffineKernel
            where convolution.affine == nil && convolution.activation == .identity && convolution.residual == nil
                && affine.activation == .identity:
                convolution.affine = affine.affine
                merge(index, next, convolution)
                return true
            case let activation as ActivationKernel
            where !rescale && convolution.activation == .identity && convolution.residual != .afterActivation:
                convolution.activation = activation.activation
                merge(index, next, convolution, rules: steps[next].rules)
                return true
            case let sum as AdditionKernel where convolution.residual == nil && sum.activation == .identity:
                // With an activation before the sum, the reverse run could not read the activation's side off the result.
                guard convolution.activation == .identity || request.reverse == nil else { return false }
                guard let other = steps[next].inputs.first(where: { $0 != output }) ?? nil, values[other].span == values[output].span else {
                    return false
                }
                convolution.residual = convolution.activation == .identity ? .beforeActivation : .afterActivation
                var moved = step
                moved.kernel = convolution
                moved.inputs.append(other)
                moved.outputs = steps[next].outputs
                steps[next] = moved
                steps.remove(at: index)
                return true
            default: return false
            }
        }
        if var linear = step.kernel as? LinearKernel, linear.activation == .identity, let sum = steps[next].kernel as? RowAdditionKernel,
            sum.row.count == linear.columns
        {
            linear.add(sum.row, node: steps[next].node)
            merge(index, next, linear)
            return true
        }
        guard !rescale, let activation = steps[next].kernel as? ActivationKernel else { return false }
        if var linear = step.kernel as? LinearKernel, linear.activation == .identity {
            linear.activation = activation.activation
            merge(index, next, linear, rules: steps[next].rules)
            return true
        }
        if var affine = step.kernel as? ChannelAffineKernel, affine.activation == .identity, values[output].fact.type == .float32 {
            affine.activation = activation.activation
            merge(index, next, affine, rules: steps[next].rules)
            return true
        }
        if var sum = step.kernel as? AdditionKernel, sum.activation == .identity {
            sum.activation = activation.activation
            merge(index, next, sum, rules: steps[next].rules)
            return true
        }
        return false
    }

    /// Step `index` takes over the output of step `next`, which goes.
    private mutating func merge(_ index: Int, _ next: Int, _ kernel: any Kernel, rules: [Rule]? = nil) {
        steps[index].kernel = kernel
        steps[index].outputs = steps[next].outputs
        if let rules { steps[index].rules = rules }
        steps.remove(at: next)
    }

    /// Convolutions and activations that feed a concatenation of channels write their part of it.
    private mutating func placeInConcatenations() {
        let visible = visible
        // the rule for an activation alone goes through dense values
        let rescale = request.reverse?.hasReferences ?? false
        for index in steps.indices {
            guard !steps[index].isRepeated, var concat = steps[index].kernel as? ConcatKernel, concat.isChannels,
                let whole = steps[index].outputs[0],
                values[whole].root == whole,
                values[whole].fact.type == .float32
            else { continue }
            let width = values[whole].fact.shape[1]
            var first = 0
            var placed: Set<Int> = []
            for (place, input) in steps[index].inputs.enumerated() {
                guard let input else { continue }
                let channels = values[input].fact.shape[1]
                defer { first += channels }
                guard values[input].root == input, !visible.contains(input), users(of: input) == [index], let source = producer(of: input),
                    steps[index].inputs.filter({ $0.map { values[$0].root == input } ?? false }).count == 1
                else { continue }
                if var convolution = steps[source].kernel as? ConvolutionKernel {
                    convolution.outputRowStride = width
                    steps[source].kernel = convolution
                } else if !rescale, var activation = steps[source].kernel as? ActivationKernel {
                    activation.part = (channels, width)
                    steps[source].kernel = activation
                } else {
                    continue
                }
                values[input].root = whole
                values[input].offset = first
                values[input].span = values[whole].span - (width - channels)
                placed.insert(place)
            }
            let boxes = concat.move.boxes.filter { !placed.contains($0.input) }
            concat.move = StridedMove(boxes, filler: concat.move.filler)
            steps[index].kernel = concat
        }
        // What is left of a concatenation without moves would only be in the way.
        steps.removeAll { ($0.kernel as? ConcatKernel)?.move.boxes.isEmpty ?? false }
    }
}
