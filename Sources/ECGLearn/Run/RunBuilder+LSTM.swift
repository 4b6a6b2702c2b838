// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// An LSTM whose weights change from step to step.
final class RecurrentLayer {
    let hidden: Int
    let inputs: Int
    private(set) var prepared: Recurrent

    init(inputs: Int, hidden: Int) {
        self.hidden = hidden
        self.inputs = inputs
        prepared = Recurrent(
            kind: .lstm, inputSize: inputs, hiddenSize: hidden, inputWeights: [Float](repeating: 0, count: 4 * hidden * inputs),
            recurrentWeights: [Float](repeating: 0, count: 4 * hidden * hidden))
    }

    func setWeights(_ input: Region<Float>, _ recurrent: Region<Float>, bias: Region<Float>) {
        prepared = Recurrent(
            kind: .lstm, inputSize: inputs, hiddenSize: hidden, inputWeights: input.elements, recurrentWeights: recurrent.elements,
            bias: bias.elements)
    }
}

extension RunBuilder {
    mutating func addLSTM(_ index: Int, hidden: Int, lastOnly: Bool, weights: (input: Int, recurrent: Int, bias: Int)) -> Int {
        let node = nodes[index]
        let from = graph.extents[node.input]
        let steps = from.length
        let layer = RecurrentLayer(inputs: from.channels, hidden: hidden)
        nodes[index].lstm = layer
        let ranges = [weights.input, weights.recurrent, weights.bias].map { graph.parameters[$0].range }
        prepare.append { run in
            layer.setWeights(run.parameters[ranges[0]], run.parameters[ranges[1]], bias: run.parameters[ranges[2]])
        }
        let traceCount = layer.prepared.traceCount(items: 1, steps: steps)
        need(scratch: max(layer.prepared.scratchCount(items: batch), layer.prepared.gradientScratchCount(items: batch, steps: steps)))
        let x = value(node.input)
        let y = schedule.buffer(perItem: count(node.output))
        guard training else {
            schedule.step(reads: [x], writes: [y]) { run in
                layer.prepared.forward(
                    items: run.items, steps: steps, input: Self.sequence(run[x], from),
                    output: lastOnly ? nil : Self.sequence(run[y], .init(length: steps, channels: hidden)),
                    final: lastOnly ? .init(hidden: run[y]) : .init(), scratch: run.scratch, workers: run.workers)
            }
            return y
        }
        let trace = schedule.buffer(perItem: traceCount)
        let states = lastOnly ? schedule.buffer(perItem: steps * hidden) : y
        nodes[index].kept = [trace, states]
        schedule.step(reads: [x], writes: [y, trace, states]) { run in
            layer.prepared.forward(
                items: run.items, steps: steps, input: Self.sequence(run[x], from),
                output: Self.sequence(run[states], .init(length: steps, channels: hidden)),
                final: lastOnly ? .init(hidden: run[y]) : .init(),
                trace: run[trace], scratch: run.scratch, workers: run.workers)
        }
        return y
    }

    mutating func reverseLSTM(_ index: Int, _ g: Int) {
        let node = nodes[index]
        guard case .lstm(let hidden, let lastOnly, let input, let recurrent, let bias) = node.layer.operation, let layer = node.lstm else {
            return
        }
        let from = graph.extents[node.input]
        let steps = from.length
        let ranges = [input, recurrent, bias].map { graph.parameters[$0].range }
        let x = again(node.input)
        let (trace, states) = (node.kept[0], node.kept[1])
        let goal = target(node.input)
        let hiddenExtent = LayerGraph.Extent(length: steps, channels: hidden)
        schedule.step(
            reads: [x, g, trace, states] + (goal.map { $0.accumulates ? [$0.buffer] : [] } ?? []),
            writes: [trace] + (goal.map { [$0.buffer] } ?? [])
        ) { run in
            layer.prepared.gradients(
                items: run.items, steps: steps, input: Self.sequence(run[x], from), output: Self.sequence(run[states], hiddenExtent),
                outputGradient: lastOnly ? nil : Self.sequence(run[g], hiddenExtent),
                finalGradient: lastOnly ? .init(hidden: run[g]) : .init(),
                trace: run[trace], inputGradient: goal.map { Self.sequence(run[$0.buffer], from) },
                accumulateInput: goal?.accumulates ?? false,
                weightGradients: .init(
                    inputWeights: run.gradients[ranges[0]], recurrentWeights: run.gradients[ranges[1]], bias: run.gradients[ranges[2]]),
                scratch: run.scratch, workers: run.workers)
        }
    }

    private static func sequence(_ region: Region<Float>, _ extent: LayerGraph.Extent) -> Recurrent.Sequence {
        Recurrent.Sequence(region, itemStride: extent.count, timeStride: extent.channels)
    }
}
