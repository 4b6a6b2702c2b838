// SPDX-License-Identifier: GPL-3.0-or-later

/// Weighs the leads by their quality and adds their envelopes up to one, in which a usual QRS complex is about 1 high.
///
/// A lead's level is a quantile of its frames' peaks around the frame in hand, some of them still to come: it needs no
/// learning period and follows slow changes of amplitude. Its weight falls with the square of its noise floor, so that a
/// lead with a loose electrode loses its vote for just as long as it is loose.
struct LeadCombiner: Sendable {
    /// Frames before and after the one in hand that make the level.
    static let past = 8
    static let future = 4
    /// The quantile of the frames' peaks: slow hearts leave some frames without a beat.
    static let levelQuantile: Float = 0.6
    /// Noise, as a share of the level, whose square counts as nothing.
    static let quietSquared: Float = 0.02
    /// No lead counts for more than this many of its levels: a burst in one lead stays one lead's opinion.
    static let ceiling: Float = 2
    /// Frames with less than this share of gaps are used for the level.
    static let usableGapShare: Float = 0.9
    /// A frame whose peak is not above this share of the highest is empty.
    static let emptyShare: Float = 0.02

    private(set) var qrs = Timeline<Float>()
    private(set) var fast = Timeline<Float>()
    private(set) var slow = Timeline<Float>()
    /// The weight of each lead in each frame, lead by lead.
    private(set) var weights = Timeline<[Float]>()

    /// Combines frame `index`; the leads must have been analysed `future` frames further.
    mutating func combine(_ leads: [LeadEnvelope], frame index: Int) {
        let count = LeadEnvelope.frame
        var q = [Float](repeating: 0, count: count)
        var f = [Float](repeating: 0, count: count)
        var s = [Float](repeating: 0, count: count)
        var total: Float = 0
        var frameWeights = [Float](repeating: 0, count: leads.count)
        for (number, lead) in leads.enumerated() {
            let level = Self.level(of: lead, around: index)
            guard level > 0 else { continue }
            let weight = Self.weight(of: lead, level: level, frame: index)
            frameWeights[number] = weight
            total += weight
            let scale = 1 / level
            let start = index * count - lead.qrs.origin
            for i in 0..<count {
                q[i] += weight * min(lead.qrs.values[start + i] * scale, Self.ceiling)
                f[i] += weight * min(lead.fast.values[start + i] * scale, 3)
                s[i] += weight * min(lead.slow.values[start + i] * scale, 3)
            }
        }
        let share = total > 0 ? 1 / total : 0
        for i in 0..<count {
            qrs.values.append(q[i] * share)
            fast.values.append(f[i] * share)
            slow.values.append(s[i] * share)
        }
        weights.values.append(frameWeights)
    }

    mutating func drop(beforeFrame index: Int) {
        qrs.drop(before: index * LeadEnvelope.frame)
        fast.drop(before: index * LeadEnvelope.frame)
        slow.drop(before: index * LeadEnvelope.frame)
        weights.drop(before: index)
    }

    private static func level(of lead: LeadEnvelope, around index: Int) -> Float {
        var peaks: [Float] = []
        for j in max(0, index - past)...(index + future) where lead.frames[j].gapShare < usableGapShare {
            peaks.append(lead.frames[j].peak)
        }
        // Frames without any signal say nothing of the beats' height.
        let least = (peaks.max() ?? 0) * emptyShare
        peaks.removeAll { $0 <= least }
        guard !peaks.isEmpty else { return 0 }
        peaks.sort()
        return peaks[min(peaks.count - 1, Int(Float(peaks.count) * levelQuantile))]
    }

    private static func weight(of lead: LeadEnvelope, level: Float, frame index: Int) -> Float {
        let before = index > 0 ? lead.frames[index - 1].floor : 0
        let floor = max(lead.frames[index].floor, 0.7 * max(before, lead.frames[index + 1].floor)) / level
        return 1 / (quietSquared + floor * floor)
    }
}
