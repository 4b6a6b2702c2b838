// SPDX-License-Identifier: GPL-3.0-or-later

/// LSTM, GRU and RNN with everything ONNX allows, in plain loops over arrays of float or double: the reference for `Recurrent`, and the path
/// for what that does not cover.
public struct GeneralRecurrent<Real: BinaryFloatingPoint & Sendable>: Sendable {
    public enum Cell: Hashable, Sendable {
        /// Gates i, o, f, c. `coupled`: the forget gate is 1 − i (ONNX's input_forget).
        case lstm(coupled: Bool)
        /// Gates z, r, h. `resetAfter`: the reset gate acts after the product (linear_before_reset).
        case gru(resetAfter: Bool)
        case rnn

        public var gates: Int {
            switch self {
            case .lstm: 4
            case .gru: 3
            case .rnn: 1
            }
        }

        /// The activations of a direction where none are named: f, g, h as far as the cell has them.
        public var defaultActivations: [RecurrentActivation] {
            switch self {
            case .lstm: [.sigmoid, .tanh, .tanh]
            case .gru: [.sigmoid, .tanh]
            case .rnn: [.tanh]
            }
        }
    }

    public let cell: Cell
    public let inputSize: Int
    public let hiddenSize: Int
    public let backwards: [Bool]
    /// For each direction, f, g and h.
    public let activations: [[RecurrentActivation]]
    /// The gates' sums are kept within ±clip.
    public let clip: Real?
    let inputWeights: [Real]
    let recurrentWeights: [Real]
    let bias: [Real]
    let peepholes: [Real]

    /// Weights as `Recurrent` takes them. `peepholes`: [direction, 3 · hiddenSize] for i, o, f of an LSTM.
    public init(
        cell: Cell, inputSize: Int, hiddenSize: Int, backwards: [Bool] = [false], activations: [[RecurrentActivation]]? = nil,
        clip: Real? = nil, inputWeights: [Real], recurrentWeights: [Real], bias: [Real]? = nil, peepholes: [Real]? = nil
    ) {
        let rows = backwards.count * cell.gates * hiddenSize
        precondition(inputWeights.count == rows * inputSize && recurrentWeights.count == rows * hiddenSize)
        precondition(
            bias?.count ?? 2 * rows == 2 * rows && peepholes?.count ?? 3 * hiddenSize * backwards.count == 3 * hiddenSize * backwards.count)
        self.cell = cell
        self.inputSize = inputSize
        self.hiddenSize = hiddenSize
        self.backwards = backwards
        self.activations = activations ?? backwards.map { _ in cell.defaultActivations }
        precondition(self.activations.count == backwards.count && self.activations.allSatisfy { $0.count == cell.defaultActivations.count })
        self.clip = clip
        self.inputWeights = inputWeights
        self.recurrentWeights = recurrentWeights
        self.bias = bias ?? [Real](repeating: 0, count: 2 * rows)
        self.peepholes = peepholes ?? [Real](repeating: 0, count: 3 * hiddenSize * backwards.count)
    }

    /// What a step leaves for the reverse run.
    struct Step: Sendable {
        /// The gates' sums, clipped, and whether they were; for a GRU also the hidden part of n.
        var sums: [Real]
        var clipped: [Bool]
        var hiddenPart: [Real]
        var before: [Real]
        var cellBefore: [Real]
        var cell: [Real]
    }

    public struct Result: Sendable {
        /// [item, time, direction, hidden unit]; zeros after the end of a shorter sequence.
        public var output: [Real]
        /// [direction, item, hidden unit].
        public var finalHidden: [Real]
        public var finalCell: [Real]
        /// [direction][item][step].
        var steps: [[[Step]]]
    }

    func weight(_ direction: Int, _ gate: Int, _ unit: Int, input c: Int) -> Real {
        inputWeights[((direction * cell.gates + gate) * hiddenSize + unit) * inputSize + c]
    }

    func weight(_ direction: Int, _ gate: Int, _ unit: Int, hidden j: Int) -> Real {
        recurrentWeights[((direction * cell.gates + gate) * hiddenSize + unit) * hiddenSize + j]
    }

    func peephole(_ direction: Int, _ gate: Int, _ unit: Int) -> Real {
        // Peepholes come as i, o, f, which are the first three gates.
        peepholes[(direction * 3 + gate) * hiddenSize + unit]
    }

    func inputPart(_ direction: Int, _ gate: Int, _ unit: Int, _ x: ArraySlice<Real>) -> Real {
        var sum = bias[direction * 2 * cell.gates * hiddenSize + gate * hiddenSize + unit]
        for (c, value) in x.enumerated() { sum += weight(direction, gate, unit, input: c) * value }
        return sum
    }

    func hiddenPart(_ direction: Int, _ gate: Int, _ unit: Int, _ h: [Real]) -> Real {
        var sum = bias[(direction * 2 + 1) * cell.gates * hiddenSize + gate * hiddenSize + unit]
        for j in 0..<hiddenSize { sum += weight(direction, gate, unit, hidden: j) * h[j] }
        return sum
    }

    func apply(_ function: RecurrentActivation, _ x: Real) -> Real { Real(function(Double(x))) }
    func slope(_ function: RecurrentActivation, _ x: Real) -> Real { Real(function.slope(Double(x))) }

    func time(_ step: Int, length: Int, direction: Int) -> Int { backwards[direction] ? length - 1 - step : step }
}
