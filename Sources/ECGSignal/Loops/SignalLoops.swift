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

    /// Appends moments [time][lane] in double precision, a lane a lead, times a factor; lanes that are left over are zero.
    static func append(_ leads: [LeadSamples], times factor: Double, lanes: Int, to values: inout [Double]) {
        guard let count = leads.first?.range.count, count > 0 else { return }
        values.append(addingCapacity: count * lanes) { span in
            span.withUnsafeMutableBufferPointer { buffer, initialized in
                guard let first = buffer.baseAddress else { return }
                weave(leads, times: factor, lanes: lanes, to: first + initialized)
                initialized += count * lanes
            }
        }
    }

    /// The same in place of what is there from a moment on.
    static func set(_ values: inout [Double], at moment: Int, to leads: [LeadSamples], times factor: Double, lanes: Int) {
        guard let count = leads.first?.range.count, count > 0 else { return }
        precondition(moment >= 0 && (moment + count) * lanes <= values.count)
        values.withUnsafeMutableBufferPointer { buffer in
            if let first = buffer.baseAddress { weave(leads, times: factor, lanes: lanes, to: first + moment * lanes) }
        }
    }

    private static func weave(_ leads: [LeadSamples], times factor: Double, lanes: Int, to: UnsafeMutablePointer<Double>) {
        let count = leads[0].range.count
        precondition(leads.count <= lanes)
        precondition(leads.allSatisfy { $0.range.count == count && $0.range.lowerBound >= 0 && $0.range.upperBound <= $0.values.count })
        if leads.count < lanes { to.initialize(repeating: 0, count: count * lanes) }
        if leads.count == 2, lanes == 2 {
            leads[0].withPointer { one in leads[1].withPointer { two in here.weave(one, two, factor, to, count) } }
        } else {
            for (lane, lead) in leads.enumerated() { lead.withPointer { here.widen($0, factor, to + lane, lanes, count) } }
        }
    }

    /// Makes an array longer by `count` values, which are to be set before they are read.
    static func lengthen(_ values: inout [Float], by count: Int) {
        if count > 0 { extend(&values, by: count) { _ in } }
    }

    /// Sets values of leads, from index `at` of each on, to moments [time][lane] times a factor, rounded to single precision.
    static func set(_ leads: inout [[Float]], at index: Int, to values: [Double], _ moments: Range<Int>, times factor: Double, lanes: Int) {
        guard !moments.isEmpty else { return }
        precondition(moments.lowerBound >= 0 && moments.upperBound * lanes <= values.count && leads.count <= lanes)
        precondition(index >= 0 && leads.allSatisfy { index + moments.count <= $0.count })
        values.withUnsafeBufferPointer { values in
            guard let from = values.baseAddress.map({ $0 + moments.lowerBound * lanes }) else { return }
            if leads.count == 2, lanes == 2 {
                var (first, second) = ([Float](), [Float]())
                swap(&first, &leads[0])
                swap(&second, &leads[1])
                first.withUnsafeMutableBufferPointer { first in
                    second.withUnsafeMutableBufferPointer { second in
                        guard let one = first.baseAddress, let two = second.baseAddress else { return }
                        here.unweave(from, factor, one + index, two + index, moments.count)
                    }
                }
                swap(&first, &leads[0])
                swap(&second, &leads[1])
            } else {
                for lead in leads.indices {
                    leads[lead].withUnsafeMutableBufferPointer { to in
                        if let to = to.baseAddress { here.narrow(from + lead, factor, lanes, to + index, moments.count) }
                    }
                }
            }
        }
    }

    /// Appends a range of samples and a constant.
    static func append(_ samples: [Float], _ range: Range<Int>, plus constant: Float, to output: inout [Float]) {
        guard !range.isEmpty else { return }
        precondition(range.lowerBound >= 0 && range.upperBound <= samples.count)
        samples.withUnsafeBufferPointer { from in
            if let from = from.baseAddress { append(from + range.lowerBound, count: range.count, plus: constant, to: &output) }
        }
    }

    /// Appends, for each of `count` windows, the sum of the products of taps and samples, and `after`.
    static func correlate(_ samples: [Float], taps: [Float], after: Float, count: Int, into output: inout [Float]) {
        guard count > 0 else { return }
        precondition(count + taps.count - 1 <= samples.count)
        samples.withUnsafeBufferPointer { samples in
            taps.withUnsafeBufferPointer { taps in
                guard let from = samples.baseAddress, let first = taps.baseAddress else { return }
                extend(&output, by: count) { here.correlate(from, first, taps.count, after, $0, count) }
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
        var made = 0
        samples.withUnsafeBufferPointer { samples in
            phases.withUnsafeBufferPointer { phases in
                guard let from = samples.baseAddress, let taps = phases.baseAddress else { return }
                var place = ecg_polyphase(phases: taps, reach: reach, up: ratio.up, down: ratio.down, newest: newest, phase: phase)
                output.append(addingCapacity: most) { span in
                    span.withUnsafeMutableBufferPointer { buffer, initialized in
                        guard let first = buffer.baseAddress else { return }
                        made = here.resample(&place, from, samples.count, first + initialized, most)
                        initialized += made
                    }
                }
                newest = place.newest
                phase = place.phase
            }
        }
        return made
    }

    /// Runs four sections over values [time][lead] of 1, 2 or 4 leads in place, from moment to moment or backwards.
    ///
    /// - Parameter states: [2][section][lead], s1 and s2 of each section.
    static func run(
        _ sections: [ecg_section], states: inout [Double], leads: Int, over values: inout [Double], moments: Range<Int>, backwards: Bool
    ) {
        precondition(sections.count == 4 && states.count == 8 * leads && (leads == 1 || leads == 2 || leads == 4))
        precondition(moments.lowerBound >= 0 && moments.upperBound * leads <= values.count)
        sections.withUnsafeBufferPointer { sections in
            states.withUnsafeMutableBufferPointer { states in
                values.withUnsafeMutableBufferPointer { values in
                    guard let section = sections.baseAddress, let state = states.baseAddress, let start = values.baseAddress else { return }
                    here.sections(section, state, Int32(leads), backwards ? 1 : 0, start + moments.lowerBound * leads, moments.count)
                }
            }
        }
    }

    /// The same over two ranges of moments side by side, equally long and apart from each other, each with states of its own: over the one
    /// forwards, over the other backwards.
    static func run(
        _ sections: [ecg_section], states: inout [Double], and otherStates: inout [Double], leads: Int, over values: inout [Double],
        forwards moments: Range<Int>, backwards otherMoments: Range<Int>
    ) {
        precondition(sections.count == 4 && states.count == 8 * leads && otherStates.count == 8 * leads)
        precondition(leads == 1 || leads == 2 || leads == 4)
        precondition(moments.count == otherMoments.count && !moments.overlaps(otherMoments))
        precondition(min(moments.lowerBound, otherMoments.lowerBound) >= 0)
        precondition(max(moments.upperBound, otherMoments.upperBound) * leads <= values.count)
        sections.withUnsafeBufferPointer { sections in
            states.withUnsafeMutableBufferPointer { states in
                otherStates.withUnsafeMutableBufferPointer { otherStates in
                    values.withUnsafeMutableBufferPointer { values in
                        guard let section = sections.baseAddress, let state = states.baseAddress, let otherState = otherStates.baseAddress,
                            let start = values.baseAddress
                        else { return }
                        here.two_runs(
                            section, state, otherState, Int32(leads), 0, 1, start + moments.lowerBound * leads,
                            start + otherMoments.lowerBound * leads, moments.count)
                    }
                }
            }
        }
    }

    // MARK: For the transforms' own memory

    static func append(_ from: UnsafePointer<Float>, count: Int, plus constant: Float, to output: inout [Float]) {
        extend(&output, by: count) { here.shift(from, constant, $0, count) }
    }

    /// Appends every second of the values from one on.
    static func appendSeconds(_ from: UnsafePointer<Float>, count: Int, plus constant: Float, to output: inout [Float]) {
        extend(&output, by: count) { here.unpair(from, constant, $0, count) }
    }

    /// Makes complex numbers of two sequences, the real parts and the imaginary parts.
    static func pair(_ first: UnsafePointer<Float>, _ second: UnsafePointer<Float>, count: Int, to: UnsafeMutablePointer<Float>) {
        here.pair(first, second, to, count)
    }

    /// Multiplies complex numbers, real and imaginary parts after each other.
    static func multiply(_ x: UnsafeMutablePointer<Float>, by h: UnsafePointer<Float>, count: Int) { here.multiply(x, h, count) }

    /// Makes an array longer by `count` elements, all of which `fill` sets.
    private static func extend(_ values: inout [Float], by count: Int, _ fill: (UnsafeMutablePointer<Float>) -> Void) {
        values.append(addingCapacity: count) { span in
            span.withUnsafeMutableBufferPointer { buffer, initialized in
                guard let first = buffer.baseAddress else { return }
                fill(first + initialized)
                initialized += count
            }
        }
    }
}

extension LeadSamples {
    /// Calls `body` with the first sample's place, if there is one.
    fileprivate func withPointer(_ body: (UnsafePointer<Float>) -> Void) {
        values.withUnsafeBufferPointer { buffer in
            if let first = buffer.baseAddress { body(first + range.lowerBound) }
        }
    }
}

/// A second-order section.
typealias SectionCoefficients = ecg_section
