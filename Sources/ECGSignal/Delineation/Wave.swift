// SPDX-License-Identifier: GPL-3.0-or-later

/// A P wave, QRS complex or T wave: where it begins, peaks and ends, in samples (and their fractions) of the signal it was found in.
public struct Wave: Sendable, Equatable {
    public var onset: Double
    public var peak: Int
    public var offset: Double
    /// The mean probability that the delineator gives the wave's samples, 0.5 to 1.
    public var confidence: Float

    public init(onset: Double, peak: Int, offset: Double, confidence: Float) {
        self.onset = onset
        self.peak = peak
        self.offset = offset
        self.confidence = confidence
    }
}

/// The waves of one beat, in one lead or over all; nil where there is none.
public struct BeatWaves: Sendable, Equatable {
    public var p: Wave?
    public var qrs: Wave?
    public var t: Wave?

    public init(p: Wave? = nil, qrs: Wave? = nil, t: Wave? = nil) {
        self.p = p
        self.qrs = qrs
        self.t = t
    }
}

/// The waves of one beat in every lead and globally.
public struct DelineatedBeat: Sendable, Equatable {
    public var leads: [BeatWaves]
    /// From the earliest onset to the latest offset over the leads, but for stragglers. The peaks are those of the clearest lead.
    public var global: BeatWaves

    /// A beat without waves.
    public static func absent(leads: Int) -> DelineatedBeat {
        DelineatedBeat(leads: Array(repeating: BeatWaves(), count: max(0, leads)), global: BeatWaves())
    }
}
