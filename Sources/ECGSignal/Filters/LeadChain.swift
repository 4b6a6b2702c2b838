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

    init(stages: [any LeadStage], fs: Double, ratio: RationalRatio) {
        self.stages = stages
        self.ratio = ratio
        ramp = Int(max(1, min(10 * fs, 1e7)))
    }

    /// - Returns: the values that are ready, which follow those of the last call.
    func push(_ samples: [Float]) -> [Float] {
        guard samples.count > Self.piece else { return pushPiece(samples) }
        var values: [Float] = []
        values.reserveCapacity(samples.count)
        for start in stride(from: 0, to: samples.count, by: Self.piece) {
            values += pushPiece(Array(samples[start..<min(start + Self.piece, samples.count)]))
        }
        return values
    }

    /// What goes from step to step at a time stays in the cache.
    private static let piece = 1 << 14

    private func pushPiece(_ samples: [Float]) -> [Float] {
        var whole = unfilled == 0
        if whole { for value in samples where !value.isFinite { whole = false } }
        if whole {
            received += samples.count
            held = samples.last ?? held
            return reopen(run(samples))
        }
        return reopen(run(fill(samples)))
    }

    func finish() throws(FilterError) -> [Float] {
        var values = run([Float](repeating: held ?? 0, count: unfilled))
        unfilled = 0
        for index in stages.indices {
            var output: [Float] = []
            try stages[index].finish(into: &output)
            if index + 1 < stages.count {
                for later in stages.indices.dropFirst(index + 1) {
                    var next: [Float] = []
                    stages[later].push(output, into: &next)
                    output = next
                }
            }
            values += output
        }
        return reopen(values)
    }

    private func run(_ samples: [Float]) -> [Float] {
        var values = samples
        for index in stages.indices {
            var output: [Float] = []
            output.reserveCapacity(values.count)
            stages[index].push(values, into: &output)
            values = output
        }
        return values
    }

    private func fill(_ samples: [Float]) -> [Float] {
        var filled: [Float] = []
        filled.reserveCapacity(samples.count + unfilled)
        for value in samples {
            if value.isFinite {
                if unfilled > 0 {
                    let from = held ?? value
                    let steps = Float(unfilled + 1)
                    for step in 1...unfilled { filled.append(from + (value - from) * (Float(step) / steps)) }
                    unfilled = 0
                }
                filled.append(value)
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
                    filled.append(value)
                } else {
                    unfilled += 1
                }
            }
            received += 1
        }
        return filled
    }

    /// Puts the gaps back into values that begin at position `produced`.
    private func reopen(_ values: [Float]) -> [Float] {
        guard !gaps.isEmpty else {
            produced += values.count
            return values
        }
        var values = values
        let end = produced + values.count
        for gap in gaps {
            let place = ratio.span(of: gap)
            let from = max(place.lowerBound, produced)
            let to = min(place.upperBound, end)
            if from < to { for position in from..<to { values[position - produced] = .nan } }
        }
        produced = end
        // A gap that ends before everything still to come is done with, unless it is open.
        gaps.removeAll { ratio.span(of: $0).upperBound <= produced && $0.upperBound < received }
        return values
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
