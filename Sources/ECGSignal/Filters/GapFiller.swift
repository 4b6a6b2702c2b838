// SPDX-License-Identifier: GPL-3.0-or-later

/// The gaps of one lead: filled on the way into a filter, opened again on the way out.
///
/// The filling is linear from the sample before to the sample after; in a gap longer than ten seconds it holds the sample before (zero at the
/// record's start) and is linear over the last ten.
struct GapFiller: Sendable {
    private let ramp: Int
    /// Gaps in samples of the input, the newest may still be open.
    private var gaps: [Range<Int>] = []
    private var received = 0
    /// Samples of the open gap that are not filled yet.
    private var unfilled = 0
    private var held: Float?
    /// Filled samples that wait for those of other leads.
    private var filled: [Float] = []

    init(fs: Double) { ramp = Int(max(1, min(10 * fs, 1e7))) }

    /// How many samples are filled and wait.
    var ready: Int { filled.count }

    /// Whether nothing waits and the range has no gap, so that it can go on as it is.
    func isOpen(_ samples: [Float], _ range: Range<Int>) -> Bool {
        unfilled == 0 && filled.isEmpty && SignalLoops.areFinite(samples, range)
    }

    /// Samples that go on as they are.
    mutating func pass(_ samples: [Float], _ range: Range<Int>) {
        guard let last = range.last else { return }
        received += range.count
        held = samples[last]
    }

    mutating func fill(_ samples: [Float], _ range: Range<Int>) {
        for index in range {
            let value = samples[index]
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
    }

    /// The record ends here: a gap that is still open holds the sample before it.
    mutating func finish() {
        filled.append(contentsOf: repeatElement(held ?? 0, count: unfilled))
        unfilled = 0
    }

    /// Takes the first filled samples.
    mutating func take(_ count: Int) -> [Float] {
        if count == filled.count {
            defer { filled = [] }
            return filled
        }
        defer { filled.removeFirst(count) }
        return Array(filled[..<count])
    }

    /// Puts the gaps back into values that begin at an index and stand at these positions.
    mutating func reopen(_ values: inout [Float], from first: Int, at positions: Range<Int>, _ ratio: RationalRatio) {
        guard !gaps.isEmpty else { return }
        for gap in gaps {
            let place = ratio.span(of: gap).clamped(to: positions)
            for position in place { values[first + position - positions.lowerBound] = .nan }
        }
        // A gap that ends before everything still to come is done with, unless it is open.
        gaps.removeAll { ratio.span(of: $0).upperBound <= positions.upperBound && $0.upperBound < received }
    }
}
