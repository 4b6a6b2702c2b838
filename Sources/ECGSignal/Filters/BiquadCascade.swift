// SPDX-License-Identifier: GPL-3.0-or-later

/// A cascade of second-order sections in motion over 1, 2 or 4 leads, in double precision.
///
/// Each section runs as a state space, s1' = (c1 x + s2) - a1 s1, s2' = c2 x - a2 s1, y = b0 x + s1: the same numbers as direct form II
/// transposed, but from one sample to the next there are a product and a difference in place of three operations in a row. Four sections and the
/// leads go side by side in the lanes of vectors; sections that change nothing fill the last four. A lead's values do not depend on the others.
struct BiquadCascade: Sendable {
    let leads: Int
    private let biquads: [Biquad]
    /// Four sections each.
    private let stages: [[SectionCoefficients]]
    /// [2][section][lead] of each stage.
    private var states: [[Double]]

    init(_ sections: [Biquad], leads: Int = 1) {
        self.leads = leads
        biquads = sections
        var coefficients = sections.map { section in
            SectionCoefficients(
                b0: section.b0, c1: section.b1 - section.a1 * section.b0, c2: section.b2 - section.a2 * section.b0, a1: section.a1,
                a2: section.a2)
        }
        while coefficients.count % 4 != 0 { coefficients.append(SectionCoefficients(b0: 1, c1: 0, c2: 0, a1: 0, a2: 0)) }
        stages = stride(from: 0, to: coefficients.count, by: 4).map { Array(coefficients[$0..<$0 + 4]) }
        states = stages.map { _ in [Double](repeating: 0, count: 8 * leads) }
    }

    /// The state in which a constant has been at the input of a lead for ever (`scipy.signal.sosfilt_zi`).
    mutating func settle(at constant: Double, lead: Int = 0) {
        var input = constant
        for (index, section) in biquads.enumerated() {
            let output = section.constantGain * input
            let second = section.b2 * input - section.a2 * output
            let place = index % 4 * leads + lead
            states[index / 4][place] = section.b1 * input - section.a1 * output + second
            states[index / 4][4 * leads + place] = second
            input = output
        }
    }

    /// Filters the values [time][lead] of a range of moments in place, from the first to the last or from the last to the first.
    mutating func run(_ values: inout [Double], _ moments: Range<Int>, backwards: Bool = false) {
        for index in stages.indices {
            SignalLoops.run(stages[index], states: &states[index], leads: leads, over: &values, moments: moments, backwards: backwards)
        }
    }

    /// Filters two ranges of moments at once, this cascade the one and `other`, which has the same sections, the other: a run waits for itself from
    /// sample to sample, and two take little longer than one.
    mutating func run(
        _ values: inout [Double], _ moments: Range<Int>, backwards: Bool, beside other: inout BiquadCascade, _ otherMoments: Range<Int>
    ) {
        for index in stages.indices {
            SignalLoops.run(
                stages[index], states: &states[index], and: &other.states[index], leads: leads, over: &values, moments: moments,
                and: otherMoments, backwards: backwards)
        }
    }
}
