// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// Pooling along time in float32, channels last, by the kernel library.
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

    /// DeepLIFT's rule for maxima, as the plain loops have it, with the places that the forward runs kept; false if they kept none.
    private func rescale(_ run: ReverseRun, _ g: Region<Float>, _ into: Region<Float>) -> Bool {
        guard let x = run.inputs[0]?.region(Float.self), let x0 = run.referenceInputs[0]?.region(Float.self),
            let own = run.kept.first?.region(Int32.self), let other = run.referenceKept.first?.region(Int32.self)
        else { return false }
        let (channels, rows) = (shape.channels, shape.outputLength)
        for item in 0..<items {
            let first = item * shape.inputLength * channels
            for row in 0..<rows {
                let out = (item * rows + row) * channels
                for c in 0..<channels {
                    let (place, place0) = (first + Int(own[out + c]) * channels + c, first + Int(other[out + c]) * channels + c)
                    let (y, y0) = (x[place], x0[place0])
                    let top = max(y, y0)
                    let (here, there) = (y - x0[place], x[place0] - y0)
                    into[place] += g[out + c] * (abs(here) < 1e-10 ? 1 : (top - y0) / here)
                    if abs(there) >= 1e-10 { into[place0] += g[out + c] * (y - top) / there }
                }
            }
        }
        return true
    }

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
                if !rescale(run, g, into) { plain.reverse(run) }
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
