// SPDX-License-Identifier: GPL-3.0-or-later

import Glibc

/// What a band step of a filter comes to at a sampling frequency.
enum BandDesign {
    /// Pass bands in Hz, and the width of the transition that the number of taps must give.
    struct Bands {
        var pass: [ClosedRange<Double>]
        var transition: Double
    }

    /// - Throws: `FilterError` for a frequency that is not between 0 and half the sampling frequency.
    static func bands(_ step: FilterStep, fs: Double) throws(FilterError) -> Bands? {
        switch step {
        case .band(let low, let high):
            try check(low, "--band", fs)
            try check(high, "--band", fs)
            guard low < high else { throw FilterError("--band: \(low) Hz is not below \(high) Hz") }
            return Bands(pass: [low...high], transition: low)
        case .highpass(let frequency):
            try check(frequency, "--highpass", fs)
            return Bands(pass: [frequency...fs / 2], transition: frequency)
        case .lowpass(let frequency):
            try check(frequency, "--lowpass", fs)
            return Bands(pass: [0...frequency], transition: frequency / 4)
        case .notch(let frequency):
            let stops = try notches(frequency, fs: fs)
            var pass: [ClosedRange<Double>] = []
            var from = 0.0
            for stop in stops {
                pass.append(from...stop.lowerBound)
                from = stop.upperBound
            }
            if from < fs / 2 { pass.append(from...fs / 2) }
            return Bands(pass: pass, transition: notchHalfWidth(frequency))
        default:
            return nil
        }
    }

    /// At least 3.3 · fs / transition taps (the Hamming window's width), and an odd number.
    static func tapCount(transition: Double, fs: Double) throws(FilterError) -> Int {
        let needed = ceil(3.3 * fs / transition)
        guard needed < Double(ImpulseResponse.mostTaps - 2) else {
            throw FilterError("a filter with a transition of \(transition) Hz at \(fs) Hz would need \(needed) taps")
        }
        return Int(needed) | 1
    }

    /// The Butterworth filters of a band step: one, or one for each harmonic of a notch.
    static func butterworth(_ step: FilterStep, fs: Double) throws(FilterError) -> [ButterworthKind] {
        guard try bands(step, fs: fs) != nil else { return [] }
        switch step {
        case .band(let low, let high): return [.bandpass(low, high)]
        case .highpass(let frequency): return [.highpass(frequency)]
        case .lowpass(let frequency): return [.lowpass(frequency)]
        case .notch(let frequency):
            return try notches(frequency, fs: fs).map { stop in
                stop.upperBound < fs / 2 ? .bandstop(stop.lowerBound, stop.upperBound) : .lowpass(stop.lowerBound)
            }
        default: return []
        }
    }

    static func notchHalfWidth(_ frequency: Double) -> Double { min(1, frequency / 4) }

    private static func notches(_ frequency: Double, fs: Double) throws(FilterError) -> [ClosedRange<Double>] {
        try check(frequency, "--notch", fs)
        let half = notchHalfWidth(frequency)
        guard fs / frequency < 1000 else { throw FilterError("--notch: \(frequency) Hz has too many harmonics below \(fs / 2) Hz") }
        return stride(from: frequency, to: fs / 2, by: frequency).map { ($0 - half)...min($0 + half, fs / 2) }
    }

    private static func check(_ frequency: Double, _ option: String, _ fs: Double) throws(FilterError) {
        guard frequency > 0, frequency < fs / 2 else {
            throw FilterError("\(option): \(frequency) Hz does not lie between 0 and half the sampling frequency, \(fs / 2) Hz")
        }
    }
}
