// SPDX-License-Identifier: GPL-3.0-or-later

/// A cascade of second-order sections in motion, in double precision.
///
/// Each section runs as a state space, s1' = (c1 x + s2) - a1 s1, s2' = c2 x - a2 s1, y = b0 x + s1: the same numbers as direct form II
/// transposed, but from one sample to the next there are a product and a difference in place of three operations in a row. Four sections go
/// side by side, so that the processor works on all of them at a time.
struct BiquadCascade: Sendable {
    private var sections: [Section]

    private struct Section: Sendable {
        let biquad: Biquad
        let b0: Double
        let c1: Double
        let c2: Double
        let a1: Double
        let a2: Double
        var s1 = 0.0
        var s2 = 0.0

        init(_ biquad: Biquad) {
            self.biquad = biquad
            b0 = biquad.b0
            c1 = biquad.b1 - biquad.a1 * biquad.b0
            c2 = biquad.b2 - biquad.a2 * biquad.b0
            a1 = biquad.a1
            a2 = biquad.a2
        }

        @inline(__always)
        mutating func step(_ x: Double) -> Double {
            let y = b0 * x + s1
            let next = (c1 * x + s2) - a1 * s1
            s2 = c2 * x - a2 * s1
            s1 = next
            return y
        }
    }

    init(_ sections: [Biquad]) { self.sections = sections.map(Section.init) }

    /// The state in which a constant has been at the input for ever (`scipy.signal.sosfilt_zi`).
    mutating func settle(at constant: Double) {
        var input = constant
        for index in sections.indices {
            let section = sections[index].biquad
            let output = section.constantGain * input
            let second = section.b2 * input - section.a2 * output
            sections[index].s1 = section.b1 * input - section.a1 * output + second
            sections[index].s2 = second
            input = output
        }
    }

    mutating func run(_ values: inout [Double]) {
        var index = 0
        while index + 4 <= sections.count {
            var (a, b, c, d) = (sections[index], sections[index + 1], sections[index + 2], sections[index + 3])
            for position in values.indices { values[position] = d.step(c.step(b.step(a.step(values[position])))) }
            (sections[index], sections[index + 1], sections[index + 2], sections[index + 3]) = (a, b, c, d)
            index += 4
        }
        while index + 2 <= sections.count {
            var (a, b) = (sections[index], sections[index + 1])
            for position in values.indices { values[position] = b.step(a.step(values[position])) }
            (sections[index], sections[index + 1]) = (a, b)
            index += 2
        }
        if index < sections.count {
            var a = sections[index]
            for position in values.indices { values[position] = a.step(values[position]) }
            sections[index] = a
        }
    }
}
