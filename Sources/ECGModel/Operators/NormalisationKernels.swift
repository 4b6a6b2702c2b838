// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// LayerNormalization of float32 rows with constant scales, by the kernel library. Keeps each row's mean and inverse deviation.
struct LayerNormalisationKernel: Kernel {
    let rows: Int
    let count: Int
    let epsilon: Float

    func reverseReads(_ rule: Rule) -> ReverseReads { .inputs }
    var canSetGradients: Bool { true }
    func gradientInputs(_ inputs: [Fact?]) -> [Int] { inputs[0]?.constant == nil ? [0] : [] }

    private func parameter(_ inputs: [Tensor?], _ index: Int) -> Region<Float>? { index < inputs.count ? inputs[index]?.region() : nil }

    func forward(_ run: ForwardRun) {
        guard let x = run.inputs[0]?.region(Float.self), let y = run.outputs[0]?.region(Float.self) else { return }
        Normalisation.layer(
            rows: rows, count: count, input: x, scale: parameter(run.inputs, 1), shift: parameter(run.inputs, 2), epsilon: epsilon,
            output: y,
            statistics: run.kept.first?.region(), workers: run.workers)
    }

    func reverse(_ run: ReverseRun) {
        guard let x = run.inputs[0]?.region(Float.self), let g = run.outputGradients[0]?.region(Float.self),
            let into = run.inputGradients[0]?.region(Float.self), let statistics = run.kept.first?.region(Float.self)
        else { return }
        Normalisation.layerGradient(
            rows: rows, count: count, input: x, scale: parameter(run.inputs, 1), statistics: statistics, upstream: g, gradient: into,
            accumulate: run.accumulates[0], workers: run.workers)
    }
}

/// InstanceNormalization and GroupNormalization of float32 channels last with constant scales, by the kernel library; the rescale rule by plain loops.
struct ChannelGroupsKernel: Kernel {
    let items: Int
    let length: Int
    let channels: Int
    let groups: Int
    let epsilon: Float
    /// The same for row-major elements.
    let plain: RunNormalisationKernel
    let shape: Shape

    func reverseReads(_ rule: Rule) -> ReverseReads { .inputs }
    func supports(_ rule: Rule) -> Bool { true }
    func gradientInputs(_ inputs: [Fact?]) -> [Int] { inputs[0]?.constant == nil ? [0] : [] }

    private func ownScratch(_ threads: Int) -> Int { Normalisation.groupScratchCount(channels: channels) * threads }
    func scratchBytes(threads: Int) -> Int { ownScratch(threads) * 4 }

    func forward(_ run: ForwardRun) {
        guard let x = run.inputs[0]?.region(Float.self), let y = run.outputs[0]?.region(Float.self), let scratch = run.scratch else {
            return
        }
        Normalisation.group(
            items: items, length: length, channels: channels, groups: groups, input: x, scale: run.inputs[1]?.region(),
            shift: run.inputs[2]?.region(), epsilon: epsilon, output: y, statistics: run.kept.first?.region(),
            scratch: scratch.floats(0..<ownScratch(run.workers?.count ?? 1)), workers: run.workers)
    }

    func reverse(_ run: ReverseRun) {
        guard let x = run.inputs[0], let g = run.outputGradients[0], let into = run.inputGradients[0],
            let statistics = run.kept.first?.region(Float.self), let scratch = run.scratch
        else { return }
        if run.rule == .rescale { return rescale(run, x, g, into) }
        Normalisation.groupGradient(
            items: items, length: length, channels: channels, groups: groups, input: x.region(), scale: run.inputs[1]?.region(),
            statistics: statistics, upstream: g.region(), gradient: into.region(), accumulate: true,
            scratch: scratch.floats(0..<ownScratch(run.workers?.count ?? 1)), workers: run.workers)
    }

    private func rescale(_ run: ReverseRun, _ x: Tensor, _ g: Tensor, _ into: Tensor) {
        func move(_ tensor: Tensor?, to layout: Layout) -> Tensor? {
            guard let tensor else { return nil }
            let moved = Tensor(type: .float32, shape: shape)
            StridedMove.layout(shape, from: layout == .rowMajor ? .channelsLast : .rowMajor, to: layout)
                .forward(ForwardRun(inputs: [tensor], outputs: [moved], kept: [], scratch: nil, workers: nil))
            return moved
        }
        let found = Tensor(type: .float32, shape: shape)
        plain.reverse(
            ReverseRun(
                rule: .rescale, inputs: [move(x, to: .rowMajor)] + run.inputs.dropFirst(), outputs: run.outputs, kept: [],
                referenceInputs: [move(run.referenceInputs[0], to: .rowMajor)] + run.referenceInputs.dropFirst(), referenceOutputs: [],
                referenceKept: [], outputGradients: [move(g, to: .rowMajor)], inputGradients: [found, nil, nil],
                accumulates: [true, true, true], scratch: nil, workers: nil))
        if let moved = move(found, to: .channelsLast) { into.region(Float.self).add(moved.region()) }
    }
}
