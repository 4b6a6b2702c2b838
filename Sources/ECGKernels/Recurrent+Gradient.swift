// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels

extension Recurrent {
    /// The gradient with respect to the input and the initial states: backpropagation through time over a trace.
    /// - Parameters:
    ///   - outputGradient: with respect to the output of each step, if it was used.
    ///   - finalGradient: with respect to the final states, where they were used.
    ///   - inputGradient: as the input; both directions add to it. Steps beyond an item's length get zero.
    ///   - accumulate: add to what `inputGradient` holds.
    ///   - initial: the states the forward run started from.
    ///   - initialGradient: if given, the gradient with respect to those.
    public func inputGradient(
        items: Int, steps: Int, outputGradient: Sequence? = nil, finalGradient: State = State(), trace: Region<Float>,
        inputGradient: Sequence, accumulate: Bool = false, initial: State = State(), initialGradient: State = State(),
        lengths: [Int]? = nil, scratch: Region<Float>, workers: Workers? = nil
    ) {
        reverse(
            items: items, steps: steps, outputGradient: outputGradient, finalGradient: finalGradient, trace: trace,
            inputGradient: inputGradient, accumulate: accumulate, initial: initial, initialGradient: initialGradient, lengths: lengths,
            keepsGates: false, scratch: scratch, workers: workers)
    }

    /// - Parameter keepsGates: leave the gradient of each step's gates where the trace had the gates, for the gradients of the weights.
    func reverse(
        items: Int, steps: Int, outputGradient: Sequence?, finalGradient: State, trace: Region<Float>, inputGradient: Sequence?,
        accumulate: Bool, initial: State, initialGradient: State, lengths: [Int]?, keepsGates: Bool, scratch: Region<Float>,
        workers: Workers?
    ) {
        inputGradient?.check(items: items, steps: steps, directions: 1, columns: inputSize)
        outputGradient?.check(items: items, steps: steps, directions: backwards.count, columns: hiddenSize)
        for state in [finalGradient, initial, initialGradient] { check(state, items: items) }
        precondition(lengths.map { $0.count == items && $0.allSatisfy { 0...steps ~= $0 } } ?? true)
        precondition(trace.count >= traceCount(items: items, steps: steps) && scratch.count >= scratchCount(items: items))
        let run = ReverseRun(
            layer: self, items: items, steps: steps, outputGradient: outputGradient, finalGradient: finalGradient, trace: trace,
            inputGradient: inputGradient, initial: initial, initialGradient: initialGradient, lengths: lengths, keepsGates: keepsGates,
            scratch: scratch)
        // The directions of an item add to the same input, so they run one after the other.
        let parts = max(1, min(items, workers?.count ?? 1))
        let body: @Sendable (Int, Int) -> Void = { part, _ in
            let range = items * part / parts..<items * (part + 1) / parts
            if !accumulate { run.clear(range) }
            for direction in self.backwards.indices { run.run(direction, range) }
        }
        if let workers { workers.run(parts, body) } else { body(0, 0) }
    }

    private struct ReverseRun: Sendable {
        let layer: Recurrent
        let items: Int
        let steps: Int
        let outputGradient: Sequence?
        let finalGradient: State
        let trace: Region<Float>
        let inputGradient: Sequence?
        let initial: State
        let initialGradient: State
        let lengths: [Int]?
        let keepsGates: Bool
        let scratch: Region<Float>

        func clear(_ part: Range<Int>) {
            guard let inputGradient else { return }
            for item in part {
                for time in 0..<steps { inputGradient.row(item, time).update(repeating: 0, count: layer.inputSize) }
            }
        }

        func run(_ direction: Int, _ part: Range<Int>) {
            if part.isEmpty { return }
            let (width, hidden, joined) = (layer.width, layer.hiddenSize, layer.joinedWidth)
            let base = scratch.pointer + (direction * items + part.lowerBound) * layer.scratchWidth
            base.update(repeating: 0, count: part.count * layer.scratchWidth)
            // For each item the gradients of [hidden state, input], of the gates and of the cell; and the initial state, padded.
            let carried = base
            let gates = base + part.count * joined
            let cell = gates + part.count * layer.gateWidth
            let start = cell + part.count * width
            for item in part {
                let row = item - part.lowerBound
                let from = (direction * items + item) * hidden
                if let last = finalGradient.hidden { (carried + row * joined).update(from: last.pointer + from, count: hidden) }
                if let last = finalGradient.cell { (cell + row * width).update(from: last.pointer + from, count: hidden) }
                if let first = layer.kind == .lstm ? initial.cell : initial.hidden {
                    (start + row * width).update(from: first.pointer + from, count: hidden)
                }
            }
            for step in (0..<steps).reversed() {
                for run in layer.active(part, step: step, lengths: lengths) {
                    retreat(direction, part, run, step: step, carried: carried, gates: gates, cell: cell, start: start)
                }
            }
            for item in part {
                let row = item - part.lowerBound
                let to = (direction * items + item) * hidden
                if let first = initialGradient.hidden { (first.pointer + to).update(from: carried + row * joined, count: hidden) }
                if let first = initialGradient.cell { (first.pointer + to).update(from: cell + row * width, count: hidden) }
            }
        }

        private func retreat(
            _ direction: Int, _ part: Range<Int>, _ run: Range<Int>, step: Int, carried: UnsafeMutablePointer<Float>,
            gates: UnsafeMutablePointer<Float>, cell: UnsafeMutablePointer<Float>, start: UnsafeMutablePointer<Float>
        ) {
            let kernels = layer.instructionSet.kernels
            let (width, joined, inputSize, traceWidth) = (layer.width, layer.joinedWidth, layer.inputSize, layer.traceWidth)
            let first = run.lowerBound - part.lowerBound
            let gradient = carried + first * joined
            let add = BinaryFunction.add.code
            if let outputGradient {
                for item in run {
                    let time = layer.time(item, step: step, steps: steps, direction: direction, lengths: lengths)
                    let row = gradient + (item - run.lowerBound) * joined
                    kernels.pointee.binary(add, layer.hiddenSize, row, outputGradient.row(item, time, direction: direction), row, 0)
                }
            }
            let record = trace.pointer + ((direction * steps + step) * items + run.lowerBound) * traceWidth
            // The state before the step: in the trace of the step before, or the initial one.
            let before = step > 0 ? record - items * traceWidth + 4 * width : start + first * width
            let beforeStride = step > 0 ? traceWidth : width
            let sums = gates + first * layer.gateWidth
            switch layer.kind {
            case .lstm:
                kernels.pointee.lstmStepGradient(
                    run.count, width, record, before, beforeStride, gradient, joined, cell + first * width, sums)
            case .gru:
                kernels.pointee.gruStepGradient(
                    run.count, width, record, before, beforeStride, gradient, joined, gradient, joined, sums)
                for row in 0..<run.count { (gradient + row * joined + width).update(repeating: 0, count: inputSize) }
            case .rnnTanh: kernels.pointee.rnnStepGradient(run.count, width, record, 0, gradient, joined, sums)
            case .rnnRelu: kernels.pointee.rnnStepGradient(run.count, width, record, 1, gradient, joined, sums)
            }
            if keepsGates {
                for row in 0..<run.count {
                    (record + row * traceWidth).update(from: sums + row * layer.gateWidth, count: layer.gateWidth)
                }
            }
            let weights = layer.directions[direction]
            weights.reverse.multiply(
                rows: run.count, input: sums, inputStride: layer.gateWidth, output: gradient, outputStride: joined,
                accumulate: layer.kind == .gru, kernels: kernels)
            guard let inputGradient else { return }
            if let narrow = weights.narrow {
                for row in 0..<run.count { (gradient + row * joined + width).update(repeating: 0, count: inputSize) }
                kernels.pointee.addDots(
                    run.count, layer.gateWidth, sums, layer.gateWidth, inputSize, narrow.pointer, gradient + width, joined)
            }
            for item in run {
                let time = layer.time(item, step: step, steps: steps, direction: direction, lengths: lengths)
                let target = inputGradient.row(item, time)
                let source = gradient + (item - run.lowerBound) * joined + width
                if inputSize == 1 { target[0] += source[0] } else { kernels.pointee.binary(add, inputSize, target, source, target, 0) }
            }
        }
    }
}
