// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels

/// The weights of a sweep of two neighbouring taps at stride 1 in a form that needs two products for each row of the result where the plain one needs
/// three: Toom and Cook's F(3, 2), by which three rows of the result, a triple, are four products (two-taps.h has the formulas).
///
/// Its error against exact arithmetic is about the plain sum's, in proportion to the loudest sample of a triple. What it can't do is left to the plain
/// sum, triple by triple: windows over samples that are NaN, infinite or absurdly large, which would reach rows that don't see them, and windows where
/// the input stands still, whose results must be the same bits at every place in a triple. That is a function of an item's samples alone, so its
/// bits stay the same in any batch.
struct TripleProduct: Sendable {
    let panels: PackedPanels
    private let channels: Int
    /// A row of zeros: what lies before and after an item.
    private let zeros: Region<Float>

    /// Whether a sweep can be computed so.
    static func takes(_ shape: ConvolutionShape) -> Bool {
        shape.kernel == 2 && shape.stride == 1 && shape.dilation == 1 && shape.groups == 1
    }

    /// Whether that is faster: where what the transform and the additions take is shared by enough inputs and outputs, and there are rows to fill tiles.
    /// Measured with AVX-512, time against that of plain tiles: 0.71 to 0.75 for 384 > 128 channels, 0.80 to 0.83 for 48 > 32, 0.87 to 0.89 for 32 > 48,
    /// 0.96 for 24 > 48, 0.87 for 48 > 16, 1.0 to 1.2 for 12 > 16; AVX2, with fewer registers: 0.73, 0.83 to 0.91, 1.06, 1.15, 1.0, 1.2.
    static func suits(_ shape: ConvolutionShape, _ direction: FrequencyProblem.Direction, _ set: InstructionSet) -> Bool {
        guard takes(shape) else { return false }
        let problem = FrequencyProblem(shape, direction)
        return problem.inputChannels >= (set == .avx512 ? 32 : 48) && problem.outputChannels >= 32 && problem.outputLength >= 40
    }

    /// The way of a layer in one direction: as it is asked for, or else where it suits.
    static func isChosen(
        _ shape: ConvolutionShape, _ direction: FrequencyProblem.Direction, algorithm: Convolution.Algorithm?, _ set: InstructionSet
    ) -> Bool {
        switch algorithm {
        case nil: suits(shape, direction, set)
        case .toomCook: takes(shape)
        default: false
        }
    }

    /// Beyond this, a sum of two products could overflow where the plain one doesn't.
    private static let largestWeight: Float = 0x1p60

    /// - Parameters:
    ///   - taps: the offsets of the two taps' weights, in the order of the rows that they meet.
    ///   - sourceStride: between the weights of neighbouring source channels; `targetStride`: of target channels.
    /// - Returns: nil where a weight is NaN, infinite or absurdly large.
    init?(_ weights: [Float], sources: Int, targets: Int, taps: [Int], sourceStride: Int, targetStride: Int, bias: [Float]?, lanes: Int) {
        precondition(taps.count == 2)
        guard weights.allSatisfy({ abs($0) <= Self.largestWeight }) else { return nil }
        let plane = sources * targets
        var matrix = [Float](repeating: 0, count: 4 * plane)
        for source in 0..<sources {
            for target in 0..<targets {
                let at = source * sourceStride + target * targetStride
                let (g0, g1) = (weights[taps[0] + at], weights[taps[1] + at])
                let place = source * targets + target
                matrix[place] = (g0 + g1) / 2
                matrix[plane + place] = (g0 - g1) / 2
                matrix[2 * plane + place] = g0
                matrix[3 * plane + place] = g1
            }
        }
        panels = matrix.withUnsafeBufferPointer {
            PackedPanels(
                $0, rowOffsets: (0..<4 * sources).map { $0 * targets }, columns: targets, columnStride: 1, bias: bias, lanes: lanes)
        }
        channels = sources
        zeros = Region(count: sources + lanes)
    }

    // MARK: Scratch

    /// Floats from one of the four transformed rows of a triple to the next, and from triple to triple: an odd number of cache lines.
    private static func row(_ channels: Int) -> Int { (channels + 15) / 16 * 16 }
    private static func triple(_ channels: Int) -> Int { 4 * row(channels) + 16 }

    /// Triples whose transform stays in the second-level cache while all panels pass. No bit depends on it.
    private static func block(_ channels: Int) -> Int {
        let tile = 14
        return max(1, min(8, cache / (4 * triple(channels) * tile))) * tile
    }

    private static let cache = 200_000

    /// Floats of scratch that a thread needs.
    static func scratchCount(_ channels: Int) -> Int { block(channels) * (triple(channels) + 1) + Storage.alignment / 4 }

    // MARK: Running

    /// Triples of a sweep's result. The last may lack a row or two, and is left to the plain sum then.
    static func count(_ sweep: WindowProduct) -> Int { (sweep.count + 2) / 3 }

    /// Computes some triples of the result, the columns of panels `panels`.
    /// - Parameters:
    ///   - plain: the same weights for plain tiles.
    ///   - scratch: at least `scratchCount` floats.
    func run(
        _ sweep: WindowProduct, triples: Range<Int>, panels: Range<Int>, plain: SweepWeights, buffers: SweepBuffers, activation: Activation,
        scratch: UnsafeMutablePointer<Float>, kernels: UnsafePointer<ecg_kernels>
    ) {
        let (triple, most) = (Self.triple(channels), Self.block(channels))
        let transformed = UnsafeMutableRawPointer(scratch).alignedUp(toMultipleOf: Storage.alignment).assumingMemoryBound(to: Float.self)
        let isPlain = UnsafeMutableRawPointer(transformed + most * triple).assumingMemoryBound(to: UInt8.self)
        var input = ecg_triples(
            input: buffers.source, inputStride: buffers.sourceRowStride, length: sweep.sourceLength, pad: sweep.pad, channels: channels,
            zeros: UnsafePointer(zeros.pointer))
        let blocks = (triples.count + most - 1) / most
        for block in 0..<blocks {
            let first = triples.lowerBound + triples.count * block / blocks
            let next = triples.lowerBound + triples.count * (block + 1) / blocks
            let whole = min(next, sweep.count / 3)
            kernels.pointee.transformTriples(&input, first, whole - first, transformed, isPlain)
            if whole < next { isPlain[whole - first] = 1 }
            // The rows of the next block are fetched while the last panel of this one is multiplied.
            let isFollowed = next < triples.upperBound && buffers.sourceRowStride == channels && 3 * next >= sweep.pad
            let ahead = isFollowed ? buffers.source + (3 * next - sweep.pad) * channels : nil
            var start = first
            while start < next {
                let kind = isPlain[start - first]
                var end = start + 1
                while end < next, isPlain[end - first] == kind { end += 1 }
                if kind == 0 {
                    multiply(
                        transformed + (start - first) * triple, count: end - start, row: sweep.first + 3 * start, panels: panels,
                        ahead: ahead, buffers: buffers, activation: activation, kernels: kernels)
                } else {
                    sweep.run(
                        plain, rows: 3 * start..<min(3 * end, sweep.count), panels: panels, buffers: buffers, activation: activation,
                        kernels: kernels)
                }
                start = end
            }
        }
    }

    /// - Parameter row: of the destination, where the first triple starts.
    private func multiply(
        _ transformed: UnsafePointer<Float>, count: Int, row: Int, panels range: Range<Int>, ahead: UnsafePointer<Float>?,
        buffers: SweepBuffers, activation: Activation, kernels: UnsafePointer<ecg_kernels>
    ) {
        for index in range {
            let panel = panels.panels[index]
            var call = ecg_panel(
                input: transformed, inputStride: Self.triple(channels), taps: 4, tapStride: Self.row(channels), tapLength: channels,
                weights: UnsafePointer(panels.weights.pointer + panel.offset),
                bias: panels.bias.map { UnsafePointer($0.pointer + panel.column) },
                output: buffers.target + row * buffers.targetRowStride + panel.column, outputStride: buffers.targetRowStride,
                residual: buffers.residual.map { $0 + row * buffers.residualRowStride + panel.column },
                residualStride: buffers.residualRowStride, residualMode: buffers.residualMode, activation: activation.code,
                slope: activation.slope, vectors: Int32(panel.vectors), columns: Int32(panel.columns))
            kernels.pointee.triplePanel(&call, count, index == range.upperBound - 1 ? ahead : nil)
        }
    }
}
