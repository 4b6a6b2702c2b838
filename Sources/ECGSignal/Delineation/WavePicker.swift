// SPDX-License-Identifier: GPL-3.0-or-later

/// Picks the segments of one beat from the probabilities of its leads.
struct WavePicker {
    struct Segment {
        /// Where the probability crosses one half, on the grid and between.
        var onset: Double
        var offset: Double
        var confidence: Float
        /// First and last grid sample.
        var range: ClosedRange<Int>
        /// The sum of the probabilities.
        var mass: Float
    }

    struct Segments {
        var p: Segment?
        var qrs: Segment?
        var t: Segment?
    }

    let constants: Delineator.Constants
    /// Grid samples that there are.
    let length: Int
    let r: Int
    let previous: Int?
    let next: Int?

    /// - Parameter probabilities: [lead] [grid sample], as `WaveNetwork` gives them.
    func pick(_ probabilities: [[SIMD4<Float>]]) -> [Segments] {
        var leads = probabilities.map(pick)
        let evidence = leads.indices.map { l -> Float in
            guard let p = leads[l].p else { return 0 }
            return p.range.reduce(0) { max($0, probabilities[l][$1][WaveNetwork.Wave.p.rawValue]) }
        }
        if evidence.reduce(0, +) < constants.pEvidence * Float(leads.count) {
            for l in leads.indices { leads[l].p = nil }
        }
        return leads
    }

    private func pick(_ lead: [SIMD4<Float>]) -> Segments {
        var result = Segments()
        var onset = r
        var offset = r
        let near = segments(of: .qrs, in: lead, from: r - constants.qrsReach, to: r + constants.qrsReach, gap: constants.qrsGap)
        if let qrs = near.max(by: { merit($0) < merit($1) }) {
            result.qrs = qrs
            onset = qrs.range.lowerBound
            offset = qrs.range.upperBound
        }
        var first = onset - constants.pReach
        if let previous { first = max(first, previous + Int(Double(r - previous) * constants.pRest)) }
        result.p = segments(of: .p, in: lead, from: first, to: onset + 1, gap: constants.pGap)
            .filter { $0.mass > constants.leastP }.max { $0.mass < $1.mass }
        let last = min(offset + constants.tReach, next ?? .max)
        result.t = segments(of: .t, in: lead, from: offset, to: last, gap: constants.tGap)
            .filter { $0.mass > constants.leastT }.max { $0.mass < $1.mass }
        return result
    }

    /// What speaks for a segment to be this beat's QRS complex.
    private func merit(_ segment: Segment) -> Float {
        let distance = max(0, segment.range.lowerBound - r, r - segment.range.upperBound)
        return segment.mass - 0.2 * Float(distance)
    }

    /// The stretches in which a wave is more likely than not, joined over short gaps.
    private func segments(of wave: WaveNetwork.Wave, in lead: [SIMD4<Float>], from: Int, to: Int, gap: Int) -> [Segment] {
        let low = max(0, from)
        let high = min(to, length)
        guard low < high else { return [] }
        var ranges: [ClosedRange<Int>] = []
        var start: Int?
        for i in low...high {
            let inside = i < high && lead[i][wave.rawValue] > 0.5
            if inside {
                start = start ?? i
            } else if let first = start {
                if let last = ranges.last, first - last.upperBound <= gap {
                    ranges[ranges.count - 1] = last.lowerBound...(i - 1)
                } else {
                    ranges.append(first...(i - 1))
                }
                start = nil
            }
        }
        return ranges.map { segment($0, of: wave, in: lead) }
    }

    private func segment(_ range: ClosedRange<Int>, of wave: WaveNetwork.Wave, in lead: [SIMD4<Float>]) -> Segment {
        func value(_ i: Int) -> Float { lead[i][wave.rawValue] }
        var onset = Double(range.lowerBound)
        if range.lowerBound > 0, value(range.lowerBound - 1) < 0.5 {
            onset -= Double((value(range.lowerBound) - 0.5) / max(value(range.lowerBound) - value(range.lowerBound - 1), 1e-6))
        }
        var offset = Double(range.upperBound)
        if range.upperBound + 1 < length, value(range.upperBound + 1) < 0.5 {
            offset += Double((value(range.upperBound) - 0.5) / max(value(range.upperBound) - value(range.upperBound + 1), 1e-6))
        }
        let mass = range.reduce(Float(0)) { $0 + value($1) }
        return Segment(onset: onset, offset: offset, confidence: mass / Float(range.count), range: range, mass: mass)
    }
}
