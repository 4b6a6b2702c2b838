// SPDX-License-Identifier: GPL-3.0-or-later

/// The named parts of a beat, and how much of a map lies in each.
public struct WaveShares: Sendable {
    /// Numbered in order of time, the rest last.
    public enum Part: Int, Sendable, CaseIterable {
        case p, pr, qrs, st, t, rest

        public var name: String {
            switch self {
            case .p: "P"
            case .pr: "PR"
            case .qrs: "QRS"
            case .st: "ST"
            case .t: "T"
            case .rest: "rest"
            }
        }
    }

    /// On- and offsets in samples of the beat's window, nil where a wave is absent.
    public struct Waves: Sendable, Equatable {
        public var p: Range<Int>?
        public var qrs: Range<Int>?
        public var t: Range<Int>?

        public init(p: Range<Int>? = nil, qrs: Range<Int>? = nil, t: Range<Int>? = nil) {
            (self.p, self.qrs, self.t) = (p, qrs, t)
        }
    }

    /// The part of each sample of a window: PR is what lies between P and QRS, ST what lies between QRS and T; without the wave, these
    /// belong to the rest.
    public static func parts(_ waves: Waves, length: Int) -> [Part] {
        var parts = [Part](repeating: .rest, count: length)
        func mark(_ from: Int, _ to: Int, _ part: Part) {
            for i in max(from, 0)..<max(min(to, length), max(from, 0)) { parts[i] = part }
        }
        if let p = waves.p, let qrs = waves.qrs { mark(p.upperBound, qrs.lowerBound, .pr) }
        if let t = waves.t, let qrs = waves.qrs { mark(qrs.upperBound, t.lowerBound, .st) }
        if let p = waves.p { mark(p.lowerBound, p.upperBound, .p) }
        if let t = waves.t { mark(t.lowerBound, t.upperBound, .t) }
        // where waves overlap, the QRS complex has the samples
        if let qrs = waves.qrs { mark(qrs.lowerBound, qrs.upperBound, .qrs) }
        return parts
    }

    /// The share of the map's absolute values in each part of each lead, [lead][part]; all shares of an item add up to 1.
    /// NaN where the map is zero everywhere or not finite.
    public static func shares(_ map: ItemMap, waves: [Waves], samples: Range<Int>) -> [[Double]] {
        var sums = [[Double]](repeating: [Double](repeating: 0, count: Part.allCases.count), count: map.rows.count)
        var total = 0.0
        for (lead, row) in map.rows.enumerated() {
            let parts = parts(waves.count == map.rows.count ? waves[lead] : waves[0], length: map.length)
            for t in samples {
                let value = Double(abs(row[t]))
                sums[lead][parts[t].rawValue] += value
                total += value
            }
        }
        return sums.map { $0.map { total > 0 ? $0 / total : .nan } }
    }
}
