// SPDX-License-Identifier: GPL-3.0-or-later

/// A cascade of second-order sections in motion: direct form II transposed, in double precision.
struct BiquadCascade: Sendable {
    private let sections: [Biquad]
    private var states: [(Double, Double)]

    init(_ sections: [Biquad]) {
        self.sections = sections
        states = [(Double, Double)](repeating: (0, 0), count: sections.count)
    }

    /// The state in which a constant has been at the input for ever (`scipy.signal.sosfilt_zi`).
    mutating func settle(at constant: Double) {
        var input = constant
        for index in sections.indices {
            let section = sections[index]
            let output = section.constantGain * input
            let second = section.b2 * input - section.a2 * output
            states[index] = (section.b1 * input - section.a1 * output + second, second)
            input = output
        }
    }

    mutating func run(_ values: inout [Double]) {
        for index in sections.indices {
            let section = sections[index]
            var (first, second) = states[index]
            for position in values.indices {
                let x = values[position]
                let y = section.b0 * x + first
                first = section.b1 * x - section.a1 * y + second
                second = section.b2 * x - section.a2 * y
                values[position] = y
            }
            states[index] = (first, second)
        }
    }
}
