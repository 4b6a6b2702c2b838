// SPDX-License-Identifier: GPL-3.0-or-later

/// Gathers beats and makes their median: grouped by shape, aligned by cross-correlation over all leads, median per sample and lead.
///
/// Beats are held in memory up to 16 MB, then in an unlinked file in TMPDIR.
public struct MedianBuilder: Sendable {
    public let fs: Double
    public let leads: Int
    public let options: MedianOptions
    /// Samples of a lead before a beat's mark, and in all, that `add` takes.
    public let mark: Int
    public let window: Int
    private var store = SampleStore(mostInMemory: 1 << 22)
    private var rr: [Double?] = []

    public init(fs: Double, leads: Int, options: MedianOptions) {
        self.fs = fs
        self.leads = leads
        self.options = options
        let margin = options.margin(fs: fs)
        mark = options.before + margin
        window = mark + options.after + margin
    }

    public var count: Int { rr.count }

    /// - Parameters:
    ///   - values: [lead, window] row by row, with the mark at sample `mark`; NaN where there is no signal.
    ///   - rrBefore: seconds since the beat before.
    public mutating func add(_ values: [Float], rrBefore: Double?) throws(FilterError) {
        precondition(values.count == leads * window)
        try store.append(values)
        rr.append(rrBefore)
    }

    private func beat(_ index: Int) throws(FilterError) -> [Float] {
        let size = leads * window
        return try store.samples(index * size..<(index + 1) * size)
    }

    /// The median of all the beats added, or nil if there are none.
    public func median() throws(FilterError) -> MedianBeat? {
        guard count > 0, leads > 0 else { return nil }
        let layout = FocusLayout(leads: leads, window: window, mark: mark, fs: fs)
        let (groups, dominant) = try groups(layout)
        guard let dominant else { return MedianBeat(values: empty, time: time, r: options.before, used: 0, rejected: count) }
        let chosen = onTime(groups.members.indices.filter { groups.members[$0] == dominant })
        var alignment = try BeatAlignment(chosen, template: groups.groups[dominant].mean, layout: layout, beat: beat)
        alignment.rejectOutliers()
        let offset = alignment.fiducial(mark: mark, fs: fs)
        return MedianBeat(
            values: try columns(alignment.beats, offset: offset), time: time, r: options.before, used: alignment.beats.count,
            rejected: count - alignment.beats.count, alignmentError: alignment.error.map { $0 / fs * 1000 },
            rr: Self.middle(chosen.compactMap { rr[$0] }))
    }

    private static func middle(_ intervals: [Double]) -> Double? {
        intervals.isEmpty ? nil : intervals.sorted()[intervals.count / 2]
    }

    private var time: Int { options.before + options.after }
    private var empty: [Float] { [Float](repeating: .nan, count: leads * time) }

    /// Noise makes beats less alike, so a less strict likeness is tried where no shape has gathered two fifths of the beats.
    private func groups(_ layout: FocusLayout) throws(FilterError) -> (ShapeGroups, Int?) {
        var result = (ShapeGroups(likeness: 1), Int?.none)
        for likeness in [0.85, 0.7, 0.5] {
            var groups = ShapeGroups(likeness: likeness)
            for index in 0..<count { groups.add(BeatFocus(try beat(index), layout: layout)) }
            let dominant = groups.dominant(rr: options.prefersSinus ? rr : nil)
            result = (groups, dominant)
            if let dominant, 5 * groups.groups[dominant].count >= 2 * count { break }
        }
        return result
    }

    /// Leaves out premature beats of the same shape, unless the rhythm is so irregular that they are no exception.
    private func onTime(_ beats: [Int]) -> [Int] {
        guard options.prefersSinus else { return beats }
        let usual = ShapeGroups.median(beats.compactMap { rr[$0] })
        let kept = beats.filter { (rr[$0] ?? usual) >= 0.85 * usual }
        return 3 * kept.count >= 2 * beats.count ? kept : beats
    }

    /// The median of each column, in tiles that fit into memory however many beats there are.
    private func columns(_ beats: [BeatAlignment.Aligned], offset: Double) throws(FilterError) -> [Float] {
        var result = empty
        let reach = FractionalShift.reach
        let tile = max(1, min(time, (1 << 21) / max(1, beats.count)))
        var matrix = [Float](repeating: 0, count: tile * beats.count)
        var counts = [Int](repeating: 0, count: tile)
        var column = [Float](repeating: 0, count: beats.count)
        for lead in 0..<leads {
            for from in stride(from: 0, to: time, by: tile) {
                let width = min(tile, time - from)
                for index in 0..<width { counts[index] = 0 }
                for beat in beats {
                    let (whole, step) = FractionalShift.split(beat.shift + offset)
                    let first = mark - options.before + from + whole
                    let start = beat.index * leads * window + lead * window
                    let samples = try store.samples(start + first - reach..<start + first + width + reach)
                    for index in 0..<width {
                        let value = FractionalShift.shared.value(samples, at: reach + index, step: step)
                        if value.isNaN { continue }
                        matrix[index * beats.count + counts[index]] = value
                        counts[index] += 1
                    }
                }
                for index in 0..<width {
                    for entry in 0..<counts[index] { column[entry] = matrix[index * beats.count + entry] }
                    result[lead * time + from + index] = ECGSignal.median(&column, count: counts[index])
                }
            }
        }
        return result
    }
}
