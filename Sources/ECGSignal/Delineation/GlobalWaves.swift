// SPDX-License-Identifier: GPL-3.0-or-later

/// Makes one delineation of those of all leads.
enum GlobalWaves {
    /// The share of leads that may begin earlier than the global onset, or end later than the global offset: the standard practice,
    /// earliest and latest, would let a single wrong lead decide.
    static let stragglers = 0.15
    /// The share of leads in which a wave must be found.
    static let quorum = 0.3

    static func combine(_ leads: [BeatWaves]) -> BeatWaves {
        let usable = leads.filter { $0.qrs != nil || $0.p != nil || $0.t != nil }.count
        return BeatWaves(
            p: combine(leads.compactMap(\.p), of: usable), qrs: combine(leads.compactMap(\.qrs), of: usable),
            t: combine(leads.compactMap(\.t), of: usable))
    }

    private static func combine(_ waves: [Wave], of leads: Int) -> Wave? {
        guard let clearest = waves.max(by: { $0.confidence < $1.confidence }), Double(waves.count) >= quorum * Double(leads) else {
            return nil
        }
        let skip = Int(Double(waves.count) * stragglers)
        let onset = waves.map(\.onset).sorted()[skip]
        let offset = waves.map(\.offset).sorted()[waves.count - 1 - skip]
        guard onset < offset else { return clearest }
        let confidence = waves.reduce(Float(0)) { $0 + $1.confidence } / Float(leads)
        let peak = min(max(clearest.peak, Int(onset.rounded(.up))), Int(offset))
        return Wave(onset: onset, peak: peak, offset: offset, confidence: confidence)
    }
}

/// Where a wave between two places is highest or deepest.
enum PeakPlace {
    /// The sample farthest from the straight line between the wave's ends.
    static func peak(of samples: ArraySlice<Float>, from onset: Double, to offset: Double) -> Int {
        let first = Int(onset.rounded())
        let last = Int(offset.rounded())
        let base = samples.startIndex
        let left = samples[base + first]
        let slope = last > first ? (samples[base + last] - left) / Float(last - first) : 0
        var best = (first + last) / 2
        var height: Float = -1
        for i in first...last {
            let distance = abs(samples[base + i] - left - slope * Float(i - first))
            if distance > height {
                height = distance
                best = i
            }
        }
        return best
    }
}
