// SPDX-License-Identifier: GPL-3.0-or-later

/// A window of a recording as the wave network takes it.
struct GridInput {
    /// Grid samples that the signal gives; what follows is held.
    let length: Int
    /// [lead] [grid sample], padded to the network's granularity.
    private(set) var leads: [[Float]] = []
    /// The leads that hold a signal.
    private(set) var usableLeads: [Int] = []
    private(set) var beats: [Float] = []
    private let step: Double

    /// A lead's scale is not less than this share of the largest one's: what is nearly flat stays so.
    private static let leastScale: Float = 0.25

    init(_ signal: [Float], leadCount: Int, samplingFrequency: Double, beats: [Int]) {
        step = samplingFrequency / WaveNetwork.gridFrequency
        let time = signal.count / leadCount
        var grids: [[Float]] = []
        for lead in 0..<leadCount {
            var resampler = GridResampler(samplingFrequency: samplingFrequency, gridFrequency: WaveNetwork.gridFrequency)
            var grid: [Float] = []
            var gaps: [Bool] = []
            resampler.push(signal[(lead * time)..<((lead + 1) * time)], grid: &grid, gaps: &gaps)
            if gaps.contains(false) { usableLeads.append(lead) }
            grids.append(grid)
        }
        leads = grids
        length = grids[0].count
        let places = beats.map { (Double($0) + 0.5) / step - 0.5 }
        let granularity = WaveNetwork.granularity
        let padded = max(granularity, (length + granularity - 1) / granularity * granularity)
        var marks = [Float](repeating: 0, count: padded)
        for place in places {
            for i in max(0, Int(place) - 8)...min(padded - 1, max(0, Int(place) + 9)) {
                marks[i] = max(marks[i], 1 - Float(abs(Double(i) - place)) / 8)
            }
        }
        self.beats = marks
        guard length > 0 else {
            usableLeads = []
            return
        }
        scale(beats: places)
        usableLeads.removeAll { lead in leads[lead].allSatisfy { $0 == 0 } }
        for lead in leads.indices { leads[lead] += repeatElement(leads[lead][length - 1], count: padded - length) }
    }

    /// Takes each lead's median away and divides by the height of its QRS complexes.
    private mutating func scale(beats: [Double]) {
        var heights = [Float](repeating: 0, count: leads.count)
        for lead in usableLeads {
            let values = leads[lead]
            let each = beats.compactMap { beat -> Float? in
                let window = values[max(0, min(length, Int(beat) - 15))..<max(0, min(length, Int(beat) + 16))]
                guard window.count > 4, let top = window.max(), let bottom = window.min() else { return nil }
                return top - bottom
            }
            heights[lead] = each.isEmpty ? 0 : Self.median(each)
        }
        let largest = heights.max() ?? 0
        for lead in leads.indices {
            let middle = Self.median(leads[lead])
            let height = max(heights[lead], Self.leastScale * largest)
            let factor = height > 0 && usableLeads.contains(lead) ? 1 / height : 0
            for i in leads[lead].indices { leads[lead][i] = (leads[lead][i] - middle) * factor }
        }
    }

    private static func median(_ values: [Float]) -> Float {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : 0.5 * (sorted[middle - 1] + sorted[middle])
    }

    /// The grid place of a sample.
    func gridPlace(_ sample: Int) -> Int { Int(((Double(sample) + 0.5) / step - 0.5).rounded()) }

    /// The sample of a grid place.
    func samplePlace(_ place: Double) -> Double { (place + 0.5) * step }
}
