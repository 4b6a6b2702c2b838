// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels

/// A recurrent layer with constant weights and the usual activations, prepared once: LSTM, GRU or a plain RNN, in one direction or two.
///
/// Items are the rows of the register tile, so a batch shares each pass over the weights; an item's result is the same bits in any batch.
/// Forms beyond these (peepholes, clipping, other activations) run on `GeneralRecurrent`.
public final class Recurrent: Sendable {
    public enum Kind: Hashable, Sendable {
        /// Gates i, o, f, c: sigmoid, sigmoid, sigmoid, tanh.
        case lstm
        /// Gates z, r, n: sigmoid, sigmoid, tanh; the reset gate acts after the product (ONNX's linear_before_reset = 1, as PyTorch has it).
        case gru
        case rnnTanh, rnnRelu

        /// Rows of a weight matrix for each hidden unit.
        public var gates: Int {
            switch self {
            case .lstm: 4
            case .gru: 3
            case .rnnTanh, .rnnRelu: 1
            }
        }
    }

    public let kind: Kind
    public let inputSize: Int
    public let hiddenSize: Int
    /// For each direction whether it reads its items from their ends.
    public let backwards: [Bool]
    public let instructionSet: InstructionSet
    let directions: [RecurrentWeights]

    /// - Parameters:
    ///   - inputWeights: [direction, gates · hiddenSize, inputSize], gates in ONNX's order: i, o, f, c; z, r, n.
    ///   - recurrentWeights: [direction, gates · hiddenSize, hiddenSize].
    ///   - bias: [direction, 2 · gates · hiddenSize], the input's and then the recurrent one, as ONNX has them.
    public init(
        kind: Kind, inputSize: Int, hiddenSize: Int, backwards: [Bool] = [false], inputWeights: [Float], recurrentWeights: [Float],
        bias: [Float]? = nil, instructionSet: InstructionSet = .current
    ) {
        let rows = kind.gates * hiddenSize
        precondition(inputSize > 0 && hiddenSize > 0 && !backwards.isEmpty)
        precondition(
            inputWeights.count == backwards.count * rows * inputSize && recurrentWeights.count == backwards.count * rows * hiddenSize)
        precondition(bias?.count ?? 2 * backwards.count * rows == 2 * backwards.count * rows)
        self.kind = kind
        self.inputSize = inputSize
        self.hiddenSize = hiddenSize
        self.backwards = backwards
        self.instructionSet = instructionSet
        directions = backwards.indices.map { direction in
            RecurrentWeights(
                kind: kind, inputSize: inputSize, hiddenSize: hiddenSize,
                inputWeights: Array(inputWeights[direction * rows * inputSize..<(direction + 1) * rows * inputSize]),
                recurrentWeights: Array(recurrentWeights[direction * rows * hiddenSize..<(direction + 1) * rows * hiddenSize]),
                bias: bias.map { Array($0[direction * 2 * rows..<(direction + 1) * 2 * rows]) }, lanes: instructionSet.lanes)
        }
    }

    /// Hidden units, padded to whole vectors.
    var width: Int { (hiddenSize + instructionSet.lanes - 1) / instructionSet.lanes * instructionSet.lanes }
    /// Floats of the gates' sums of one item: a GRU keeps both parts of its n apart.
    var gateWidth: Int { (kind == .gru ? 4 : kind.gates) * width }
    /// Floats of the trace for an item and step.
    var traceWidth: Int { kind == .rnnTanh || kind == .rnnRelu ? width : 5 * width }
    /// Floats of an input joined with the hidden state.
    var joinedWidth: Int { inputSize + width }
    var scratchWidth: Int { 2 * joinedWidth + gateWidth + 2 * width }

    /// Floats of scratch that a call for `items` items needs, with any number of threads.
    public func scratchCount(items: Int) -> Int { backwards.count * items * scratchWidth }

    /// Floats of the trace that the reverse run needs.
    public func traceCount(items: Int, steps: Int) -> Int { backwards.count * steps * items * traceWidth }

    /// States to start from or to end in: [direction, item, hidden unit], dense; the cell for an LSTM alone.
    public struct State: Sendable {
        public var hidden: Region<Float>?
        public var cell: Region<Float>?
        public init(hidden: Region<Float>? = nil, cell: Region<Float>? = nil) {
            self.hidden = hidden
            self.cell = cell
        }
    }

    /// A sequence for each item: value c of step t of an item lies at `item · itemStride + t · timeStride + c`. With the directions'
    /// hidden states side by side, [item, time, direction · hidden] is an ordinary activation.
    public struct Sequence: Sendable {
        public var region: Region<Float>
        public var itemStride: Int
        public var timeStride: Int
        /// Floats from one direction to the next; of no meaning for inputs.
        public var directionStride: Int
        public init(_ region: Region<Float>, itemStride: Int, timeStride: Int, directionStride: Int = 0) {
            self.region = region
            self.itemStride = itemStride
            self.timeStride = timeStride
            self.directionStride = directionStride
        }

        func check(items: Int, steps: Int, directions: Int, columns: Int) {
            precondition(itemStride >= 0 && timeStride >= 0 && directionStride >= 0)
            guard items > 0, steps > 0 else { return }
            precondition(
                (items - 1) * itemStride + (steps - 1) * timeStride + (directions - 1) * directionStride + columns <= region.count)
        }

        func row(_ item: Int, _ time: Int, direction: Int = 0) -> UnsafeMutablePointer<Float> {
            region.pointer + item * itemStride + time * timeStride + direction * directionStride
        }
    }

    func check(_ state: State, items: Int) {
        let count = backwards.count * items * hiddenSize
        precondition(state.hidden?.count ?? count >= count && state.cell?.count ?? count >= count)
    }

    /// Cuts the items into a task for each thread; each direction is a task of its own.
    func divide(_ items: Int, _ workers: Workers?, _ body: @Sendable (_ direction: Int, _ items: Range<Int>) -> Void) {
        guard let workers else {
            for direction in backwards.indices { body(direction, 0..<items) }
            return
        }
        let parts = max(1, min(items, (workers.count + backwards.count - 1) / backwards.count))
        workers.run(parts * backwards.count) { task, _ in
            let (direction, part) = task.quotientAndRemainder(dividingBy: parts)
            body(direction, items * part / parts..<items * (part + 1) / parts)
        }
    }

    /// Runs of neighbouring items whose sequences are longer than `step`.
    func active(_ items: Range<Int>, step: Int, lengths: [Int]?) -> [Range<Int>] {
        guard let lengths else { return [items] }
        var runs: [Range<Int>] = []
        for item in items where lengths[item] > step {
            if let last = runs.last, last.upperBound == item {
                runs[runs.count - 1] = last.lowerBound..<item + 1
            } else {
                runs.append(item..<item + 1)
            }
        }
        return runs
    }

    /// The time that an item meets at a step.
    func time(_ item: Int, step: Int, steps: Int, direction: Int, lengths: [Int]?) -> Int {
        backwards[direction] ? (lengths?[item] ?? steps) - 1 - step : step
    }
}
