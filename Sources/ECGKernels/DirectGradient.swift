// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels

/// The direct algorithm, reverse: the gradient of a strided convolution with respect to its input is `stride` interleaved convolutions of
/// the output gradient, of stride 1, with the flipped taps. Each takes the taps that meet its phase of the input.
package final class DirectGradient: Sendable {
    private let shape: ConvolutionShape
    private let phases: [Sweep]
    /// For a narrow input whose rows are dense: several of its rows at once in place of the one phase.
    private let joined: [Sweep]?
    /// For two taps: the one phase with fewer products.
    private let triples: TripleProduct?
    /// Input rows that no output saw: `first`, and then every `step`-th.
    private let unseen: [(first: Int, step: Int)]
    private let instructionSet: InstructionSet

    /// - Parameter byTriples: two taps with fewer products, where the weights allow it; the shape must.
    package init(shape: ConvolutionShape, weights: [Float], byTriples: Bool = false, instructionSet: InstructionSet) {
        precondition(!byTriples || TripleProduct.takes(shape))
        self.shape = shape
        self.instructionSet = instructionSet
        let sources = shape.outputChannels / shape.groups
        let targets = shape.inputChannels / shape.groups
        var phases: [Sweep] = []
        var unseen: [(Int, Int)] = []
        for phase in Self.phases(shape) {
            guard let sweep = phase.sweep else {
                unseen.append((phase.first, shape.stride))
                continue
            }
            let packed = SweepWeights(
                weights, groups: shape.groups, sources: sources, targets: targets, taps: phase.taps, sourceStride: targets * shape.kernel,
                targetStride: shape.kernel, groupStride: sources * targets * shape.kernel, bias: nil, lanes: instructionSet.lanes)
            phases.append(Sweep(sweep: sweep, weights: packed))
        }
        self.phases = phases
        triples =
            byTriples
            ? TripleProduct(
                weights, sources: sources, targets: targets, taps: [1, 0], sourceStride: 2 * targets, targetStride: 2, bias: nil,
                lanes: instructionSet.lanes) : nil
        joined = triples != nil ? nil : Self.joined(shape, weights: weights, phases: phases, lanes: instructionSet.lanes)
        self.unseen = unseen
    }

    struct Sweep: Sendable {
        let sweep: WindowProduct
        let weights: SweepWeights
    }

    private struct Phase {
        let first: Int
        let taps: [Int]
        let sweep: WindowProduct?
    }

    /// For each residue of the input index modulo the stride: its rows, and the taps that reach them, last tap first.
    private static func phases(_ shape: ConvolutionShape) -> [Phase] {
        // Tap j of output row t touches input row t·stride − padLeft + j·dilation, so row i = first + q·stride meets the taps with
        // j·dilation ≡ i + padLeft (mod stride), which lie `stride / gcd` apart and `dilation / gcd` output rows.
        let gcd = Self.gcd(shape.stride, shape.dilation)
        let tapStep = shape.stride / gcd
        let rowStep = shape.dilation / gcd
        return (0..<min(shape.stride, shape.inputLength)).map { first in
            let residue = (first + shape.padLeft) % shape.stride
            guard let lowest = (0..<min(tapStep, shape.kernel)).first(where: { $0 * shape.dilation % shape.stride == residue }) else {
                return Phase(first: first, taps: [], sweep: nil)
            }
            let taps = Array(stride(from: lowest, to: shape.kernel, by: tapStep).reversed())
            // Row q meets output row (first + padLeft − lowest·dilation) / stride + q through the lowest tap, the last of the window.
            let last = (first + shape.padLeft - lowest * shape.dilation) / shape.stride
            let sweep = WindowProduct(
                sourceLength: shape.outputLength, sourceChannels: shape.outputChannels, targetChannels: shape.inputChannels,
                taps: taps.count,
                stride: 1, dilation: rowStep, pad: (taps.count - 1) * rowStep - last,
                count: (shape.inputLength - first + shape.stride - 1) / shape.stride, first: first, step: shape.stride)
            return Phase(first: first, taps: taps, sweep: sweep)
        }
    }

    private static func gcd(_ a: Int, _ b: Int) -> Int { b == 0 ? a : gcd(b, a % b) }

    /// Floats for each thread.
    package static func scratchCount(_ shape: ConvolutionShape, byTriples: Bool = false) -> Int {
        // The joined form's windows are longer than the plain ones by less than a tile's rows.
        (phases(shape).map { $0.sweep?.haloCount ?? 0 }.max() ?? 0) + (shape.stride == 1 ? 64 * shape.outputChannels * 2 : 0)
            + (byTriples ? TripleProduct.scratchCount(shape.outputChannels) : 0)
    }

    package func run(
        items: Int, outputGradient: Region<Float>, outputRowStride: Int, inputGradient: Region<Float>, inputRowStride: Int,
        accumulate: Bool,
        scratch: Region<Float>, workers: Workers?
    ) {
        let shape = self.shape
        check(items, rows: shape.outputLength, rowStride: outputRowStride, channels: shape.outputChannels, outputGradient)
        check(items, rows: shape.inputLength, rowStride: inputRowStride, channels: shape.inputChannels, inputGradient)
        let joined = inputRowStride == shape.inputChannels ? self.joined : nil
        // A joined row's zeros would turn an infinity beyond its reach into NaN: such an item goes the plain way.
        let flags = joined.map { _ in
            RowFlags(
                items: items, rows: shape.outputLength, channels: shape.outputChannels, UnsafePointer(outputGradient.pointer),
                rowStride: outputRowStride, kernels: instructionSet.kernels, workers: workers)
        }
        @Sendable func phases(_ item: Int) -> [Sweep] {
            guard let joined, let flags else { return self.phases }
            return flags.isWild(item, of: shape.outputLength) ? self.phases : joined
        }
        let all = self.phases + (joined ?? [])
        let halo = Self.scratchCount(shape, byTriples: triples != nil)
        precondition(scratch.count >= halo * (workers?.count ?? 1))
        if !accumulate { clear(items, inputGradient, inputRowStride) }
        let panels = all.map(\.weights.panelCount).max() ?? 0
        let rows = max(1, triples != nil ? all.map { TripleProduct.count($0.sweep) }.max() ?? 0 : all.map(\.sweep.count).max() ?? 0)
        let mode = Residual(inputGradient, .afterActivation).mode
        let division = Division(items: items, rows: rows, panels: panels, operations: items * shape.operations, workers: workers)
        division.run { item, part, panels, worker in
            let target = inputGradient.pointer + item * shape.inputLength * inputRowStride
            let buffers = SweepBuffers(
                source: UnsafePointer(outputGradient.pointer + item * shape.outputLength * outputRowStride),
                sourceRowStride: outputRowStride,
                target: target, targetRowStride: inputRowStride, residual: accumulate ? UnsafePointer(target) : nil,
                residualRowStride: inputRowStride, residualMode: accumulate ? mode : 0, halo: scratch.pointer + worker * halo)
            if let triples = self.triples, let only = self.phases.first {
                triples.run(
                    only.sweep, triples: part, panels: panels, plain: only.weights, buffers: buffers, activation: .identity,
                    scratch: buffers.halo + only.sweep.haloCount, kernels: self.instructionSet.kernels)
                return
            }
            for phase in phases(item) {
                let count = phase.sweep.count
                let range = count * part.lowerBound / rows..<count * part.upperBound / rows
                if range.isEmpty { continue }
                phase.sweep.run(
                    phase.weights, rows: range, panels: panels, buffers: buffers, activation: .identity,
                    kernels: self.instructionSet.kernels)
            }
        }
    }

    private func clear(_ items: Int, _ gradient: Region<Float>, _ rowStride: Int) {
        for item in 0..<items {
            for (first, step) in unseen {
                for row in stride(from: first, to: shape.inputLength, by: step) {
                    (gradient.pointer + (item * shape.inputLength + row) * rowStride).update(repeating: 0, count: shape.inputChannels)
                }
            }
        }
    }
}
