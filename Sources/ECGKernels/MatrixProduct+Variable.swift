// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels

/// A matrix in memory: element (row, column) of matrix `m` lies at `offset(m) + row · rowStride + column · columnStride`.
public struct MatrixView: Sendable {
    public var region: Region<Float>
    public var rowStride: Int
    public var columnStride: Int

    public init(_ region: Region<Float>, rowStride: Int, columnStride: Int = 1) {
        self.region = region
        self.rowStride = rowStride
        self.columnStride = columnStride
    }

    /// The same elements, rows and columns exchanged.
    public var transposed: MatrixView { MatrixView(region, rowStride: columnStride, columnStride: rowStride) }
}

extension MatrixProduct {
    /// Where the matrices of one product of a batch start, in floats: broadcasting is a matter of equal offsets.
    public struct Offsets: Sendable {
        public var left: Int
        public var right: Int
        public var output: Int
        public init(left: Int, right: Int, output: Int) {
            self.left = left
            self.right = right
            self.output = output
        }
    }

    /// Floats of scratch a thread needs to multiply [rows, inner] with [inner, columns].
    public static func scratchCount(rows: Int, inner: Int, columns: Int, instructionSet: InstructionSet = .current) -> Int {
        let width = 2 * instructionSet.lanes
        return inner * ((columns + width - 1) / width * width) + rows * inner
    }

    /// output = left · right for each of `batches`, both operands variable (attention). [rows, inner] · [inner, columns].
    /// - Parameters:
    ///   - output: rows `rowStride` apart, columns dense.
    ///   - scratch: `scratchCount` for each thread.
    public static func multiply(
        rows: Int, inner: Int, columns: Int, batches: [Offsets], left: MatrixView, right: MatrixView, output: MatrixView,
        accumulate: Bool = false, scratch: Region<Float>, instructionSet: InstructionSet = .current, workers: Workers? = nil
    ) {
        precondition(output.columnStride == 1 && rows >= 0 && inner >= 0 && columns >= 0)
        let each = scratchCount(rows: rows, inner: inner, columns: columns, instructionSet: instructionSet)
        precondition(scratch.count >= each * (workers?.count ?? 1))
        for offsets in batches {
            check(left, rows, inner, offsets.left)
            check(right, inner, columns, offsets.right)
            check(output, rows, columns, offsets.output)
        }
        if rows == 0 || columns == 0 { return }
        let body: @Sendable (Int, Int) -> Void = { batch, worker in
            let offsets = batches[batch]
            let lanes = instructionSet.lanes
            let packed = scratch.pointer + worker * each
            let rowsCopy = packed + (each - rows * inner)
            var input = left.region.pointer + offsets.left
            var stride = left.rowStride
            if left.columnStride != 1 {
                for row in 0..<rows {
                    for k in 0..<inner { rowsCopy[row * inner + k] = input[row * left.rowStride + k * left.columnStride] }
                }
                input = rowsCopy
                stride = inner
            }
            let kernels = instructionSet.kernels
            let blocks = max(1, (inner + BlockedPanels.block - 1) / BlockedPanels.block)
            for column in Swift.stride(from: 0, to: columns, by: 2 * lanes) {
                let vectors = columns - column <= lanes ? 1 : 2
                let width = vectors * lanes
                let count = min(width, columns - column)
                let panel = packed + column * inner
                pack(right, offsets.right, inner: inner, column: column, count: count, width: width, into: panel)
                let target = output.region.pointer + offsets.output + column
                for block in 0..<blocks {
                    let start = block * BlockedPanels.block
                    let adds = accumulate || block > 0
                    var call = ecg_panel(
                        input: input + start, inputStride: stride, taps: 1, tapStride: 0,
                        tapLength: min(BlockedPanels.block, inner - start), weights: panel + start * width, bias: nil, output: target,
                        outputStride: output.rowStride, residual: adds ? UnsafePointer(target) : nil, residualStride: output.rowStride,
                        residualMode: adds ? Int32(ECG_RESIDUAL_BEFORE.rawValue) : 0, activation: 0, slope: 0, vectors: Int32(vectors),
                        columns: Int32(count))
                    kernels.pointee.panel(&call, rows)
                }
            }
        }
        if let workers {
            workers.run(batches.count, body)
        } else {
            for batch in batches.indices { body(batch, 0) }
        }
    }

    private static func pack(
        _ right: MatrixView, _ offset: Int, inner: Int, column: Int, count: Int, width: Int, into panel: UnsafeMutablePointer<Float>
    ) {
        for k in 0..<inner {
            let source = right.region.pointer + offset + k * right.rowStride + column * right.columnStride
            let target = panel + k * width
            if right.columnStride == 1 {
                target.update(from: source, count: count)
            } else {
                for lane in 0..<count { target[lane] = source[lane * right.columnStride] }
            }
            for lane in count..<width { target[lane] = 0 }
        }
    }

    private static func check(_ view: MatrixView, _ rows: Int, _ columns: Int, _ offset: Int) {
        precondition(offset >= 0 && view.rowStride >= 0 && view.columnStride >= 0)
        if rows == 0 || columns == 0 { return }
        precondition(offset + (rows - 1) * view.rowStride + (columns - 1) * view.columnStride < view.region.count)
    }
}
