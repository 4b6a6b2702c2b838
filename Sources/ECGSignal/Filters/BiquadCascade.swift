// SPDX-License-Identifier: GPL-3.0-or-later

/// A cascade of second-order sections in motion, in double precision.
///
/// Each section runs as a state space, s1' = (c1 x + s2) - a1 s1, s2' = c2 x - a2 s1, y = b0 x + s1: the same numbers as direct form II
/// transposed, but from one sample to the next there are a product and a difference in place of three operations in a row. Four sections go
/// side by side in the lanes of a vector; sections that change nothing fill the last four.
struct BiquadCascade: Sendable {
    private let biquads: [Biquad]
    private var states: [SectionState]

    init(_ sections: [Biquad]) {
        biquads = sections
        states = sections.map { section in
            SectionState(
                b0: section.b0, c1: section.b1 - section.a1 * section.b0, c2: section.b2 - section.a2 * section.b0, a1: section.a1,
                a2: section.a2, s1: 0, s2: 0)
        }
        while states.count % 4 != 0 { states.append(SectionState(b0: 1, c1: 0, c2: 0, a1: 0, a2: 0, s1: 0, s2: 0)) }
    }

    /// The state in which a constant has been at the input for ever (`scipy.signal.sosfilt_zi`).
    mutating func settle(at constant: Double) {
        var input = constant
        for (index, section) in biquads.enumerated() {
            let output = section.constantGain * input
            let second = section.b2 * input - section.a2 * output
            states[index].s1 = section.b1 * input - section.a1 * output + second
            states[index].s2 = second
            input = output
        }
    }

    /// Filters a range of values in place, from the first to the last or from the last to the first.
    mutating func run(_ values: inout [Double], _ range: Range<Int>, backwards: Bool = false) {
        for first in stride(from: 0, to: states.count, by: 4) {
            SignalLoops.run(&states, from: first, over: &values, range, backwards: backwards)
        }
    }
}
