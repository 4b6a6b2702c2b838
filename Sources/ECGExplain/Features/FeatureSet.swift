// SPDX-License-Identifier: GPL-3.0-or-later

/// The parts of an item that perturbation methods switch off and on: windows, segments, leads, beats.
public struct FeatureSet: Sendable, Equatable {
    /// For each feature the samples it holds, as ranges of the item's flat [lead, time] values.
    public let features: [[Range<Int>]]
    /// Values an item has.
    public let size: Int

    public init(_ features: [[Range<Int>]], size: Int) {
        self.features = features
        self.size = size
    }

    public var count: Int { features.count }

    /// What an item is divided into.
    public enum Division: String, Sendable, CaseIterable {
        /// Windows of equal length in one lead at a time.
        case windows
        /// The same windows in all leads at once.
        case allLeadWindows = "all-lead-windows"
        /// Segments outwards from the R peak, in all leads at once.
        case segments
        /// Segments outwards from the R peak, in one lead at a time.
        case leadSegments = "lead-segments"
        case leads
        /// From midpoint to midpoint of neighbouring beats, in all leads at once.
        case beats
    }

    /// What is known of an item's time axis.
    public struct Timing: Sendable {
        public var fs: Double?
        /// The R peak of a beat.
        public var r: Int?
        /// The R peaks of a longer item, ascending.
        public var beats: [Int]

        public init(fs: Double? = nil, r: Int? = nil, beats: [Int] = []) {
            (self.fs, self.r, self.beats) = (fs, r, beats)
        }
    }

    /// The features of an item of the given leads and samples.
    ///
    /// - Parameters:
    ///   - window: samples of a window or, for segments, seconds of a segment.
    ///   - stride: samples from window to window; the last window is clipped at the end, and as many windows are made as Captum's
    ///     occlusion makes: ceil((length − window) / stride) + 1.
    /// - Throws: `ExplainError` if the item lacks what the division needs.
    public init(
        _ division: Division, leads: Int, length: Int, window: Int, stride: Int, segment: Double, timing: Timing
    ) throws(ExplainError) {
        func overLeads(_ samples: Range<Int>) -> [Range<Int>] {
            (0..<leads).map { $0 * length + samples.lowerBound..<$0 * length + samples.upperBound }
        }
        func eachLead(_ parts: [Range<Int>]) -> [[Range<Int>]] {
            (0..<leads).flatMap { lead in parts.map { [lead * length + $0.lowerBound..<lead * length + $0.upperBound] } }
        }
        let features: [[Range<Int>]]
        switch division {
        case .windows, .allLeadWindows:
            guard window > 0, stride > 0 else { throw ExplainError(.usage, "a window and its stride have at least one sample") }
            var parts: [Range<Int>] = []
            var from = 0
            repeat {
                parts.append(from..<min(from + window, length))
                from += stride
            } while parts[parts.count - 1].upperBound < length && from < length
            features = division == .windows ? eachLead(parts) : parts.map(overLeads)
        case .segments, .leadSegments:
            guard let fs = timing.fs else { throw ExplainError(.data, "segments need a sampling frequency, and the item has none") }
            // an item without an R peak is divided from its start
            let beat = try BeatSegments(samples: 0..<length, r: timing.r ?? 0, fs: fs, seconds: segment)
            let parts = beat.segments.map(\.samples)
            features = division == .leadSegments ? eachLead(parts) : parts.map(overLeads)
        case .leads:
            features = (0..<leads).map { [$0 * length..<($0 + 1) * length] }
        case .beats:
            let peaks = timing.beats.filter { $0 >= 0 && $0 < length }
            guard !peaks.isEmpty else { throw ExplainError(.data, "the item has no annotated beats to switch off") }
            let inner = zip(peaks, peaks.dropFirst()).map { $0 + ($1 - $0) / 2 }.filter { $0 > 0 }
            let edges = [0] + inner + [length]
            features = zip(edges, edges.dropFirst()).filter { $0 < $1 }.map { overLeads($0..<$1) }
        }
        self.init(features, size: leads * length)
    }

    /// Copies a feature's values from one item into another.
    public func copy(_ feature: Int, from source: [Float], into target: inout [Float]) {
        for range in features[feature] {
            for i in range { target[i] = source[i] }
        }
    }
}
