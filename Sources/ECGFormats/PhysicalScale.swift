// SPDX-License-Identifier: GPL-3.0-or-later

/// From samples as stored to physical units: (sample - baseline) / gain, in double precision, rounded once.
public struct PhysicalScale: Sendable, Equatable {
    public let gain: Double
    public let baseline: Double
    /// The unit of the result: voltages become mV, everything else stays.
    public let units: String
    private let multiplier: Double
    private let divisor: Double
    let invalid: Int32?

    public init(gain: Double, baseline: Double, units: String, format: SignalFormat) {
        (self.gain, self.baseline) = (gain, baseline)
        (multiplier, divisor, self.units) = PhysicalScale.conversion(from: units)
        invalid = format.invalidSample
    }

    package init(_ signal: WFDBHeader.Signal) {
        self.init(
            gain: signal.gain, baseline: Double(signal.baseline) + signal.baselineFraction, units: signal.units, format: signal.format)
    }

    /// How a unit becomes the one this project works in: V, µV (both code points of µ, and u) and nV become mV.
    ///
    /// A multiplier and a divisor, because 1/1000 has no exact double: a value in µV is divided, as one would by hand.
    public static func conversion(from units: String) -> (multiplier: Double, divisor: Double, units: String) {
        switch units {
        case "V": (1000, 1, "mV")
        case "uV", "\u{B5}V", "\u{3BC}V": (1, 1000, "mV")
        case "nV": (1, 1_000_000, "mV")
        default: (1, 1, units)
        }
    }

    /// The physical value, NaN for the format's invalid sample.
    @inline(__always)
    func value(_ sample: Int32) -> Float {
        if sample == invalid { return .nan }
        return Float((Double(sample) - baseline) / gain * multiplier / divisor)
    }

    /// `value` of every sample a format of up to 12 bits has, from its lowest on.
    func table(bits: Int) -> [Float] {
        let lowest = -(1 << (bits - 1))
        return (0..<(1 << bits)).map { value(Int32(lowest + $0)) }
    }
}
