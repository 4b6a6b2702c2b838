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
    /// Reverse: from the gates' gradients to those of [hidden state, input].
    let reverse: PackedPanels

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
        reverse = Self.pack(matrix, rows: slots * width, columns: columns, bias: nil, lanes: lanes)
    }

    private static func pack(_ matrix: [Float], rows: Int, columns: Int, bias: [Float]?, lanes: Int) -> PackedPanels {
        matrix.withUnsafeBufferPointer {
            PackedPanels($0, rowOffsets: (0..<rows).map { $0 * columns }, columns: columns, columnStride: 1, bias: bias, lanes: lanes)
        }
    }
}

extension PackedPanels {
    /// output[row] = input[row] · panels + bias, added to what the output holds if `accumulate`.
    func multiply(
        rows count: Int, input: UnsafePointer<Float>, inputStride: Int, output: UnsafeMutablePointer<Float>, outputStride: Int,
        accumulate: Bool = false, kernels: UnsafePointer<ecg_kernels>
    ) {
        for panel in panels {
            var call = ecg_panel(
                input: input, inputStride: inputStride, taps: 1, tapStride: 0, tapLength: rows,
                weights: UnsafePointer(weights.pointer + panel.offset), bias: bias.map { UnsafePointer($0.pointer + panel.column) },
                output: output + panel.column, outputStride: outputStride,
                residual: accumulate ? UnsafePointer(output + panel.column) : nil, residualStride: outputStride,
                residualMode: accumulate ? Int32(ECG_RESIDUAL_BEFORE.rawValue) : 0, activation: 0, slope: 0,
                vectors: Int32(panel.vectors), columns: Int32(panel.columns))
            kernels.pointee.panel(&call, count)
        }
    }
}
