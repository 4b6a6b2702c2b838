// SPDX-License-Identifier: GPL-3.0-or-later

/// A cascade of second-order sections in motion over 1, 2 or 4 leads, in double precision.
///
/// Each section runs as a state space, s1' = (c1 x + s2) - a1 s1, s2' = c2 x - a2 s1, y = x + s1: the same numbers as direct form II
/// transposed, but from one sample to the next there is one fused product in place of three operations in a row. Four sections and the
/// leads go side by side in the lanes of vectors; sections that change nothing fill the last four. A lead's values do not depend on the others.
struct BiquadCascade: Sendable {
    let leads: Int
    /// What the values are to be multiplied by, before or after a run: b0 of all sections, which run with 1 in its place.
    let gain: Double
    private let biquads: [Biquad]
    /// Four sections each.
    private let stages: [[SectionCoefficients]]
    /// [2][section][lead] of each stage.
    private var states: [[Double]]

    init(_ sections: [Biquad], leads: Int = 1) {
        self.leads = leads
        gain = sections.reduce(1) { $0 * $1.b0 }
        biquads = sections.map { Biquad(b0: 1, b1: $0.b1 / $0.b0, b2: $0.b2 / $0.b0, a1: $0.a1, a2: $0.a2) }
        var coefficients = biquads.map { SectionCoefficients(c1: $0.b1 - $0.a1, c2: $0.b2 - $0.a2, a1: $0.a1, a2: $0.a2) }
        while coefficients.count % 4 != 0 { coefficients.append(SectionCoefficients(c1: 0, c2: 0, a1: 0, a2: 0)) }
        stages = stride(from: 0, to: coefficients.count, by: 4).map { Array(coefficients[$0..<$0 + 4]) }
        states = stages.map { _ in [Double](repeating: 0, count: 8 * leads) }
    }

    /// The state in which a constant has been at the sections' input of a lead for ever (`scipy.signal.sosfilt_zi`).
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

    /// Filters the values [time][lead] of a range of moments in place, but for the gain, from the first to the last or from the last to the first.
    mutating func run(_ values: inout [Double], _ moments: Range<Int>, backwards: Bool = false) {
        for index in stages.indices {
            SignalLoops.run(stages[index], states: &states[index], leads: leads, over: &values, moments: moments, backwards: backwards)
        }
    }

    /// Filters two ranges of moments at once, this cascade the one forwards and `other`, which has the same sections, the other backwards: a run
    /// waits for itself from sample to sample, and two take little longer than one.
    mutating func run(
        _ values: inout [Double], _ moments: Range<Int>, beside other: inout BiquadCascade, backwards otherMoments: Range<Int>
    ) {
        for index in stages.indices {
            SignalLoops.run(
                stages[index], states: &states[index], and: &other.states[index], leads: leads, over: &values, forwards: moments,
                backwards: otherMoments)
        }
    }
}
