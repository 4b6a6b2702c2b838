// SPDX-License-Identifier: GPL-3.0-or-later

import Glibc

/// One second-order section, a0 = 1.
struct Biquad: Equatable, Sendable {
    var b0: Double
    var b1: Double
    var b2: Double
    var a1: Double
    var a2: Double
}

/// The kind of a Butterworth filter and its -3 dB frequencies in Hz.
public enum ButterworthKind: Equatable, Sendable {
    case lowpass(Double)
    case highpass(Double)
    case bandpass(Double, Double)
    case bandstop(Double, Double)

    /// As the arguments of `scipy.signal.butter`.
    var words: String {
        switch self {
        case .lowpass(let frequency): "\(frequency), 'lowpass'"
        case .highpass(let frequency): "\(frequency), 'highpass'"
        case .bandpass(let low, let high): "[\(low), \(high)], 'bandpass'"
        case .bandstop(let low, let high): "[\(low), \(high)], 'bandstop'"
        }
    }
}

/// A digital Butterworth filter as a cascade of second-order sections: `scipy.signal.butter(order, …, output="sos")`, but for the pairing of
/// poles and zeros, which changes nothing but the rounding.
struct Butterworth: Sendable {
    let sections: [Biquad]

    init(order: Int, kind: ButterworthKind, fs: Double) {
        // Analogue prototype, prewarped for a sampling frequency of 2 (the bilinear transform's usual unit).
        func warp(_ frequency: Double) -> Double { 4 * tan(.pi * frequency / fs) }
        let prototype = (0..<order).map { k in
            Complex(angle: .pi * (0.5 + Double(2 * k + 1) / Double(2 * order)))
        }
        var poles: [Complex] = []
        switch kind {
        case .lowpass(let frequency):
            poles = prototype.map { $0 * Complex(warp(frequency)) }
        case .highpass(let frequency):
            poles = prototype.map { Complex(warp(frequency)) / $0 }
        case .bandpass(let low, let high), .bandstop(let low, let high):
            let (w1, w2) = (warp(low), warp(high))
            let width = w2 - w1
            let centre = w1 * w2
            for pole in prototype {
                var half = pole * Complex(width / 2)
                if case .bandstop = kind { half = Complex(width / 2) / pole }
                let root = (half * half - Complex(centre)).squareRoot
                poles += [half + root, half - root]
            }
        }
        let digital = poles.map { (Complex(4) + $0) / (Complex(4) - $0) }
        var sections = Self.denominators(digital)
        // Of a band-pass filter, the lower half of the poles gets the zeros at 0 Hz and the upper half those at half the sampling frequency: were both
        // in one section, the lower sections would take away what is high and the upper ones bring it back, up to 1e8 times and with its rounding.
        sections.sort { $0.distanceFromZeroFrequency < $1.distanceFromZeroFrequency }
        for index in sections.indices {
            let first = sections[index].a2 == 0
            switch kind {
            case .lowpass: (sections[index].b1, sections[index].b2) = first ? (1, 0) : (2, 1)
            case .highpass: (sections[index].b1, sections[index].b2) = first ? (-1, 0) : (-2, 1)
            case .bandpass:
                let zeros: (Double, Double) = index < order / 2 ? (-2, 1) : index < order - order / 2 ? (0, -1) : (2, 1)
                (sections[index].b1, sections[index].b2) = zeros
            case .bandstop(let low, let high):
                let angle = 2 * atan((warp(low) * warp(high)).squareRoot() / 4)
                (sections[index].b1, sections[index].b2) = (-2 * cos(angle), 1)
            }
        }
        // Gain 1 in the pass band, shared out over the sections.
        let reference: Double
        switch kind {
        case .lowpass, .bandstop: reference = 0
        case .highpass: reference = .pi
        case .bandpass(let low, let high): reference = 2 * atan((warp(low) * warp(high)).squareRoot() / 4)
        }
        for index in sections.indices {
            let gain = 1 / sections[index].magnitude(at: reference)
            sections[index].b0 *= gain
            sections[index].b1 *= gain
            sections[index].b2 *= gain
        }
        self.sections = sections
    }

    /// Complex poles with their conjugates, real ones two and two, a single one left over by itself.
    private static func denominators(_ poles: [Complex]) -> [Biquad] {
        var sections: [Biquad] = []
        var reals: [Double] = []
        for pole in poles {
            if abs(pole.im) <= 1e-14 * max(1, abs(pole.re)) {
                reals.append(pole.re)
            } else if pole.im > 0 {
                sections.append(Biquad(b0: 1, b1: 0, b2: 0, a1: -2 * pole.re, a2: pole.squaredLength))
            }
        }
        reals.sort()
        while reals.count > 1 {
            let (a, b) = (reals.removeFirst(), reals.removeLast())
            sections.append(Biquad(b0: 1, b1: 0, b2: 0, a1: -(a + b), a2: a * b))
        }
        if let last = reals.first { sections.append(Biquad(b0: 1, b1: 0, b2: 0, a1: -last, a2: 0)) }
        return sections
    }

    /// Samples by which `sosfiltfilt` extends a signal at each end.
    var padding: Int {
        let single = sections.filter { $0.b2 == 0 && $0.a2 == 0 }.count
        return 3 * (2 * sections.count + 1 - single)
    }
}

extension Biquad {
    func magnitude(at angle: Double) -> Double {
        let z = Complex(angle: -angle)
        let z2 = z * z
        let numerator = Complex(b0) + Complex(b1) * z + Complex(b2) * z2
        let denominator = Complex(1) + Complex(a1) * z + Complex(a2) * z2
        return (numerator.squaredLength / denominator.squaredLength).squareRoot()
    }

    /// The product of the poles' distances from z = 1.
    fileprivate var distanceFromZeroFrequency: Double { 1 + a1 + a2 }

    /// What a constant becomes.
    var constantGain: Double { (b0 + b1 + b2) / (1 + a1 + a2) }
}
