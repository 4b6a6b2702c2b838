// SPDX-License-Identifier: GPL-3.0-or-later

/// Beats of one shape laid over one another: each with the shift that makes it most like their mean.
struct BeatAlignment: Sendable {
    struct Aligned: Sendable {
        /// Which beat.
        var index: Int
        /// The mean's sample t is this beat's sample t + shift.
        var shift: Double
        /// Mean square of what is left between the beat and the mean.
        var residual: Double
    }

    private(set) var beats: [Aligned] = []
    private let layout: FocusLayout
    /// The mean of the aligned beats, [lead, width].
    private var template: [Float]

    /// Three rounds: each aligns the beats with the mean of the round before.
    init(
        _ indices: [Int], template first: [Float], layout: FocusLayout, beat: (Int) throws(FilterError) -> [Float]
    ) throws(FilterError) {
        self.layout = layout
        template = first
        for round in 0..<3 {
            let length = ShapeGroups.Group.length(template)
            var sum = [Float](repeating: 0, count: template.count)
            beats.removeAll(keepingCapacity: true)
            for index in indices {
                let focus = BeatFocus(try beat(index), layout: layout)
                let found = focus.bestShift(template, length: length)
                let part = Self.shifted(focus, found.shift)
                var residual = 0.0
                for place in sum.indices {
                    sum[place] += part[place]
                    let difference = Double(part[place] - template[place])
                    residual += difference * difference
                }
                beats.append(Aligned(index: index, shift: found.shift, residual: residual / Double(max(1, template.count))))
            }
            guard round < 2, !indices.isEmpty else { continue }
            template = sum.map { $0 / Float(indices.count) }
        }
    }

    private static func shifted(_ focus: BeatFocus, _ shift: Double) -> [Float] {
        let layout = focus.layout
        let (whole, step) = FractionalShift.split(shift)
        guard step != 0, layout.reach + whole >= FractionalShift.reach, layout.reach - whole > FractionalShift.reach else {
            return focus.part(shift: max(-layout.reach, min(layout.reach, Int(shift.rounded()))))
        }
        var part: [Float] = []
        part.reserveCapacity(layout.leads * layout.width)
        for lead in 0..<layout.leads {
            let start = lead * layout.span + layout.reach + whole
            for index in 0..<layout.width { part.append(FractionalShift.shared.value(focus.values, at: start + index, step: step)) }
        }
        return part
    }

    /// Leaves out beats with more than three times the usual noise in amplitude.
    mutating func rejectOutliers() {
        let usual = ShapeGroups.median(beats.map(\.residual))
        beats.removeAll { $0.residual > 9 * usual && usual > 0 }
    }

    /// How far the fiducial point of the mean, the largest magnitude over all leads within 60 ms, lies from the mark, in samples.
    func fiducial(mark: Int, fs: Double) -> Double {
        let centre = mark - layout.from
        let reach = Int((0.06 * fs).rounded())
        var magnitudes = [Double](repeating: 0, count: layout.width)
        for lead in 0..<layout.leads {
            var row = Array(template[lead * layout.width..<(lead + 1) * layout.width])
            let level = median(&row, count: row.count)
            for index in 0..<layout.width {
                let value = Double(template[lead * layout.width + index] - level)
                magnitudes[index] += value * value
            }
        }
        let places = max(0, centre - reach)..<max(0, min(layout.width, centre + reach + 1))
        guard let peak = places.max(by: { magnitudes[$0] < magnitudes[$1] }), magnitudes[peak] > 0 else { return 0 }
        var place = Double(peak)
        if peak > 0, peak + 1 < layout.width {
            let (a, b, c) = (magnitudes[peak - 1].squareRoot(), magnitudes[peak].squareRoot(), magnitudes[peak + 1].squareRoot())
            let bend = a - 2 * b + c
            if bend < 0 { place += max(-0.5, min(0.5, 0.5 * (a - c) / bend)) }
        }
        return place - Double(centre)
    }

    /// Root mean square of the beats' error of place, in samples.
    var error: Double? {
        guard beats.count > 1 else { return nil }
        var steepness = 0.0
        for lead in 0..<layout.leads {
            for index in 1..<max(1, layout.width - 1) {
                let slope = Double(template[lead * layout.width + index + 1] - template[lead * layout.width + index - 1]) / 2
                steepness += slope * slope
            }
        }
        guard steepness > 0 else { return nil }
        let noise = beats.reduce(0) { $0 + $1.residual } / Double(beats.count) * Double(beats.count) / Double(beats.count - 1)
        return (noise / steepness).squareRoot()
    }
}
