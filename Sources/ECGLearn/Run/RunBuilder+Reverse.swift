// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

extension RunBuilder {
    /// Adds a node's reverse steps. `g` holds the gradient of its output, and belongs to it: nothing else reads it later.
    mutating func addReverse(_ index: Int, _ g: Int) {
        let node = nodes[index]
        let (from, to) = (graph.extents[node.input], graph.extents[node.output])
        switch node.layer.operation {
        case .convolution(_, _, let weight, let bias): reverseConvolution(index, g, weight, bias)
        case .dense(let weight, let bias): reverseDense(index, g, weight, bias)
        case .lstm: reverseLSTM(index, g)
        case .batchNormalisation: reverseNormalisation(index, g)
        case .activation(let function):
            guard isWanted[node.input] else { return }
            let x = again(node.input)
            schedule.step(reads: [x, g], writes: [g]) { run in
                Elementwise.gradient(
                    function, count: to.count * run.items, input: run[x], upstream: run[g], gradient: run[g], workers: run.workers)
            }
            deliver(g, to: node.input)
        case .dropout(let rate):
            let layer = Dropout(rate: rate, seed: dropoutSeed, layer: node.number)
            let masked = node.residual == nil ? g : schedule.buffer(perItem: to.count)
            if isWanted[node.input] {
                schedule.step(reads: [g], writes: [masked]) { run in
                    layer.apply(
                        step: run.step, items: run.items, count: to.count, input: run[g], output: run[masked], workers: run.workers)
                }
                deliver(masked, to: node.input)
            }
            if let residual = node.residual { deliver(g, to: residual) }
        case .flatten: deliver(g, to: node.input)
        case .add:
            // Copies first: the last summand may then take the buffer itself, and be added to.
            for input in node.layer.inputs.dropLast() { deliverCopy(g, to: input) }
            if let last = node.layer.inputs.last { deliver(g, to: last) }
        case .concatenate:
            var channel = 0
            for input in node.layer.inputs {
                let (extent, first) = (graph.extents[input], channel)
                channel += extent.channels
                reverseMove(g, to: input) { run, item, target, accumulates in
                    for row in 0..<extent.length {
                        let (at, source) = ((item * extent.length + row) * extent.channels, (item * to.length + row) * to.channels + first)
                        if accumulates {
                            target.accumulate(extent.channels, at: at, step: 1, from: run[g], source, stride: 1)
                        } else {
                            target.move(extent.channels, at: at, step: 1, from: run[g], source, stride: 1)
                        }
                    }
                }
            }
        case .padChannels:
            reverseMove(g, to: node.input) { run, item, target, accumulates in
                for row in 0..<from.length {
                    let (at, source) = ((item * from.length + row) * from.channels, (item * to.length + row) * to.channels)
                    if accumulates {
                        target.accumulate(from.channels, at: at, step: 1, from: run[g], source, stride: 1)
                    } else {
                        target.move(from.channels, at: at, step: 1, from: run[g], source, stride: 1)
                    }
                }
            }
        case .padTime(let left, let right):
            let kept = (from.length + min(left, 0) + min(right, 0)) * from.channels
            reverseMove(g, to: node.input) { run, item, target, accumulates in
                let at = item * from.count + max(-left, 0) * from.channels
                let source = item * to.count + max(left, 0) * from.channels
                if accumulates {
                    target.accumulate(kept, at: at, step: 1, from: run[g], source, stride: 1)
                } else {
                    target[item * from.count..<(item + 1) * from.count].fill(0)
                    target.move(kept, at: at, step: 1, from: run[g], source, stride: 1)
                }
            }
        case .maximumPool(let window):
            guard let (target, accumulates) = target(node.input) else { return }
            let shape = PoolShape(window, from)
            let places = node.kept[0]
            schedule.step(reads: [g, places] + (accumulates ? [target] : []), writes: [target]) { run in
                Pooling.maximumGradient(
                    shape, items: run.items, upstream: run[g], indices: run.integers(places), gradient: run[target],
                    accumulate: accumulates, workers: run.workers)
            }
        case .averagePool(let window, let countPadding):
            guard let (target, accumulates) = target(node.input) else { return }
            let shape = PoolShape(window, from)
            schedule.step(reads: [g] + (accumulates ? [target] : []), writes: [target]) { run in
                Pooling.averageGradient(
                    shape, countIncludesPadding: countPadding, items: run.items, upstream: run[g], gradient: run[target],
                    accumulate: accumulates, workers: run.workers)
            }
        case .globalAverage:
            guard let (target, accumulates) = target(node.input) else { return }
            schedule.step(reads: [g] + (accumulates ? [target] : []), writes: [target]) { run in
                Pooling.globalAverageGradient(
                    items: run.items, length: from.length, channels: from.channels, upstream: run[g], gradient: run[target],
                    accumulate: accumulates, workers: run.workers)
            }
        }
    }

    private mutating func reverseMove(
        _ g: Int, to value: Int, _ body: @escaping @Sendable (RunContext, _ item: Int, _ target: Region<Float>, _ accumulates: Bool) -> Void
    ) {
        guard let (target, accumulates) = target(value) else { return }
        schedule.step(reads: [g] + (accumulates ? [target] : []), writes: [target]) { run in
            let region = run[target]
            let shared = Shared(run)
            run.workers.run(run.items) { item, _ in body(shared.value, item, region, accumulates) }
        }
    }

    /// Takes the gradient back through the activation that a kernel applied in its store, in place.
    private mutating func reverseActivation(_ node: RunNode, _ g: Int) {
        guard let function = node.activation.function else { return }
        let y = value(node.output)
        let size = count(node.output)
        schedule.step(reads: [y, g], writes: [g]) { run in
            // Only the sign counts, and output and input have the same.
            Elementwise.gradient(
                function, count: size * run.items, input: run[y], upstream: run[g], gradient: run[g], workers: run.workers)
        }
    }

    private mutating func reverseConvolution(_ index: Int, _ g: Int, _ weight: Int, _ bias: Int?) {
        let node = nodes[index]
        guard let layer = node.convolution else { return }
        reverseWeighted(node, g, weight, bias) { run, x, goal, weights, biases in
            layer.gradients(
                items: run.items, input: run[x], outputGradient: run[g], inputGradient: goal.map { run[$0.buffer] },
                accumulateInput: goal?.accumulates ?? false, weightGradient: weights, biasGradient: biases, scratch: run.scratch,
                workers: run.workers)
        }
    }

    private mutating func reverseDense(_ index: Int, _ g: Int, _ weight: Int, _ bias: Int?) {
        let node = nodes[index]
        guard let layer = node.dense else { return }
        reverseWeighted(node, g, weight, bias) { run, x, goal, weights, biases in
            layer.gradients(
                rows: run.items, input: run[x], outputGradient: run[g], inputGradient: goal.map { run[$0.buffer] },
                accumulateInput: goal?.accumulates ?? false, weightGradient: weights, biasGradient: biases, workers: run.workers)
        }
    }

    /// The step of a layer with weights: its activation back, then `gradients` of its input, where that is wanted, of its weights and its bias.
    private mutating func reverseWeighted(
        _ node: RunNode, _ g: Int, _ weight: Int, _ bias: Int?,
        gradients: @escaping (RunContext, _ input: Int, _ goal: (buffer: Int, accumulates: Bool)?, Region<Float>, Region<Float>?) -> Void
    ) {
        reverseActivation(node, g)
        let x = again(node.input)
        let goal = target(node.input)
        let (weights, biases) = (graph.parameters[weight].range, bias.map { graph.parameters[$0].range })
        schedule.step(reads: [x, g] + (goal.map { $0.accumulates ? [$0.buffer] : [] } ?? []), writes: goal.map { [$0.buffer] } ?? []) {
            run in
            gradients(run, x, goal, run.gradients[weights], biases.map { run.gradients[$0] })
        }
    }

    private mutating func reverseNormalisation(_ index: Int, _ g: Int) {
        let node = nodes[index]
        guard case .batchNormalisation(_, _, let scale, let shift, _, _) = node.layer.operation else { return }
        let extent = graph.extents[node.output]
        let (gain, offset) = (graph.parameters[scale].range, graph.parameters[shift].range)
        let x = again(node.input)
        let statistics = node.kept[0]
        let activation = node.activation
        schedule.step(reads: [x, g, statistics], writes: [g]) { run in
            BatchNormalisation.gradient(
                rows: extent.length * run.items, channels: extent.channels, input: run[x], scale: run.parameters[gain],
                shift: run.parameters[offset], activation: activation, statistics: run[statistics], outputGradient: run[g],
                inputGradient: run[g], scaleGradient: run.gradients[gain], shiftGradient: run.gradients[offset], scratch: run.scratch,
                workers: run.workers)
        }
        deliver(g, to: node.input)
    }
}
