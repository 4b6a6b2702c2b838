// SPDX-License-Identifier: GPL-3.0-or-later

import Glibc

/// A signal between its samples: interpolation by a sinc under a Kaiser window, in steps of 1/64 sample.
struct FractionalShift: Sendable {
    /// Samples that a value depends on, to either side.
    static let reach = 8
    private static let steps = 64
    private let taps: [[Float]]

    static let shared = FractionalShift()

    private init() {
        let window = FIRDesign.kaiser(2 * Self.reach * Self.steps + 1, beta: 6)
        taps = (0..<Self.steps).map { step in
            let weights = (1 - Self.reach...Self.reach).map { tap -> Double in
                let x = Double(tap) - Double(step) / Double(Self.steps)
                let sinc = x == 0 ? 1 : sin(.pi * x) / (.pi * x)
                let place = Int((x * Double(Self.steps)).rounded()) + Self.reach * Self.steps
                return sinc * window[place]
            }
            let sum = weights.reduce(0, +)
            return weights.map { Float($0 / sum) }
        }
    }

    /// A shift as whole samples and one of the steps.
    static func split(_ shift: Double) -> (whole: Int, step: Int) {
        let ticks = Int((shift * Double(steps)).rounded())
        let whole = ticks >= 0 ? ticks / steps : -((steps - 1 - ticks) / steps)
        return (whole, ticks - whole * steps)
    }

    /// The value `step / 64` after sample `position`. Where a sample is missing, the nearest one, which may be missing too.
    func value(_ samples: [Float], at position: Int, step: Int) -> Float {
        if step == 0 { return samples[position] }
        let weights = taps[step]
        var sum: Float = 0
        var index = position - Self.reach + 1
        for weight in weights {
            sum += weight * samples[index]
            index += 1
        }
        return sum.isNaN ? samples[2 * step < Self.steps ? position : position + 1] : sum
    }
}
