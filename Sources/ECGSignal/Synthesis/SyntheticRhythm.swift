// SPDX-License-Identifier: GPL-3.0-or-later
import ECGRandom
import Glibc

/// What kind of rhythm a synthetic recording has.
public enum SyntheticRhythm: String, Sendable, CaseIterable {
    /// Regular but for respiration and Mayer waves; premature and escape beats come in between.
    case sinus
    /// Irregular intervals, no P waves, fibrillatory waves.
    case afib
    /// Every second beat is a premature one.
    case bigeminy
    /// Every third beat is a premature one.
    case trigeminy
}

/// A beat of a synthetic recording.
public struct SyntheticBeat: Sendable, Equatable {
    /// The R peak, seconds from the start.
    public let time: Double
    public let kind: BeatKind
    /// Seconds since the beat before and to the one after.
    public let before: Double
    public let after: Double
    /// The rhythm this beat belongs to, in the words of MIT-BIH's rhythm annotations: `(N`, `(AFIB`, `(B`, `(T`, `(P`.
    public let rhythm: String
}

/// Makes beat after beat; what comes depends on seed, settings and the beats before alone.
struct BeatSequence {
    private let rhythm: SyntheticRhythm
    private let underlying: [(kind: BeatKind, length: Double)]
    private let interspersed: [(kind: BeatKind, probability: Double)]
    private let variability: HeartRateVariability
    private let random: RandomSource
    private var number: UInt64 = 0
    private var time: Double
    private var episode = 0
    private var leftInEpisode: Int
    private var sinceInterspersed = 0
    /// Interval after a premature beat that is not the rhythm's own.
    private var pause: Double?
    private var current: (time: Double, kind: BeatKind, before: Double, rhythm: String)?

    /// Beats of one underlying kind that follow each other, if there are several kinds.
    private static let episodeLength = 30.0

    init(_ settings: SyntheticSettings, random seed: (UInt64) -> RandomSource) {
        rhythm = settings.rhythm
        var shares = settings.shares
        let mixed = shares.contains { $0.kind.isUnderlying }
        // Beats that only ever interrupt a rhythm are one of their own where nothing else was asked for.
        let base = mixed ? shares.filter { $0.kind.isUnderlying } : shares
        let total = base.reduce(0) { $0 + $1.share }
        underlying = base.map { ($0.kind, BeatSequence.episodeLength * $0.share / total * Double(base.count)) }
        shares.removeAll { one in base.contains { $0.kind == one.kind } }
        let left = max(1 - shares.reduce(0) { $0 + $1.share }, 0.01)
        // Each interruption is followed by a beat of the rhythm, so a share s of all beats is a chance s / (1 - s) after each of those.
        interspersed = shares.map { ($0.kind, min($0.share / left, 1)) }
        let mean = 60 / settings.heartRate
        variability = HeartRateVariability(mean: mean, deviation: settings.rrDeviation, random: seed(1))
        random = seed(2)
        time = mean * 0.6
        leftInEpisode = 0
    }

    /// The next beat, with the interval that follows it.
    mutating func next() -> SyntheticBeat {
        let this = current ?? draw(before: variability.mean)
        let following = draw(before: nil)
        current = following
        return SyntheticBeat(
            time: this.time, kind: this.kind, before: this.before, after: following.time - this.time, rhythm: this.rhythm)
    }

    private mutating func draw(before: Double?) -> (time: Double, kind: BeatKind, before: Double, rhythm: String) {
        defer { number += 1 }
        if leftInEpisode == 0 {
            if number > 0 { episode = (episode + 1) % underlying.count }
            leftInEpisode = max(Int(underlying[episode].length * (0.8 + 0.4 * random.uniform(8 * number + 4))), 5)
        }
        leftInEpisode -= 1
        let base = underlying[episode].kind
        let name = label(base)
        if let before {
            // The first beat of all.
            return (time, base, before, name)
        }
        let interval = self.interval(base)
        if let kind = interruption() {
            let chance = random.uniform(8 * number + 2)
            let (wait, rest) = timing(of: kind, interval: interval, chance: chance)
            time += wait
            pause = rest
            sinceInterspersed = 0
            return (time, kind, wait, name)
        }
        sinceInterspersed += 1
        let wait = pause ?? interval
        pause = nil
        time += wait
        return (time, base, wait, name)
    }

    private func label(_ base: BeatKind) -> String {
        switch rhythm {
        case .afib: "(AFIB"
        case .bigeminy: "(B"
        case .trigeminy: "(T"
        case .sinus: base == .paced ? "(P" : "(N"
        }
    }

    private func interval(_ base: BeatKind) -> Double {
        if rhythm == .afib && base != .paced {
            // Conduction of a fibrillating atrium: no memory, skewed to long intervals, and a refractory period.
            let interval = variability.mean * exp(0.24 * random.normal(8 * number + 1) - 0.03)
            return min(max(interval, 0.36), 2.2)
        }
        let interval = variability.interval(at: time)
        // A pacemaker keeps its time, and so does a ventricular escape rhythm.
        return base == .paced || base == .ventricularEscape ? variability.mean + 0.1 * (interval - variability.mean) : interval
    }

    private func interruption() -> BeatKind? {
        guard let first = interspersed.first, sinceInterspersed >= 1 else { return nil }
        switch rhythm {
        case .bigeminy: return sinceInterspersed >= 1 ? first.kind : nil
        case .trigeminy: return sinceInterspersed >= 2 ? first.kind : nil
        case .sinus, .afib:
            var chance = random.uniform(8 * number)
            for one in interspersed {
                // A fibrillating atrium has no premature beats of its own.
                if rhythm == .afib && one.kind == .atrialPremature { continue }
                if chance < one.probability { return one.kind }
                chance -= one.probability
            }
            return nil
        }
    }

    /// How long such a beat makes one wait, and how long the next one of the rhythm.
    private func timing(of kind: BeatKind, interval: Double, chance: Double) -> (wait: Double, rest: Double) {
        switch kind {
        case .ventricularPremature:
            // The sinus node is not disturbed: a full compensatory pause.
            let wait = interval * (0.54 + 0.12 * chance)
            return (wait, 2 * interval - wait)
        case .atrialPremature:
            // It is reset: little more than the usual interval.
            return (interval * (0.50 + 0.12 * chance), interval * (1.02 + 0.13 * random.uniform(8 * number + 3)))
        case .ventricularEscape: return (interval * (1.15 + 0.25 * chance), interval)
        default: return (interval * (1.10 + 0.15 * chance), interval)
        }
    }
}
