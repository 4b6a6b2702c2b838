// SPDX-License-Identifier: GPL-3.0-or-later
//
// The one file that calls CSignalLoops, the innermost loops of the filters.

import CSignalLoops

/// The loops for this processor's vectors; they give the same bits on every processor.
enum SignalLoops {
    private static let here = ecg_signal_loops_here().pointee

    static func areFinite(_ values: [Float], _ range: Range<Int>) -> Bool {
        values.withUnsafeBufferPointer { values in
            guard let first = values.baseAddress else { return true }
            precondition(range.lowerBound >= 0 && range.upperBound <= values.count)
            return here.all_finite(first + range.lowerBound, range.count) != 0
        }
    }

    /// Appends samples in double precision.
    static func append(_ samples: [Float], to values: inout [Double]) {
        let start = grow(&values, by: samples.count)
        samples.withUnsafeBufferPointer { from in
            values.withUnsafeMutableBufferPointer { to in
                if let from = from.baseAddress, let to = to.baseAddress { here.widen(from, to + start, samples.count) }
            }
        }
    }

    /// Appends values rounded to single precision.
    static func append(_ values: [Double], _ range: Range<Int>, to output: inout [Float]) {
        precondition(range.lowerBound >= 0 && range.upperBound <= values.count)
        let start = grow(&output, by: range.count)
        values.withUnsafeBufferPointer { from in
            output.withUnsafeMutableBufferPointer { to in
                if let from = from.baseAddress, let to = to.baseAddress { here.narrow(from + range.lowerBound, to + start, range.count) }
            }
        }
    }

    /// Appends, for each of `count` windows from `start` on, the sum of the products of taps and samples: `before` is added to every sample
    /// and `after` to every sum.
    static func correlate(
        _ samples: [Float], from start: Int, before: Float, taps: [Float], after: Float, count: Int, into output: inout [Float]
    ) {
        guard count > 0 else { return }
        precondition(start >= 0 && start + count + taps.count - 1 <= samples.count)
        let end = grow(&output, by: count)
        samples.withUnsafeBufferPointer { samples in
            taps.withUnsafeBufferPointer { taps in
                output.withUnsafeMutableBufferPointer { output in
                    guard let from = samples.baseAddress, let first = taps.baseAddress, let to = output.baseAddress else { return }
                    here.correlate(from + start, before, first, taps.count, after, to + end, count)
                }
            }
        }
    }

    /// Appends the values of a changed sampling frequency whose samples are all there, at most `limit`.
    ///
    /// - Parameters:
    ///   - phases: taps of each phase, `reach` of them, a multiple of 16.
    ///   - newest: the newest sample that the next value meets, as an index into `samples`; at least `reach - 1`.
    /// - Returns: how many values there were.
    static func resample(
        _ samples: [Float], phases: [Float], reach: Int, ratio: RationalRatio, newest: inout Int, phase: inout Int, limit: Int,
        into output: inout [Float]
    ) -> Int {
        guard newest < samples.count else { return 0 }
        precondition(newest >= reach - 1 && phases.count == reach * ratio.up && phase < ratio.up)
        let most = min(limit, (samples.count - newest) * ratio.up / ratio.down + 2)
        let start = grow(&output, by: most)
        let made = samples.withUnsafeBufferPointer { samples in
            phases.withUnsafeBufferPointer { phases in
                output.withUnsafeMutableBufferPointer { output in
                    guard let from = samples.baseAddress, let taps = phases.baseAddress, let to = output.baseAddress else { return 0 }
                    var place = ecg_polyphase(phases: taps, reach: reach, up: ratio.up, down: ratio.down, newest: newest, phase: phase)
                    let made = here.resample(&place, from, samples.count, to + start, most)
                    newest = place.newest
                    phase = place.phase
                    return made
                }
            }
        }
        output.removeLast(most - made)
        return made
    }

    /// Runs four sections, from index `first` of `sections` on, over a range of values in place.
    static func run(
        _ sections: inout [ecg_section], from first: Int, over values: inout [Double], _ range: Range<Int>, backwards: Bool
    ) {
        precondition(first >= 0 && first + 4 <= sections.count && range.lowerBound >= 0 && range.upperBound <= values.count)
        sections.withUnsafeMutableBufferPointer { sections in
            values.withUnsafeMutableBufferPointer { values in
                guard let section = sections.baseAddress, let start = values.baseAddress else { return }
                let run = backwards ? here.sections_backwards : here.sections
                run(section + first, start + range.lowerBound, range.count)
            }
        }
    }

    // MARK: For the transforms' own memory

    static func shift(_ from: UnsafePointer<Float>, by constant: Float, to: UnsafeMutablePointer<Float>, count: Int) {
        here.shift(from, constant, to, count)
    }

    /// Multiplies complex numbers, real and imaginary parts after each other.
    static func multiply(_ x: UnsafeMutablePointer<Float>, by h: UnsafePointer<Float>, count: Int) { here.multiply(x, h, count) }

    /// Makes an array longer; returns where the new elements begin.
    private static func grow<Element: BinaryFloatingPoint>(_ values: inout [Element], by count: Int) -> Int {
        let start = values.count
        values.append(contentsOf: repeatElement(0, count: count))
        return start
    }
}

/// A second-order section in motion.
typealias SectionState = ecg_section
