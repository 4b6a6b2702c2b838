// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels
import Synchronization

/// A product of any number of rows with a constant matrix, prepared once: a dense layer, Gemm or MatMul with constant weights.
///
/// A row's result is the same bits whatever the other rows and the threads: the inner dimension is cut into blocks of a fixed
/// length, each summed in order and added to the sum of those before it, which also keeps long sums exact.
public final class MatrixProduct: Sendable {
    /// Length of a row of the input.
    public let inner: Int
    /// Length of a row of the output.
    public let columns: Int
    public let activation: Activation
    public let instructionSet: InstructionSet
    private let weights: [Float]
    private let transposed: Bool
    private let packed: BlockedPanels
    /// The weights [column, inner] and the bias where columns are so few that a panel would be mostly empty.
    private let dots: (weights: Region<Float>, bias: Region<Float>?)?
    private let reverse = Mutex<BlockedPanels?>(nil)
    /// Sums in double precision: a network's last layers, small as they are, would otherwise add a rounding error of their own to every answer that
    /// is larger than all before it together. It depends on the shape alone.
    private var isPrecise: Bool { Self.isPrecise(inner: inner, columns: columns) }
    private static func isPrecise(inner: Int, columns: Int) -> Bool { columns <= 32 && inner * columns <= 1 << 15 }

    /// - Parameters:
    ///   - weights: [inner, columns], or [columns, inner] if `transposed`.
    ///   - bias: [columns].
    public init(
        inner: Int, columns: Int, weights: [Float], transposed: Bool = false, bias: [Float]? = nil, activation: Activation = .identity,
        instructionSet: InstructionSet = .current
    ) {
        precondition(inner >= 0 && columns >= 0 && weights.count == inner * columns && bias?.count ?? columns == columns)
        self.inner = inner
        self.columns = columns
        self.activation = activation
        self.instructionSet = instructionSet
        self.weights = weights
        self.transposed = transposed
        if columns <= 2, Self.isPrecise(inner: inner, columns: columns) {
            let byColumn = transposed ? weights : (0..<columns).flatMap { column in (0..<inner).map { weights[$0 * columns + column] } }
            dots = (Region(byColumn), bias.map { Region($0) })
        } else {
            dots = nil
        }
        packed = weights.withUnsafeBufferPointer {
            BlockedPanels(
                $0, inner: inner, columns: columns, rowStride: transposed ? 1 : columns, columnStride: transposed ? inner : 1, bias: bias,
                lanes: instructionSet.lanes)
        }
    }

    /// output[row] = activation(input[row] · weights + bias).
    /// - Parameters:
    ///   - inputRowStride: floats between rows, `inner` if nil; likewise `outputRowStride`, `columns`.
    ///   - accumulate: add to what the output holds, before the activation.
    public func forward(
        rows: Int, input: Region<Float>, inputRowStride: Int? = nil, output: Region<Float>, outputRowStride: Int? = nil,
        accumulate: Bool = false, workers: Workers? = nil
    ) {
        run(
            packed, rows: rows, input: input, inputRowStride: inputRowStride ?? inner, output: output,
            outputRowStride: outputRowStride ?? columns, accumulate: accumulate, activation: activation,
            isPrecise: isPrecise && !accumulate, workers: workers)
    }

    /// The gradient with respect to the input rows, given that with respect to the rows before the activation.
    public func inputGradient(
        rows: Int, outputGradient: Region<Float>, outputRowStride: Int? = nil, inputGradient: Region<Float>, inputRowStride: Int? = nil,
        accumulate: Bool = false, workers: Workers? = nil
    ) {
        let panels = reverse.withLock { prepared in
            if let prepared { return prepared }
            let made = weights.withUnsafeBufferPointer {
                BlockedPanels(
                    $0, inner: columns, columns: inner, rowStride: transposed ? inner : 1, columnStride: transposed ? 1 : columns,
                    bias: nil,
                    lanes: instructionSet.lanes)
            }
            prepared = made
            return made
        }
        run(
            panels, rows: rows, input: outputGradient, inputRowStride: outputRowStride ?? columns, output: inputGradient,
            outputRowStride: inputRowStride ?? inner, accumulate: accumulate, activation: .identity, isPrecise: false, workers: workers)
    }

    private func run(
        _ panels: BlockedPanels, rows: Int, input: Region<Float>, inputRowStride: Int, output: Region<Float>, outputRowStride: Int,
        accumulate: Bool, activation: Activation, isPrecise: Bool, workers: Workers?
    ) {
        check(1, rows: rows, rowStride: inputRowStride, channels: panels.inner, input)
        check(1, rows: rows, rowStride: outputRowStride, channels: panels.columns, output)
        let division = Division(
            items: 1, rows: rows, panels: panels.panels.count, operations: 2 * rows * inner * columns, workers: workers)
        division.run { _, rows, range, _ in
            if isPrecise, let dots = self.dots {
                return self.multiply(dots, rows, input, inputRowStride, output, outputRowStride, activation)
            }
            panels.multiply(
                rows: rows, panels: range, input: input.pointer, inputRowStride: inputRowStride, output: output.pointer,
                outputRowStride: outputRowStride, accumulate: accumulate, activation: activation, isPrecise: isPrecise,
                kernels: self.instructionSet.kernels)
        }
    }

    private func multiply(
        _ dots: (weights: Region<Float>, bias: Region<Float>?), _ rows: Range<Int>, _ input: Region<Float>, _ inputRowStride: Int,
        _ output: Region<Float>, _ outputRowStride: Int, _ activation: Activation
    ) {
        var call = ecg_panel(
            input: input.pointer + rows.lowerBound * inputRowStride, inputStride: inputRowStride, taps: 1, tapStride: 0, tapLength: inner,
            weights: UnsafePointer(dots.weights.pointer), bias: dots.bias.map { UnsafePointer($0.pointer) },
            output: output.pointer + rows.lowerBound * outputRowStride, outputStride: outputRowStride, residual: nil, residualStride: 0,
            residualMode: 0, activation: activation.code, slope: activation.slope, vectors: 1, columns: Int32(columns))
        instructionSet.kernels.pointee.preciseDots(&call, rows.count)
    }
}

/// A right matrix in panels, for a product whose inner dimension is cut into blocks.
package struct BlockedPanels: Sendable {
    /// Inner elements a block: a panel's block stays in the first cache while the rows pass by.
    static let block = 256

    let inner: Int
    let columns: Int
    private let packed: PackedPanels
    var panels: [PackedPanels.Panel] { packed.panels }

    init(
        _ values: UnsafeBufferPointer<Float>, inner: Int, columns: Int, rowStride: Int, columnStride: Int, bias: [Float]?, lanes: Int
    ) {
        packed = PackedPanels(
            values, rowOffsets: (0..<inner).map { $0 * rowStride }, columns: columns, columnStride: columnStride, bias: bias, lanes: lanes)
        self.inner = inner
        self.columns = columns
    }

    func multiply(
        rows: Range<Int>, panels range: Range<Int>, input: UnsafePointer<Float>, inputRowStride: Int, output: UnsafeMutablePointer<Float>,
        outputRowStride: Int, accumulate: Bool, activation: Activation, isPrecise: Bool = false, kernels: UnsafePointer<ecg_kernels>
    ) {
        if rows.isEmpty { return }
        // A few panels at a time, so that their blocks fit into the first cache together with the rows. Between blocks, sums are rounded to single
        // precision: precise ones are made in one.
        let size = isPrecise ? max(inner, 1) : Self.block
        let blocks = max(1, (inner + size - 1) / size)
        for group in stride(from: range.lowerBound, to: range.upperBound, by: 4) {
            for block in 0..<blocks {
                let start = block * size
                packed.multiply(
                    rows: rows.count, panels: group..<min(group + 4, range.upperBound), inner: start..<min(start + size, inner),
                    hasBias: block == 0, input: input + rows.lowerBound * inputRowStride + start, inputStride: inputRowStride,
                    output: output + rows.lowerBound * outputRowStride, outputStride: outputRowStride, accumulate: accumulate || block > 0,
                    activation: block == blocks - 1 ? activation : .identity, isPrecise: isPrecise, kernels: kernels)
            }
        }
    }
}
