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
        for direction in backwards.indices {
            for gate in 0..<kind.gates {
                for unit in 0..<hiddenSize {
                    sum(
                        direction: direction, gate: gate, unit: unit, items: items, steps: steps, input: input, output: output,
                        trace: trace,
                        weightGradients: weightGradients, accumulate: accumulate, initial: initial, lengths: lengths)
                }
            }
        }
    }

    /// Floats of scratch that `gradients` needs, with any number of threads.
    public func gradientScratchCount(items: Int, steps: Int) -> Int { scratchCount(items: items) }

    private func sum(
        direction: Int, gate: Int, unit: Int, items: Int, steps: Int, input: Sequence, output: Sequence, trace: Region<Float>,
        weightGradients: WeightGradients, accumulate: Bool, initial: State, lengths: [Int]?
    ) {
        // A GRU's n has one slot for its input part and one for its hidden part.
        let recurrentSlot = kind == .gru && gate == 2 ? 3 : gate
        var inputs = [Float](repeating: 0, count: inputSize)
        var hidden = [Float](repeating: 0, count: hiddenSize)
        var biases: (Float, Float) = (0, 0)
        for step in 0..<steps {
            for item in 0..<items where lengths?[item] ?? steps > step {
                let record = trace.pointer + ((direction * steps + step) * items + item) * traceWidth
                let (a, b) = (record[gate * width + unit], record[recurrentSlot * width + unit])
                let time = time(item, step: step, steps: steps, direction: direction, lengths: lengths)
                let x = input.row(item, time)
                for c in 0..<inputSize { inputs[c] += a * x[c] }
                biases.0 += a
                biases.1 += b
                let before = time + (backwards[direction] ? 1 : -1)
                let first = initial.hidden.map { $0.pointer + (direction * items + item) * hiddenSize }
                if let h = step == 0 ? first : output.row(item, before, direction: direction) {
                    for j in 0..<hiddenSize { hidden[j] += b * h[j] }
                }
            }
        }
        let rows = kind.gates * hiddenSize
        let row = direction * rows + gate * hiddenSize + unit
        func put(_ value: Float, _ region: Region<Float>, _ at: Int) { region[at] = value + (accumulate ? region[at] : 0) }
        for c in 0..<inputSize { put(inputs[c], weightGradients.inputWeights, row * inputSize + c) }
        for j in 0..<hiddenSize { put(hidden[j], weightGradients.recurrentWeights, row * hiddenSize + j) }
        guard let bias = weightGradients.bias else { return }
        put(biases.0, bias, direction * rows + row)
        put(biases.1, bias, direction * rows + rows + row)
    }
}
