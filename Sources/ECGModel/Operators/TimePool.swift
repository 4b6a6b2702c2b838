// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// Pooling along time in float32, channels last, by the kernel library. The rescale rule for maxima runs on the plain loops.
struct TimePoolKernel: Kernel {
    let kind: PoolOperator.Kind
    let shape: PoolShape
    let items: Int
    let isGlobal: Bool
    /// The same pool by plain loops.
    let plain: PoolKernel

    /// The rows of the maxima, for the reverse run.
    static func kept(_ kind: PoolOperator.Kind, _ output: Fact) -> [Fact] { kind == .maximum ? [Fact(.int32, output.shape)] : [] }

    func reverseReads(_ rule: Rule) -> ReverseReads { kind == .maximum && rule == .rescale ? .inputs : .none }
    var canSetGradients: Bool { true }
    func supports(_ rule: Rule) -> Bool { true }

    func forward(_ run: ForwardRun) {
        guard let x = run.inputs[0]?.region(Float.self), let y = run.outputs[0]?.region(Float.self) else { return }
        if kind == .maximum {
            Pooling.maximum(shape, items: items, input: x, output: y, indices: run.kept.first?.region(), workers: run.workers)
        } else if isGlobal {
            Pooling.globalAverage(
                items: items, length: shape.inputLength, channels: shape.channels, input: x, output: y, workers: run.workers)
        } else {
            Pooling.average(
                shape, countIncludesPadding: kind == .averageWithPadding, items: items, input: x, output: y, workers: run.workers)
        }
    }

    func reverse(_ run: ReverseRun) {
        guard let g = run.outputGradients[0]?.region(Float.self), let tensor = run.inputGradients[0] else { return }
        let into = tensor.region(Float.self)
        if kind == .maximum {
            if run.rule == .rescale {
                if !run.accumulates[0] { tensor.zero() }
                plain.reverse(run)
            } else if let indices = run.kept.first?.region(Int32.self) {
                Pooling.maximumGradient(
                    shape, items: items, upstream: g, indices: indices, gradient: into, accumulate: run.accumulates[0], workers: run.workers
                )
            }
        } else if isGlobal {
            Pooling.globalAverageGradient(
                items: items, length: shape.inputLength, channels: shape.channels, upstream: g, gradient: into,
                accumulate: run.accumulates[0],
                workers: run.workers)
        } else {
            Pooling.averageGradient(
                shape, countIncludesPadding: kind == .averageWithPadding, items: items, upstream: g, gradient: into,
                accumulate: run.accumulates[0],
                workers: run.workers)
        }
    }
}
