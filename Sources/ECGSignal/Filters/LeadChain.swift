// SPDX-License-Identifier: GPL-3.0-or-later

/// The steps of a filter on one lead, and what they make of gaps.
///
/// Samples that are not finite are a gap. It is filled before the first step, so that the filters see a smooth signal, and opened again after the
/// last: a gap stays where it was and does not spread. The filling is linear from the sample before to the sample after; in a gap longer
/// than ten seconds it holds the sample before (zero at the record's start) and is linear over the last ten.
final class LeadChain: @unchecked Sendable {
    private var stages: [any LeadStage]
    private let ratio: RationalRatio
    private let ramp: Int
    /// Gaps in samples of the input, the newest may still be open.
    private var gaps: [Range<Int>] = []
    private var received = 0
    private var produced = 0
    /// Samples of the open gap that are not filled yet.
    private var unfilled = 0
    private var held: Float?
    /// What goes into a step, and what comes out of it.
    private var input: [Float] = []
    private var next: [Float] = []

    init(stages: [any LeadStage], fs: Double, ratio: RationalRatio) {
        self.stages = stages
        self.ratio = ratio
        ramp = Int(max(1, min(10 * fs, 1e7)))
    }

    /// Takes a range of samples and appends the values that are ready.
    func push(_ samples: [Float], _ range: Range<Int>, into output: inout [Float]) {
        for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.piece) {
            let end = min(start + Self.piece, range.upperBound)
            input.removeAll(keepingCapacity: true)
            if unfilled == 0, SignalLoops.areFinite(samples, start..<end) {
                input.append(contentsOf: samples[start..<end])
                received += end - start
                held = samples[end - 1]
            } else {
                fill(samples[start..<end])
            }
            run(from: 0, into: &output)
        }
    }

    /// What goes from step to step at a time stays in the cache.
    private static let piece = 1 << 14

    func finish(into output: inout [Float]) throws(FilterError) {
        input.removeAll(keepingCapacity: true)
        input.append(contentsOf: repeatElement(held ?? 0, count: unfilled))
        unfilled = 0
        run(from: 0, into: &output)
        for index in stages.indices {
            input.removeAll(keepingCapacity: true)
            try stages[index].finish(into: &input)
            run(from: index + 1, into: &output)
        }
    }

    /// Runs what is in `input` through the steps from one on.
    private func run(from first: Int, into output: inout [Float]) {
        let before = output.count
        for index in stages.indices.dropFirst(first) {
            if index + 1 == stages.count {
                stages[index].push(input, into: &output)
            } else {
                next.removeAll(keepingCapacity: true)
                stages[index].push(input, into: &next)
                swap(&input, &next)
            }
        }
        if first >= stages.count { output.append(contentsOf: input) }
        reopen(&output, from: before)
    }

    /// Puts samples into `input`, with gaps filled.
    private func fill(_ samples: ArraySlice<Float>) {
        for value in samples {
            if value.isFinite {
                if unfilled > 0 {
                    let from = held ?? value
                    let steps = Float(unfilled + 1)
                    for step in 1...unfilled { input.append(from + (value - from) * (Float(step) / steps)) }
                    unfilled = 0
                }
                input.append(value)
                held = value
            } else {
                if let last = gaps.last, last.upperBound == received {
                    gaps[gaps.count - 1] = last.lowerBound..<received + 1
                } else {
                    gaps.append(received..<received + 1)
                }
                if unfilled == ramp {
                    let value = held ?? 0
                    held = value
                    input.append(value)
                } else {
                    unfilled += 1
                }
            }
            received += 1
        }
    }

    /// Puts the gaps back into values that begin at an index, which is position `produced`.
    private func reopen(_ values: inout [Float], from first: Int) {
        let end = produced + values.count - first
        guard !gaps.isEmpty else {
            produced = end
            return
        }
        for gap in gaps {
            let place = ratio.span(of: gap)
            let from = max(place.lowerBound, produced)
            let to = min(place.upperBound, end)
            if from < to { for position in from..<to { values[first + position - produced] = .nan } }
        }
        produced = end
        // A gap that ends before everything still to come is done with, unless it is open.
        gaps.removeAll { ratio.span(of: $0).upperBound <= produced && $0.upperBound < received }
    }
}

extension RationalRatio {
    /// The new samples that lie within half a step, old or new, whichever is longer, of one of the old samples: no gap is ever lost.
    func span(of gap: Range<Int>) -> Range<Int> {
        if up == 1 && down == 1 { return gap }
        let (scale, half) = down >= up ? (Double(up) / Double(down), 0.5) : (Double(up) / Double(down), 0.5 * Double(up) / Double(down))
        // Positions below 2^53 are exact, and the tolerance keeps a half on the side of the gap.
        let low = (Double(gap.lowerBound) * scale - half - 1e-6).rounded(.up)
        let high = (Double(gap.upperBound - 1) * scale + half + 1e-6).rounded(.down)
        return Int(max(0, low))..<max(Int(max(0, low)), Int(high) + 1)
    }
}
