// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels

/// The weights of one sweep in the form its kernel reads: panels for each group, or [tap, channel] where every group is one channel.
package struct SweepWeights: Sendable {
    enum Form: Sendable {
        case panels([PackedPanels])
        case depthwise(weights: Region<Float>, bias: Region<Float>?)
    }
    let form: Form

    /// - Parameters:
    ///   - taps: for every tap of the sweep, the offset of its weights.
    ///   - sourceStride: between the weights of neighbouring source channels; `targetStride`: of target channels.
    ///   - groupStride: between groups.
    init(
        _ weights: [Float], groups: Int, sources: Int, targets: Int, taps: [Int], sourceStride: Int, targetStride: Int, groupStride: Int,
        bias: [Float]?, lanes: Int
    ) {
        form = weights.withUnsafeBufferPointer { weights in
            if sources == 1 && targets == 1 && groups > 1 {
                let packed = Region<Float>(count: taps.count * groups)
                for (tap, offset) in taps.enumerated() {
                    for group in 0..<groups { packed[tap * groups + group] = weights[offset + group * groupStride] }
                }
                return .depthwise(weights: packed, bias: bias.map { Region($0) })
            }
            let rowOffsets = taps.flatMap { tap in (0..<sources).map { tap + $0 * sourceStride } }
            return .panels(
                (0..<groups).map { group in
                    PackedPanels(
                        weights, base: group * groupStride, rowOffsets: rowOffsets, columns: targets, columnStride: targetStride,
                        bias: bias.map { Array($0[group * targets..<(group + 1) * targets]) }, lanes: lanes)
                })
        }
    }

    /// One group, from a dense matrix [tap · source channel, target channel].
    init(matrix: [Float], rows: Int, targets: Int, lanes: Int) {
        form = matrix.withUnsafeBufferPointer {
            .panels([PackedPanels($0, rowOffsets: (0..<rows).map { $0 * targets }, columns: targets, columnStride: 1, lanes: lanes)])
        }
    }

    /// Panels in all, the unit in which columns are divided over threads.
    var panelCount: Int {
        if case .panels(let groups) = form { groups.reduce(0) { $0 + $1.panels.count } } else { 1 }
    }
}

/// Where a sweep reads and writes, for one item.
package struct SweepBuffers {
    let source: UnsafePointer<Float>
    let sourceRowStride: Int
    let target: UnsafeMutablePointer<Float>
    let targetRowStride: Int
    let residual: UnsafePointer<Float>?
    let residualRowStride: Int
    let residualMode: Int32
    let halo: UnsafeMutablePointer<Float>
}

extension WindowProduct {
    /// Computes `rows` of the result, the columns of panels `panels` (counted over all groups).
    func run(
        _ weights: SweepWeights, rows: Range<Int>, panels: Range<Int>, buffers: SweepBuffers, activation: Activation,
        kernels: UnsafePointer<ecg_kernels>
    ) {
        forEachRun(rows, source: buffers.source, rowStride: buffers.sourceRowStride, halo: buffers.halo) { run in
            let row = first + run.rows.lowerBound * step
            let output = buffers.target + row * buffers.targetRowStride
            let residual = buffers.residual.map { $0 + row * buffers.residualRowStride }
            switch weights.form {
            case .depthwise(let values, let bias):
                var call = ecg_depthwise(
                    input: run.source, inputStride: run.rowStride * stride, taps: taps, tapStride: run.rowStride * dilation,
                    weights: UnsafePointer(values.pointer), weightStride: sourceChannels, bias: bias.map { UnsafePointer($0.pointer) },
                    output: output, outputStride: buffers.targetRowStride * step, residual: residual,
                    residualStride: buffers.residualRowStride * step, residualMode: buffers.residualMode, activation: activation.code,
                    slope: activation.slope, channels: sourceChannels)
                kernels.pointee.depthwise(&call, run.rows.count)
            case .panels(let groups):
                let sources = sourceChannels / groups.count
                let targets = targetChannels / groups.count
                // Dense rows make the taps of a window one run, unless there are gaps between them.
                let joined = run.rowStride == sources && dilation == 1
                var first = 0
                for (group, packed) in groups.enumerated() {
                    defer { first += packed.panels.count }
                    let blocks = blocks(run.rows.count, rowFloats: run.rowStride * stride, packed)
                    for block in 0..<blocks {
                        let (start, end) = (run.rows.count * block / blocks, run.rows.count * (block + 1) / blocks)
                        for (index, panel) in packed.panels.enumerated() where panels.contains(first + index) {
                            let column = group * targets + panel.column
                            var call = ecg_panel(
                                input: run.source + group * sources + start * run.rowStride * stride, inputStride: run.rowStride * stride,
                                taps: joined ? 1 : taps, tapStride: run.rowStride * dilation, tapLength: joined ? taps * sources : sources,
                                weights: UnsafePointer(packed.weights.pointer + panel.offset),
                                bias: packed.bias.map { UnsafePointer($0.pointer + panel.column) },
                                output: output + column + start * buffers.targetRowStride * step,
                                outputStride: buffers.targetRowStride * step,
                                residual: residual.map { $0 + column + start * buffers.residualRowStride * step },
                                residualStride: buffers.residualRowStride * step, residualMode: buffers.residualMode,
                                activation: activation.code, slope: activation.slope, vectors: Int32(panel.vectors),
                                columns: Int32(panel.columns))
                            kernels.pointee.panel(&call, end - start)
                        }
                    }
                }
            }
        }
    }
}

extension WindowProduct {
    /// Blocks of rows that pass all panels before the next block: inputs are then read from the first cache for every panel but the first, and
    /// whole rows are written together. Only where the weights stay in the second cache meanwhile.
    private func blocks(_ rows: Int, rowFloats: Int, _ packed: PackedPanels) -> Int {
        guard packed.panels.count > 1, 4 * packed.weights.count <= 512 << 10 else { return 1 }
        let tile = 14
        let tiles = max(1, (24 << 10) / (4 * tile * max(1, rowFloats)))
        return max(1, (rows + tile * tiles - 1) / (tile * tiles))
    }
}

/// The direct algorithm, forward.
package final class DirectConvolution: Sendable {
    private let shape: ConvolutionShape
    private let sweep: WindowProduct
    private let weights: SweepWeights
    private let triples: TripleProduct?
    private let activation: Activation
    private let instructionSet: InstructionSet

    /// - Parameter byTriples: two taps with fewer products, where the weights allow it; the shape must.
    package init(
        shape: ConvolutionShape, weights: [Float], bias: [Float]?, activation: Activation, byTriples: Bool = false,
        instructionSet: InstructionSet
    ) {
        precondition(!byTriples || TripleProduct.takes(shape))
        self.shape = shape
        self.activation = activation
        self.instructionSet = instructionSet
        sweep = WindowProduct(
            sourceLength: shape.inputLength, sourceChannels: shape.inputChannels, targetChannels: shape.outputChannels, taps: shape.kernel,
            stride: shape.stride, dilation: shape.dilation, pad: shape.padLeft, count: shape.outputLength, first: 0, step: 1)
        let sources = shape.inputChannels / shape.groups
        let targets = shape.outputChannels / shape.groups
        self.weights = SweepWeights(
            weights, groups: shape.groups, sources: sources, targets: targets, taps: Array(0..<shape.kernel), sourceStride: shape.kernel,
            targetStride: sources * shape.kernel, groupStride: targets * sources * shape.kernel, bias: bias, lanes: instructionSet.lanes)
        triples =
            byTriples
            ? TripleProduct(
                weights, sources: sources, targets: targets, taps: [0, 1], sourceStride: 2, targetStride: 2 * sources, bias: bias,
                lanes: instructionSet.lanes) : nil
    }

    /// Floats for each thread.
    package var scratchCount: Int { sweep.haloCount + (triples == nil ? 0 : TripleProduct.scratchCount(shape.inputChannels)) }

    package func run(
        items: Int, input: Region<Float>, inputRowStride: Int, output: Region<Float>, outputRowStride: Int, residual: Residual?,
        activation: Activation? = nil, scratch: Region<Float>, workers: Workers?
    ) {
        let activation = activation ?? self.activation
        let shape = self.shape
        check(items, rows: shape.inputLength, rowStride: inputRowStride, channels: shape.inputChannels, input)
        check(items, rows: shape.outputLength, rowStride: outputRowStride, channels: shape.outputChannels, output)
        let residualStride = residual.map { $0.rowStride ?? shape.outputChannels } ?? 0
        if let residual {
            check(items, rows: shape.outputLength, rowStride: residualStride, channels: shape.outputChannels, residual.rows)
        }
        precondition(scratch.count >= scratchCount * (workers?.count ?? 1))
        let division = Division(
            items: items, rows: triples == nil ? sweep.count : TripleProduct.count(sweep), panels: weights.panelCount,
            operations: items * shape.operations, workers: workers)
        division.run { item, rows, panels, worker in
            let scratch = scratch.pointer + worker * self.scratchCount
            let buffers = SweepBuffers(
                source: UnsafePointer(input.pointer + item * shape.inputLength * inputRowStride), sourceRowStride: inputRowStride,
                target: output.pointer + item * shape.outputLength * outputRowStride, targetRowStride: outputRowStride,
                residual: residual.map { UnsafePointer($0.rows.pointer + item * shape.outputLength * residualStride) },
                residualRowStride: residualStride, residualMode: residual?.mode ?? 0, halo: scratch)
            if let triples = self.triples {
                triples.run(
                    self.sweep, triples: rows, panels: panels, plain: self.weights, buffers: buffers, activation: activation,
                    scratch: scratch + self.sweep.haloCount, kernels: self.instructionSet.kernels)
            } else {
                self.sweep.run(
                    self.weights, rows: rows, panels: panels, buffers: buffers, activation: activation,
                    kernels: self.instructionSet.kernels)
            }
        }
    }
}

/// - Precondition: `items` items of `rows` rows, `rowStride` floats apart, lie in the region.
package func check(_ items: Int, rows: Int, rowStride: Int, channels: Int, _ region: Region<Float>) {
    precondition(rowStride >= channels && (items * rows == 0 || (items * rows - 1) * rowStride + channels <= region.count))
}
