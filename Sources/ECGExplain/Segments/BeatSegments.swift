// SPDX-License-Identifier: GPL-3.0-or-later

/// A beat divided into segments of equal duration, counted from the R peak outwards.
///
/// The edges lie at round(k·seconds·fs) samples from the R peak, halves away from zero; the R sample is the first of segment +1; the
/// outermost segments are clipped at the beat's edges and may be shorter (Jones et al., segment saliency; there 36 samples at 360 Hz).
public struct BeatSegments: Sendable, Equatable {
    public struct Segment: Sendable, Equatable {
        /// …, −2, −1, +1, +2, …: there is no segment 0.
        public let number: Int
        /// Its samples in the beat's window.
        public let samples: Range<Int>

        public init(number: Int, samples: Range<Int>) {
            self.number = number
            self.samples = samples
        }

        /// "-2", "+1": the sign is part of the name.
        public var name: String { BeatSegments.name(number) }
    }

    /// In order of time; none is empty.
    public let segments: [Segment]

    /// - Parameters:
    ///   - samples: the samples of the window that count, in 0..<window.
    ///   - r: the R peak's sample in the window.
    ///   - fs: samples a second.
    ///   - seconds: the duration of a segment.
    /// - Throws: `ExplainError` if a segment is shorter than one sample or the R peak lies outside the samples.
    public init(samples: Range<Int>, r: Int, fs: Double, seconds: Double) throws(ExplainError) {
        let width = seconds * fs
        guard width.isFinite, width >= 1 else {
            throw ExplainError(.usage, "a segment of \(seconds) s is shorter than one sample at \(fs) Hz")
        }
        guard samples.contains(r) else {
            throw ExplainError(.data, "the R peak at sample \(r) lies outside the beat's \(samples.lowerBound)..<\(samples.upperBound)")
        }
        // any edge beyond the beat is as good as the next sample, and a number of samples
        let farthest = Double(max(r - samples.lowerBound, samples.upperBound - r) + 1)
        func edge(_ k: Int) -> Int { Int(min((Double(k) * seconds * fs).rounded(), farthest)) }
        var found: [Segment] = []
        var k = 1
        while r - edge(k - 1) > samples.lowerBound {
            let part = max(r - edge(k), samples.lowerBound)..<(r - edge(k - 1))
            if !part.isEmpty { found.append(Segment(number: -k, samples: part)) }
            k += 1
        }
        found.reverse()
        k = 1
        while r + edge(k - 1) < samples.upperBound {
            let part = (r + edge(k - 1))..<min(r + edge(k), samples.upperBound)
            if !part.isEmpty { found.append(Segment(number: k, samples: part)) }
            k += 1
        }
        segments = found
    }

    /// The name of a segment's number: "-2", "+1".
    public static func name(_ number: Int) -> String { number > 0 ? "+\(number)" : "\(number)" }

    /// When a whole segment begins and ends, in seconds from the R peak.
    public static func span(_ number: Int, seconds: Double) -> (from: Double, to: Double) {
        number > 0
            ? (Double(number - 1) * seconds, Double(number) * seconds)
            : (Double(number) * seconds, Double(number + 1) * seconds)
    }
}
