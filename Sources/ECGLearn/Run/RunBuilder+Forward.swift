// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

extension RunBuilder {
    /// Adds a node's forward step; returns the buffer of its output.
    mutating func addForward(_ index: Int) -> Int {
        let node = nodes[index]
        let x = value(node.input)
        let (from, to) = (graph.extents[node.input], graph.extents[node.output])
        switch node.layer.operation {
        case .convolution(let window, let groups, let weight, let bias):
            return addConvolution(index, ConvolutionShape(window, groups: groups, outputs: to.channels, input: from), weight, bias)
        case .dense(let weight, let bias): return addDense(index, weight, bias)
        case .lstm(let hidden, let lastOnly, let input, let recurrent, let bias):
            return addLSTM(index, hidden: hidden, lastOnly: lastOnly, weights: (input, recurrent, bias))
        case .batchNormalisation, .activation: return addCheap(index, x, repeats: false)
        case .dropout:
            // Without a reverse run nothing is dropped.
            if !training, node.residual == nil { return x }
            return addCheap(index, x, repeats: false)
        case .flatten: return x
        case .add:
            let y = schedule.buffer(perItem: to.count)
            let inputs = node.layer.inputs.map { value($0) }
            schedule.step(reads: inputs, writes: [y]) { run in
                let count = to.count * run.items
                Elementwise.apply(.add, count: count, run[inputs[0]], run[inputs[1]], output: run[y], workers: run.workers)
                for other in inputs.dropFirst(2) {
                    Elementwise.apply(.add, count: count, run[y], run[other], output: run[y], workers: run.workers)
                }
            }
            return y
        case .concatenate:
            let inputs = node.layer.inputs.map { (value($0), graph.extents[$0].channels) }
            return addMove(reads: inputs.map(\.0), to.count) { run, item, y in
                var channel = 0
                for (buffer, channels) in inputs {
                    let source = run[buffer]
                    for row in 0..<to.length {
                        y.move(
                            channels, at: (item * to.length + row) * to.channels + channel, step: 1, from: source,
                            (item * to.length + row) * channels, stride: 1)
                    }
                    channel += channels
                }
            }
        case .padChannels:
            return addMove(reads: [x], to.count) { run, item, y in
                y[item * to.count..<(item + 1) * to.count].fill(0)
                for row in 0..<to.length {
                    y.move(
                        from.channels, at: (item * to.length + row) * to.channels, step: 1, from: run[x],
                        (item * to.length + row) * from.channels, stride: 1)
                }
            }
        case .padTime(let left, let right):
            let kept = from.length + min(left, 0) + min(right, 0)
            return addMove(reads: [x], to.count) { run, item, y in
                y[item * to.count..<(item + 1) * to.count].fill(0)
                y.move(
                    kept * to.channels, at: item * to.count + max(left, 0) * to.channels, step: 1, from: run[x],
                    item * from.count + max(-left, 0) * to.channels, stride: 1)
            }
        case .maximumPool(let window):
            let shape = PoolShape(window, from)
            let y = schedule.buffer(perItem: to.count)
            guard training else {
                schedule.step(reads: [x], writes: [y]) { run in
                    Pooling.maximum(shape, items: run.items, input: run[x], output: run[y], workers: run.workers)
                }
                return y
            }
            let places = schedule.buffer(perItem: to.count)
            nodes[index].kept = [places]
            schedule.step(reads: [x], writes: [y, places]) { run in
                Pooling.maximum(
                    shape, items: run.items, input: run[x], output: run[y], indices: run.integers(places), workers: run.workers)
            }
            return y
        case .averagePool(let window, let countPadding):
            let shape = PoolShape(window, from)
            let y = schedule.buffer(perItem: to.count)
            schedule.step(reads: [x], writes: [y]) { run in
                Pooling.average(
                    shape, countIncludesPadding: countPadding, items: run.items, input: run[x], output: run[y], workers: run.workers)
            }
            return y
        case .globalAverage:
            let y = schedule.buffer(perItem: to.count)
            schedule.step(reads: [x], writes: [y]) { run in
                Pooling.globalAverage(
                    items: run.items, length: from.length, channels: from.channels, input: run[x], output: run[y], workers: run.workers)
            }
            return y
        }
    }

    /// A step that moves elements, an item a task.
    private mutating func addMove(
        reads: [Int], _ count: Int, _ body: @escaping @Sendable (RunContext, _ item: Int, _ output: Region<Float>) -> Void
    ) -> Int {
        let y = schedule.buffer(perItem: count)
        schedule.step(reads: reads, writes: [y]) { run in
            let output = run[y]
            let shared = Shared(run)
            run.workers.run(run.items) { item, _ in body(shared.value, item, output) }
        }
        return y
    }

    // MARK: Convolution and dense

    private mutating func addConvolution(_ index: Int, _ shape: ConvolutionShape, _ weight: Int, _ bias: Int?) -> Int {
        let node = nodes[index]
        let layer = TrainableConvolution(shape: shape, activation: node.activation)
        nodes[index].convolution = layer
        let (weights, biases) = (graph.parameters[weight].range, bias.map { graph.parameters[$0].range })
        prepare.append { run in
            layer.setWeights(run.parameters[weights], bias: biases.map { run.parameters[$0] }, workers: run.workers)
        }
        need(scratch: layer.scratchCount(items: batch, threads: threads))
        let x = value(node.input)
        let y = schedule.buffer(perItem: count(node.output))
        schedule.step(reads: [x], writes: [y]) { run in
            layer.forward(items: run.items, input: run[x], output: run[y], scratch: run.scratch, workers: run.workers)
        }
        return y
    }

    private mutating func addDense(_ index: Int, _ weight: Int, _ bias: Int?) -> Int {
        let node = nodes[index]
        let layer = TrainableMatrixProduct(
            inner: count(node.input), columns: count(node.output), transposed: true, activation: node.activation)
        nodes[index].dense = layer
        let (weights, biases) = (graph.parameters[weight].range, bias.map { graph.parameters[$0].range })
        prepare.append { run in layer.setWeights(run.parameters[weights], bias: biases.map { run.parameters[$0] }) }
        let x = value(node.input)
        let y = schedule.buffer(perItem: count(node.output))
        schedule.step(reads: [x], writes: [y]) { run in
            layer.forward(rows: run.items, input: run[x], output: run[y], workers: run.workers)
        }
        return y
    }

    // MARK: What is computed twice in training

    /// The step of a normalisation, an activation or a dropout, forward or, in the reverse run, once more.
    mutating func addCheap(_ index: Int, _ x: Int, repeats: Bool) -> Int {
        let node = nodes[index]
        let extent = graph.extents[node.output]
        let y = schedule.buffer(perItem: extent.count)
        switch node.layer.operation {
        case .activation(let function):
            schedule.step(reads: [x], writes: [y]) { run in
                Elementwise.apply(function, count: extent.count * run.items, input: run[x], output: run[y], workers: run.workers)
            }
        case .dropout(let rate):
            let residual = node.residual.map { value($0) }
            guard training else {
                schedule.step(reads: [x] + [residual].compactMap { $0 }, writes: [y]) { run in
                    Elementwise.apply(
                        .add, count: extent.count * run.items, run[x], run[residual ?? x], output: run[y], workers: run.workers)
                }
                break
            }
            let layer = Dropout(rate: rate, seed: dropoutSeed, layer: node.number)
            schedule.step(reads: [x] + [residual].compactMap { $0 }, writes: [y]) { run in
                layer.apply(
                    step: run.step, items: run.items, count: extent.count, input: run[x], residual: residual.map { run[$0] },
                    output: run[y], workers: run.workers)
            }
        case .batchNormalisation(let epsilon, let momentum, let scale, let shift, let mean, let variance):
            let (gain, offset) = (graph.parameters[scale].range, graph.parameters[shift].range)
            let (running, spread) = (graph.states[mean].range, graph.states[variance].range)
            let activation = node.activation
            if !training || repeats {
                let statistics = node.kept.first
                let factors = schedule.buffer(perItem: 0, fixed: 2 * extent.channels)
                schedule.step(reads: [x] + [statistics].compactMap { $0 }, writes: [y, factors]) { run in
                    let channels = extent.channels
                    let (a, b) = (run[factors][0..<channels], run[factors][channels..<2 * channels])
                    for c in 0..<channels {
                        let center = statistics.map { run[$0][c] } ?? run.states[running.lowerBound + c]
                        let inverse =
                            statistics.map { run[$0][channels + c] } ?? 1 / (run.states[spread.lowerBound + c] + epsilon).squareRoot()
                        a[c] = inverse * run.parameters[gain.lowerBound + c]
                        b[c] = run.parameters[offset.lowerBound + c] - center * a[c]
                    }
                    Elementwise.channelAffine(
                        rows: extent.length * run.items, channels: channels, input: run[x], scale: a, shift: b, output: run[y],
                        activation: activation, workers: run.workers)
                }
                break
            }
            let statistics = schedule.buffer(perItem: 0, fixed: 2 * extent.channels)
            nodes[index].kept = [statistics]
            need(scratch: BatchNormalisation.scratchCount(rows: extent.length * batch, channels: extent.channels))
            schedule.step(reads: [x], writes: [y, statistics]) { run in
                BatchNormalisation.forward(
                    rows: extent.length * run.items, channels: extent.channels, input: run[x], scale: run.parameters[gain],
                    shift: run.parameters[offset], epsilon: epsilon, activation: activation, output: run[y], statistics: run[statistics],
                    running: .init(mean: run.states[running], variance: run.states[spread], momentum: momentum), scratch: run.scratch,
                    workers: run.workers)
            }
        default: break
        }
        return y
    }
}

/// A value that tasks on several threads only read.
struct Shared<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
