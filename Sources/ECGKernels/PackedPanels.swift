// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels

/// A constant right matrix cut into panels as wide as the register tile: two vectors, and one for a last panel that fits into it.
///
/// Within a panel the weights of one row of the matrix are neighbours, so a kernel reads the panel once from front to back.
package struct PackedPanels: Sendable {
    package struct Panel: Sendable {
        /// First column, how many of its columns are real, and the width in vectors.
        package let column: Int
        package let columns: Int
        package let vectors: Int
        /// Floats from the start of the storage.
        package let offset: Int
    }

    package let rows: Int
    package let columns: Int
    package let panels: [Panel]
    package let weights: Region<Float>
    /// Padded with zeros to the width of the panels; a panel's bias starts at its column.
    package let bias: Region<Float>?

    /// - Parameters:
    ///   - source: where the element of a row and column lies in `values`: at `base + rowOffsets[row] + column · columnStride`.
    package init(
        _ values: UnsafeBufferPointer<Float>, base: Int = 0, rowOffsets: [Int], columns: Int, columnStride: Int,
        bias: [Float]? = nil, lanes: Int
    ) {
        rows = rowOffsets.count
        self.columns = columns
        var panels: [Panel] = []
        var offset = 0
        for column in stride(from: 0, to: columns, by: 2 * lanes) {
            let left = columns - column
            let vectors = left <= lanes ? 1 : 2
            panels.append(Panel(column: column, columns: min(left, vectors * lanes), vectors: vectors, offset: offset))
            offset += rows * vectors * lanes
        }
        self.panels = panels
        weights = .forWeights(count: offset)
        let destination = weights.pointer
        for panel in panels {
            var row = destination + panel.offset
            for start in rowOffsets {
                var index = base + start + panel.column * columnStride
                for lane in 0..<panel.columns {
                    row[lane] = values[index]
                    index += columnStride
                }
                row += panel.vectors * lanes
            }
        }
        self.bias = bias.map { bias in
            let padded = Region<Float>(count: (columns + 2 * lanes - 1) / lanes * lanes)
            for (index, value) in bias.enumerated() { padded[index] = value }
            return padded
        }
    }
}

extension PackedPanels {
    /// output[row] = activation(input[row] · panels[range] + bias), added to what the output holds if `accumulate`, before the activation.
    /// - Parameters:
    ///   - inner: the rows of the matrix that are used, all if nil; `hasBias`: whether the bias is added.
    ///   - isPrecise: sums in double precision; not with `accumulate`.
    func multiply(
        rows count: Int, panels range: Range<Int>? = nil, inner: Range<Int>? = nil, hasBias: Bool = true, input: UnsafePointer<Float>,
        inputStride: Int, output: UnsafeMutablePointer<Float>, outputStride: Int, accumulate: Bool = false,
        activation: Activation = .identity, isPrecise: Bool = false, kernels: UnsafePointer<ecg_kernels>
    ) {
        precondition(!(isPrecise && accumulate))
        let inner = inner ?? 0..<rows
        let lanes = Int(kernels.pointee.lanes)
        var chosen = panels[range ?? 0..<panels.count]
        func call(_ panel: Panel) -> ecg_panel {
            let target = output + panel.column
            return ecg_panel(
                input: input, inputStride: inputStride, taps: 1, tapStride: 0, tapLength: inner.count,
                weights: UnsafePointer(weights.pointer + panel.offset + inner.lowerBound * panel.vectors * lanes),
                bias: hasBias ? bias.map { UnsafePointer($0.pointer + panel.column) } : nil, output: target, outputStride: outputStride,
                residual: accumulate ? UnsafePointer(target) : nil, residualStride: outputStride,
                residualMode: accumulate ? Int32(ECG_RESIDUAL_BEFORE.rawValue) : 0, activation: activation.code, slope: activation.slope,
                vectors: Int32(panel.vectors), columns: Int32(panel.columns))
        }
        if count == 1, !isPrecise, let first = chosen.first {
            let whole = chosen.prefix { $0.columns == 2 * lanes }.count
            if whole > 0 {
                var together = call(first)
                kernels.pointee.singleRow(&together, whole, rows * 2 * lanes)
                chosen = chosen.dropFirst(whole)
            }
        }
        for panel in chosen {
            var one = call(panel)
            if isPrecise { kernels.pointee.precisePanel(&one, count) } else { kernels.pointee.panel(&one, count) }
        }
    }
}
