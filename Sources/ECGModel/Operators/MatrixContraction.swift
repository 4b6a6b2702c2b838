// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// A contraction of two operands as matrix products of the kernel library: what MatMul, and Einsum as attention uses it, come down to.
///
/// One index of each kind makes the matrices: of rows (in the left operand and the output), of columns (in the right one and the output) and of the
/// sum (in both operands). What is left over is a batch: a product for each of its combinations.
struct MatrixContraction: Sendable {
    private let rows: Int
    private let inner: Int
    private let columns: Int
    private let batches: [MatrixProduct.Offsets]
    /// Row and column strides.
    private let left: (Int, Int)
    private let right: (Int, Int)
    private let outputRow: Int
    /// Whether left and right are the second and the first operand: the output's columns must be dense.
    private let isSwapped: Bool
    /// Whether several products add to the same output, so that they can't run at the same time.
    private let overlaps: Bool

    /// nil where the strides are such that the library can't write the output.
    init?(_ contraction: Contraction) {
        guard contraction.operands.count == 2 else { return nil }
        let (a, b, output) = (contraction.operands[0], contraction.operands[1], contraction.output)
        let extents = contraction.extents
        let live = extents.indices.filter { extents[$0] > 1 }
        guard extents.allSatisfy({ $0 > 0 }), (a + b + output).allSatisfy({ $0 >= 0 }) else { return nil }
        func longest(_ indices: [Int]) -> Int? { indices.max { extents[$0] < extents[$1] } }
        let ofRows = live.filter { output[$0] != 0 && b[$0] == 0 }
        let ofColumns = live.filter { output[$0] != 0 && b[$0] != 0 && a[$0] == 0 }
        let row = ofRows.first { output[$0] == 1 } ?? longest(ofRows)
        let column = ofColumns.first { output[$0] == 1 } ?? longest(ofColumns)
        let sum = longest(live.filter { output[$0] == 0 && a[$0] != 0 && b[$0] != 0 })
        func extent(_ index: Int?) -> Int { index.map { extents[$0] } ?? 1 }
        func stride(_ strides: [Int], _ index: Int?) -> Int { index.map { strides[$0] } ?? 1 }
        // Nothing here may depend on the number of items, or an item's bits would: without a sum there is but one way to multiply.
        guard extent(sum) > 1 else { return nil }
        let isDense = column == nil || stride(output, column) == 1
        guard isDense || row == nil || stride(output, row) == 1 else { return nil }
        isSwapped = !isDense
        inner = extent(sum)
        let first = (stride(a, row), stride(a, sum))
        let second = (stride(b, sum), stride(b, column))
        (rows, columns) = isSwapped ? (extent(column), extent(row)) : (extent(row), extent(column))
        left = isSwapped ? (second.1, second.0) : first
        right = isSwapped ? (first.1, first.0) : second
        outputRow = isSwapped ? stride(output, column) : stride(output, row)
        let rest = live.filter { $0 != row && $0 != column && $0 != sum }
        overlaps = rest.contains { output[$0] == 0 }
        var places = [(a: 0, b: 0, output: 0)]
        for index in rest {
            places = places.flatMap { place in
                (0..<extents[index]).map { (place.a + $0 * a[index], place.b + $0 * b[index], place.output + $0 * output[index]) }
            }
        }
        let swapped = isSwapped
        batches = places.map { MatrixProduct.Offsets(left: swapped ? $0.b : $0.a, right: swapped ? $0.a : $0.b, output: $0.output) }
    }

    /// Floats of scratch for a call with this many workers.
    func scratchCount(threads: Int) -> Int { MatrixProduct.scratchCount(rows: rows, inner: inner, columns: columns) * max(1, threads) }

    /// - Parameter accumulate: adds to what the output holds.
    func run(
        _ a: Region<Float>, _ b: Region<Float>, into output: Region<Float>, accumulate: Bool, scratch: Region<Float>, workers: Workers?
    ) {
        if overlaps, !accumulate { output.fill(0) }
        MatrixProduct.multiply(
            rows: rows, inner: inner, columns: columns, batches: batches,
            left: MatrixView(isSwapped ? b : a, rowStride: left.0, columnStride: left.1),
            right: MatrixView(isSwapped ? a : b, rowStride: right.0, columnStride: right.1),
            output: MatrixView(output, rowStride: outputRow), accumulate: accumulate || overlaps, scratch: scratch,
            workers: overlaps ? nil : workers)
    }
}
