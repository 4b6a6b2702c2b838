// SPDX-License-Identifier: GPL-3.0-or-later

/// What a synthetic recording shall be like.
public struct SyntheticSettings: Sendable {
    /// Samples a second.
    public var frequency = 360.0
    /// Names that `LeadProjection` knows.
    public var leads = ["MLII", "V1"]
    public var rhythm = SyntheticRhythm.sinus
    /// The kinds of beat and their shares of all beats, which sum to 1.
    public var shares: [(kind: BeatKind, share: Double)] = [(.normal, 1)]
    /// Beats a minute.
    public var heartRate = 70.0
    /// Standard deviation of the RR interval in sinus rhythm, seconds.
    public var rrDeviation = 0.03
    public var noise = SyntheticNoise()

    public init() {}

    /// Shares for kinds that come without: 8 % for each kind that interrupts a rhythm, the rest evenly among the others. In bigeminy and
    /// trigeminy the rhythm sets them.
    public static func defaultShares(_ kinds: [BeatKind]) -> [(kind: BeatKind, share: Double)] {
        let base = kinds.filter(\.isUnderlying)
        guard !base.isEmpty else { return kinds.map { ($0, 1 / Double(kinds.count)) } }
        let rest = 1 - 0.08 * Double(kinds.count - base.count)
        return kinds.map { ($0, $0.isUnderlying ? rest / Double(base.count) : 0.08) }
    }
}

/// Noise, each kind by its strength in mV; zero leaves it out.
public struct SyntheticNoise: Sendable, Equatable {
    /// White: standard deviation.
    public var white = 0.0
    /// Baseline wander of 0.05 to 0.5 Hz: standard deviation.
    public var wander = 0.0
    /// Mains hum with its third harmonic: amplitude.
    public var mains = 0.0
    /// Muscle noise, coming and going: standard deviation at its strongest.
    public var muscle = 0.0
    /// Hz
    public var mainsFrequency = 50.0

    public init() {}
}
