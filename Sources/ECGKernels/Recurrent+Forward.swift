// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels

extension Recurrent {
    /// Runs the layer over `steps` steps.
    /// - Parameters:
    ///   - input: `inputSize` values a step.
    ///   - output: if given, the hidden state of every step; zeros after the end of a shorter sequence.
    ///   - initial: zeros where nil.
    ///   - final: if given, the states after each item's last step.
    ///   - lengths: steps of each item, at most `steps`; nil means all of them. A backward direction starts at an item's own end.
    ///   - trace: if given, `traceCount` floats that the reverse run will read.
    ///   - scratch: `scratchCount` floats.
    public func forward(
        items: Int, steps: Int, input: Sequence, output: Sequence? = nil, initial: State = State(), final: State = State(),
        lengths: [Int]? = nil, trace: Region<Float>? = nil, scratch: Region<Float>, workers: Workers? = nil
    ) {
        input.check(items: items, steps: steps, directions: 1, columns: inputSize)
        output?.check(items: items, steps: steps, directions: backwards.count, columns: hiddenSize)
        check(initial, items: items)
        check(final, items: items)
        precondition(lengths.map { $0.count == items && $0.allSatisfy { 0...steps ~= $0 } } ?? true)
        precondition(trace?.count ?? .max >= traceCount(items: items, steps: steps) && scratch.count >= scratchCount(items: items))
        let run = ForwardRun(
            layer: self, items: items, steps: steps, input: input, output: output, initial: initial, final: final, lengths: lengths,
            trace: trace, scratch: scratch)
        divide(items, workers) { direction, part in run.run(direction, part) }
    }

    private struct ForwardRun: Sendable {
        let layer: Recurrent
        let items: Int
        let steps: Int
        let input: Sequence
        let output: Sequence?
        let initial: State
        let final: State
        let lengths: [Int]?
        let trace: Region<Float>?
        let scratch: Region<Float>

        func run(_ direction: Int, _ part: Range<Int>) {
            if part.isEmpty { return }
            let (width, hidden, joined) = (layer.width, layer.hiddenSize, layer.joinedWidth)
            let base = scratch.pointer + (direction * items + part.lowerBound) * layer.scratchWidth
            // Two joined vectors an item, one for the state before a step and one for that after it.
            var now = base
            var next = base + part.count * joined
            let gates = base + part.count * 2 * joined
            let cell = gates + part.count * layer.gateWidth
            (base).update(repeating: 0, count: part.count * layer.scratchWidth)
            for item in part {
                let row = item - part.lowerBound
                let from = (direction * items + item) * hidden
                if let start = initial.hidden { (now + row * joined + layer.inputSize).update(from: start.pointer + from, count: hidden) }
                if let start = initial.cell { (cell + row * width).update(from: start.pointer + from, count: hidden) }
            }
            for step in 0..<steps {
                let runs = layer.active(part, step: step, lengths: lengths)
                if lengths != nil {
                    (next).update(from: now, count: part.count * joined)
                }
                for run in runs {
                    advance(direction, part, run, step: step, now: now, next: next, gates: gates, cell: cell)
                }
                swap(&now, &next)
            }
            for item in part {
                let row = item - part.lowerBound
                let to = (direction * items + item) * hidden
                if let end = final.hidden { (end.pointer + to).update(from: now + row * joined + layer.inputSize, count: hidden) }
                if let end = final.cell { (end.pointer + to).update(from: cell + row * width, count: hidden) }
                if let output, let length = lengths?[item] {
                    for time in length..<steps { output.row(item, time, direction: direction).update(repeating: 0, count: hidden) }
                }
            }
        }

        private func advance(
            _ direction: Int, _ part: Range<Int>, _ run: Range<Int>, step: Int, now: UnsafeMutablePointer<Float>,
            next: UnsafeMutablePointer<Float>, gates: UnsafeMutablePointer<Float>, cell: UnsafeMutablePointer<Float>
        ) {
            let kernels = layer.instructionSet.kernels
            let (width, joined, gateWidth, inputSize) = (layer.width, layer.joinedWidth, layer.gateWidth, layer.inputSize)
            let first = run.lowerBound - part.lowerBound
            let source = now + first * joined
            let target = next + first * joined + inputSize
            for item in run {
                let time = layer.time(item, step: step, steps: steps, direction: direction, lengths: lengths)
                let row = source + (item - run.lowerBound) * joined
                let values = input.row(item, time)
                if inputSize == 1 { row[0] = values[0] } else { row.update(from: values, count: inputSize) }
            }
            let sums = gates + first * gateWidth
            for part in layer.directions[direction].parts {
                part.panels.multiply(
                    rows: run.count, input: source + part.source, inputStride: joined, output: sums + part.column, outputStride: gateWidth,
                    kernels: kernels)
            }
            let record = trace.map { $0.pointer + ((direction * steps + step) * items + run.lowerBound) * layer.traceWidth }
            switch layer.kind {
            case .lstm: kernels.pointee.lstmStep(run.count, width, sums, cell + first * width, target, joined, record)
            case .gru: kernels.pointee.gruStep(run.count, width, sums, source + inputSize, joined, target, joined, record)
            case .rnnTanh: kernels.pointee.rnnStep(run.count, width, sums, 0, target, joined, record)
            case .rnnRelu: kernels.pointee.rnnStep(run.count, width, sums, 1, target, joined, record)
            }
            guard let output else { return }
            for item in run {
                let time = layer.time(item, step: step, steps: steps, direction: direction, lengths: lengths)
                output.row(item, time, direction: direction)
                    .update(from: target + (item - run.lowerBound) * joined, count: layer.hiddenSize)
            }
        }
    }
}
