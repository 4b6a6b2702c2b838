// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels

/// The weights of one direction of a recurrent layer, in panels over the joined vector [input, hidden state].
struct RecurrentWeights: Sendable {
    /// A product of a part of the joined vector with some of the gates.
    struct Part: Sendable {
        /// First element of the joined vector, and how many.
        let source: Int
        let panels: PackedPanels
        /// First column of the gates.
        let column: Int
    }

    /// Forward: from the joined vector to the gates' sums.
    let parts: [Part]
    /// Reverse: from the gates' gradients to those of [hidden state, input]; of the hidden state alone where the input is narrow.
    let reverse: PackedPanels
    /// For a narrow input [input, gates]: its gradient is a few dot products.
    let narrow: Region<Float>?

    /// Inputs up to this size are narrow: a panel of them would be mostly empty.
    static let narrowest = 2

    init(
        kind: Recurrent.Kind, inputSize: Int, hiddenSize: Int, inputWeights: [Float], recurrentWeights: [Float], bias: [Float]?, lanes: Int
    ) {
        let width = (hiddenSize + lanes - 1) / lanes * lanes
        let rows = kind.gates * hiddenSize

        /// A panel set over `gates`, from the input, the hidden state or both.
        func part(_ gates: Range<Int>, input: Bool, hidden: Bool, column: Int) -> Part {
            let columns = gates.count * width
            let sources = (input ? inputSize : 0) + (hidden ? width : 0)
            var matrix = [Float](repeating: 0, count: sources * columns)
            var sums = [Float](repeating: 0, count: columns)
            for (place, gate) in gates.enumerated() {
                for unit in 0..<hiddenSize {
                    let row = gate * hiddenSize + unit
                    let target = place * width + unit
                    if input {
                        for c in 0..<inputSize { matrix[c * columns + target] = inputWeights[row * inputSize + c] }
                        sums[target] += bias?[row] ?? 0
                    }
                    if hidden {
                        let first = input ? inputSize : 0
                        for j in 0..<hiddenSize { matrix[(first + j) * columns + target] = recurrentWeights[row * hiddenSize + j] }
                        sums[target] += bias?[rows + row] ?? 0
                    }
                }
            }
            return Part(
                source: input ? 0 : inputSize, panels: Self.pack(matrix, rows: sources, columns: columns, bias: sums, lanes: lanes),
                column: column * width)
        }
        if kind == .gru {
            parts = [
                part(0..<2, input: true, hidden: true, column: 0), part(2..<3, input: true, hidden: false, column: 2),
                part(2..<3, input: false, hidden: true, column: 3),
            ]
        } else {
            parts = [part(0..<kind.gates, input: true, hidden: true, column: 0)]
        }

        let columns = width + inputSize
        let slots = kind == .gru ? 4 : kind.gates
        var matrix = [Float](repeating: 0, count: slots * width * columns)
        for slot in 0..<slots {
            // A GRU's n has one slot for its input part and one for its hidden part.
            let gate = min(slot, kind.gates - 1)
            let usesInput = kind != .gru || slot != 3
            let usesHidden = kind != .gru || slot != 2
            for unit in 0..<hiddenSize {
                let row = gate * hiddenSize + unit
                let target = (slot * width + unit) * columns
                if usesHidden { for j in 0..<hiddenSize { matrix[target + j] = recurrentWeights[row * hiddenSize + j] } }
                if usesInput { for c in 0..<inputSize { matrix[target + width + c] = inputWeights[row * inputSize + c] } }
            }
        }
        let joined = matrix
        if inputSize <= Self.narrowest {
            let size = slots * width
            reverse = joined.withUnsafeBufferPointer {
                PackedPanels($0, rowOffsets: (0..<size).map { $0 * columns }, columns: width, columnStride: 1, lanes: lanes)
            }
            narrow = Region((0..<inputSize * size).map { joined[$0 % size * columns + width + $0 / size] })
        } else {
            reverse = Self.pack(joined, rows: slots * width, columns: columns, bias: nil, lanes: lanes)
            narrow = nil
        }
    }

    private static func pack(_ matrix: [Float], rows: Int, columns: Int, bias: [Float]?, lanes: Int) -> PackedPanels {
        matrix.withUnsafeBufferPointer {
            PackedPanels($0, rowOffsets: (0..<rows).map { $0 * columns }, columns: columns, columnStride: 1, bias: bias, lanes: lanes)
        }
    }
}
