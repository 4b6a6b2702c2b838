// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels

extension Recurrent {
    /// The gradients with respect to a layer's weights, in the layout that `init` takes them in: [direction, gates · hiddenSize, …].
    public struct WeightGradients: Sendable {
        public var inputWeights: Region<Float>
        public var recurrentWeights: Region<Float>
        /// Both biases, [direction, 2 · gates · hiddenSize]. An LSTM's two are equal, being added to each other.
        public var bias: Region<Float>?
        public init(inputWeights: Region<Float>, recurrentWeights: Region<Float>, bias: Region<Float>? = nil) {
            self.inputWeights = inputWeights
            self.recurrentWeights = recurrentWeights
            self.bias = bias
        }
    }

    /// Backpropagation through time, with the gradients of the weights. Gates stand in ONNX's order: i, o, f, c of an LSTM, z, r, n of a GRU; PyTorch's
    /// is i, f, g, o and r, z, n.
    ///
    /// The weights' gradients are summed over steps and items in an order that does not depend on the threads. A layer's weights are constant:
    /// a new one is made for each step of training, which takes as long as reading them.
    /// - Parameters:
    ///   - input, output: what `forward` was given and gave; the output of every step.
    ///   - outputGradient: with respect to the output of each step, if it was used.
    ///   - finalGradient: with respect to the final states, where they were used.
    ///   - trace: of `forward`; it is used up.
    ///   - inputGradient: as the input; nil where nobody needs it.
    ///   - accumulateInput: add to what `inputGradient` holds instead of replacing it.
    ///   - weightGradients: replaced, or added to if `accumulate`.
    ///   - initial: the states that the forward run started from.
    ///   - scratch: `gradientScratchCount` floats.
    public func gradients(
        items: Int, steps: Int, input: Sequence, output: Sequence, outputGradient: Sequence? = nil, finalGradient: State = State(),
        trace: Region<Float>, inputGradient: Sequence? = nil, accumulateInput: Bool = false, weightGradients: WeightGradients,
        accumulate: Bool = false, initial: State = State(), initialGradient: State = State(), lengths: [Int]? = nil,
        scratch: Region<Float>, workers: Workers? = nil
    ) {
        input.check(items: items, steps: steps, directions: 1, columns: inputSize)
        output.check(items: items, steps: steps, directions: backwards.count, columns: hiddenSize)
        let rows = kind.gates * hiddenSize
        precondition(weightGradients.inputWeights.count >= backwards.count * rows * inputSize)
        precondition(weightGradients.recurrentWeights.count >= backwards.count * rows * hiddenSize)
        precondition(weightGradients.bias?.count ?? .max >= 2 * backwards.count * rows)
        reverse(
            items: items, steps: steps, outputGradient: outputGradient, finalGradient: finalGradient, trace: trace,
            inputGradient: inputGradient, accumulate: accumulateInput, initial: initial, initialGradient: initialGradient,
            lengths: lengths, keepsGates: true, scratch: scratch, workers: workers)
        let sums = GateSums(
            layer: self, items: items, steps: steps, input: input, output: output, initial: initial, lengths: lengths, trace: trace,
            scratch: scratch)
        let parts = sums.parts
        for direction in backwards.indices {
            let body: @Sendable (Int, Int) -> Void = { part, _ in sums.multiply(direction, part) }
            if let workers { workers.run(parts, body) } else { for part in 0..<parts { body(part, 0) } }
            sums.join(direction, weightGradients, accumulate: accumulate)
        }
    }

    /// Floats of scratch that `gradients` needs, with any number of threads.
    public func gradientScratchCount(items: Int, steps: Int) -> Int {
        max(scratchCount(items: items), GateSums.scratchCount(self, items: items, steps: steps))
    }
}

/// The sum over steps and items of the outer products of [input, hidden state before, 1] with the gradients of the gates, which the reverse run left
/// in the trace: the gradients of both weight matrices and of the biases in one.
private struct GateSums: Sendable {
    let layer: Recurrent
    let items: Int
    let steps: Int
    let input: Recurrent.Sequence
    let output: Recurrent.Sequence
    let initial: Recurrent.State
    let lengths: [Int]?
    let trace: Region<Float>
    let scratch: Region<Float>

    /// Rows (an item's step) that are summed in registers.
    private static let chunk = 128
    /// The rows are cut into so many parts at most, summed apart and joined in order, whatever the threads.
    private static let mostParts = 16

    private static func parts(_ items: Int, _ steps: Int) -> Int { max(1, min(mostParts, items * steps / chunk)) }
    var parts: Int { Self.parts(items, steps) }

    private static func height(_ layer: Recurrent) -> Int { layer.inputSize + layer.hiddenSize + 1 }
    private static func partCount(_ layer: Recurrent) -> Int {
        let pitch = (height(layer) + 15) / 16 * 16
        return height(layer) * layer.gateWidth + chunk * (pitch + layer.gateWidth)
    }

    static func scratchCount(_ layer: Recurrent, items: Int, steps: Int) -> Int { parts(items, steps) * partCount(layer) }

    /// One part's sums, [input and hidden state and 1, gate].
    func multiply(_ direction: Int, _ part: Int) {
        let (height, width) = (Self.height(layer), layer.gateWidth)
        let pitch = (height + 15) / 16 * 16
        let sums = scratch.pointer + part * Self.partCount(layer)
        let left = sums + height * width
        let right = left + Self.chunk * pitch
        let kernels = layer.instructionSet.trainingKernels
        let (lanes, most) = (Int(kernels.pointee.lanes), Int(kernels.pointee.tileRows))
        let tiles = (height + most - 1) / most
        let rows = items * steps * part / parts..<items * steps * (part + 1) / parts
        if rows.isEmpty { sums.update(repeating: 0, count: height * width) }
        for start in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.chunk) {
            let count = min(Self.chunk, rows.upperBound - start)
            for row in 0..<count { pack(direction, start + row, left + row * pitch) }
            for column in stride(from: 0, to: width, by: 2 * lanes) {
                let panel = min(2 * lanes, width - column)
                let records = trace.pointer + (direction * steps * items + start) * layer.traceWidth + column
                kernels.pointee.gather(records, layer.traceWidth, count, panel, panel, right, panel)
                if let lengths {
                    // Steps beyond an item's end have no record.
                    for row in 0..<count where lengths[(start + row) % items] <= (start + row) / items {
                        (right + row * panel).update(repeating: 0, count: panel)
                    }
                }
                for tile in 0..<tiles {
                    let elements = height * tile / tiles..<height * (tile + 1) / tiles
                    var call = training_outer(
                        left: left + elements.lowerBound, leftStride: pitch, right: right, rightStride: panel, count: count,
                        sums: sums + elements.lowerBound * width + column, sumStride: width, rows: Int32(elements.count),
                        vectors: Int32(panel / lanes), replace: start == rows.lowerBound ? 1 : 0)
                    kernels.pointee.outer(&call)
                }
            }
        }
    }

    /// Input, hidden state before the step, and 1.
    private func pack(_ direction: Int, _ row: Int, _ target: UnsafeMutablePointer<Float>) {
        let (step, item) = row.quotientAndRemainder(dividingBy: items)
        let (inputs, hidden) = (layer.inputSize, layer.hiddenSize)
        if lengths?[item] ?? steps <= step {
            target.update(repeating: 0, count: inputs + hidden + 1)
            return
        }
        let time = layer.time(item, step: step, steps: steps, direction: direction, lengths: lengths)
        let x = input.row(item, time)
        if inputs == 1 { target[0] = x[0] } else { target.update(from: x, count: inputs) }
        let state = target + inputs
        if step > 0 {
            state.update(from: output.row(item, time + (layer.backwards[direction] ? 1 : -1), direction: direction), count: hidden)
        } else if let first = initial.hidden {
            state.update(from: first.pointer + (direction * items + item) * hidden, count: hidden)
        } else {
            state.update(repeating: 0, count: hidden)
        }
        state[hidden] = 1
    }

    func join(_ direction: Int, _ gradients: Recurrent.WeightGradients, accumulate: Bool) {
        let (inputs, hidden, width, gates) = (layer.inputSize, layer.hiddenSize, layer.width, layer.kind.gates)
        let partCount = Self.partCount(layer)
        func total(_ row: Int, _ column: Int) -> Float {
            var sum: Float = 0
            for part in 0..<parts { sum += scratch.pointer[part * partCount + row * layer.gateWidth + column] }
            return sum
        }
        func put(_ value: Float, _ region: Region<Float>, _ at: Int) {
            region.pointer[at] = accumulate ? region.pointer[at] + value : value
        }
        for gate in 0..<gates {
            // A GRU's n has one slot for its input part and one for its hidden part.
            let recurrent = layer.kind == .gru && gate == 2 ? 3 : gate
            for unit in 0..<hidden {
                let row = direction * gates * hidden + gate * hidden + unit
                let (a, b) = (gate * width + unit, recurrent * width + unit)
                for c in 0..<inputs { put(total(c, a), gradients.inputWeights, row * inputs + c) }
                for j in 0..<hidden { put(total(inputs + j, b), gradients.recurrentWeights, row * hidden + j) }
                guard let bias = gradients.bias else { continue }
                put(total(inputs + hidden, a), bias, direction * gates * hidden + row)
                put(total(inputs + hidden, b), bias, direction * gates * hidden + gates * hidden + row)
            }
        }
    }
}
