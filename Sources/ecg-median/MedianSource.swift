// SPDX-License-Identifier: GPL-3.0-or-later
import ECGSignal
import ECGStream
import ECGTool

/// One recording on its way to its medians, from its parts or from its beats.
///
/// A beat brings its own samples alone, but a median's window reaches further; so the beats are put together again to the signal that they
/// were cut from, with gaps where some are missing.
final class MedianSource {
    let name: String
    let isOfBeats: Bool
    private let options: Median
    private let stage: Stage
    private let layout: SignalLayout
    private let selection: LeadSelection?
    private let interval: Int?
    private let cutOptions: BeatCutOptions
    private var cutter: BeatCutter
    private var finder: BeatFinder
    private var hasParts = false
    /// What the meta says of the beats that are in the cutter, in their order.
    private var notes: [Note] = []
    /// Beats by label, or under "" all of them.
    private var builders: [String: MedianBuilder] = [:]
    private var currentInterval = 0
    private var medians = 0
    private var template: Record
    /// The label that all beats have, while they have one.
    private var commonLabel: String?

    private struct Note {
        var label: String?
        var rrBefore: Double?
    }

    init(_ record: Record, name: String, isOfBeats: Bool, options: Median, stage: Stage) throws {
        self.name = name
        self.isOfBeats = isOfBeats
        self.options = options
        self.stage = stage
        layout = try SignalLayout(record, isBeat: isOfBeats)
        if let names = options.leadNames { selection = try LeadSelection(names, of: layout.leads) } else { selection = nil }
        interval = try options.interval(fs: layout.fs)
        let sizes = MedianBuilder(fs: layout.fs, leads: layout.leads.count, options: options.medianOptions(fs: layout.fs))
        cutOptions = BeatCutOptions(cut: .window(before: sizes.mark, after: sizes.window - sizes.mark), neighbours: .beats, padding: .nan)
        let start = isOfBeats ? 0 : record.start
        cutter = BeatCutter(options: cutOptions, fs: layout.fs, leadCount: layout.leads.count, recordStart: start)
        let annotated = record["ann.sample"] != nil
        if options.from == .ann, !annotated, !isOfBeats {
            throw ToolError(.data, "the recording has no annotations (ecg-read -a EXT)", record: record.key)
        }
        finder = BeatFinder(
            detects: !isOfBeats && (options.from == .detect || !annotated), fs: layout.fs, leadCount: layout.leads.count, recordStart: start
        )
        commonLabel = record.label
        template = Self.template(record, layout: layout, name: name, selection: selection)
    }

    private static func template(_ record: Record, layout: SignalLayout, name: String, selection: LeadSelection?) -> Record {
        var template = Record(key: name)
        template.meta["fs"] = record.meta["fs"]
        template.meta["leads"] = JSON(selection?.names ?? layout.leads)
        template.meta["units"] = JSON(selection.map { $0.unitSources.map { layout.units[$0] } } ?? layout.units)
        template.meta["record"] = .string(record.recordName)
        for name in ["r", "label", "beats_used", "beats_rejected", "alignment_error", "rr", "span"] { template.meta[name] = .null }
        let own: Set = [
            "key", "fs", "leads", "units", "record", "sample", "r", "length", "label", "rr_before", "rr_after", "pad_before", "missing",
            "truth",
            "start", "more", "tensors", "aux",
        ]
        for name in record.meta.names where !own.contains(name) { template.meta[name] = record.meta[name] }
        return template
    }

    // MARK: Input

    func add(part: Record) throws {
        let values = try layout.values(of: part, expectedStart: hasParts ? cutter.end : nil)
        hasParts = true
        cutter.append(values)
        let (marks, known) = finder.push(values, annotations: try part.marks, end: cutter.end)
        try cutter.append(marks: marks, known: known)
        try take(cutter.next())
    }

    func add(beat: Record) throws {
        let (values, time) = try layout.beat(beat)
        guard let sample = beat.sample, let r = beat.r else { return }
        let pad = min(max(0, beat.meta["pad_before"]?.int ?? 0), time)
        let length = min(max(0, beat.length ?? time - pad), time - pad)
        let (start, overflow) = (sample - min(max(r, -time), 2 * time)).addingReportingOverflow(pad)
        guard !overflow, sample >= 0, sample < 1 << 50, r >= pad, r < pad + length else {
            throw ToolError(.data, "the R peak at sample \(r) lies outside the beat", record: beat.key)
        }
        let gap = start - cutter.end
        if !hasParts || gap > 2 * cutReach {
            try take(hasParts ? cutter.finish() : [])
            cutter = BeatCutter(options: cutOptions, fs: layout.fs, leadCount: layout.leads.count, recordStart: start)
            hasParts = true
        } else if gap > 0 {
            cutter.append([Float](repeating: .nan, count: gap * layout.leads.count))
        }
        let known = max(0, cutter.end - start)
        if known < length {
            var fresh: [Float] = []
            for lead in 0..<layout.leads.count { fresh += values[lead * time + pad + known..<lead * time + pad + length] }
            cutter.append(fresh)
        }
        notes.append(Note(label: beat.label, rrBefore: beat.meta["rr_before"]?.double))
        if beat.label != commonLabel { commonLabel = nil }
        try cutter.append(marks: [BeatMark(sample: sample, symbol: BeatMark.unlabelled)], known: sample)
        try take(cutter.next())
    }

    private var cutReach: Int {
        if case .window(let before, let after) = cutOptions.cut { before + after } else { 0 }
    }

    private func take(_ results: [CutResult]) throws {
        for case .beat(let beat) in results {
            var note = Note(label: beat.symbol == BeatMark.unlabelled ? nil : String(UnicodeScalar(beat.symbol)), rrBefore: beat.rrBefore)
            if isOfBeats { note = notes.isEmpty ? Note() : notes.removeFirst() }
            if let interval, beat.sample / interval != currentInterval {
                try write()
                currentInterval = beat.sample / interval
            }
            let label = options.per == .label ? note.label ?? "" : ""
            if builders[label] == nil {
                builders[label] = MedianBuilder(
                    fs: layout.fs, leads: layout.leads.count, options: options.medianOptions(fs: layout.fs))
            }
            try builders[label]?.add(beat.values, rrBefore: note.rrBefore)
        }
    }

    // MARK: Output

    func finish() throws {
        if !isOfBeats { try cutter.append(marks: finder.finish(), known: cutter.end) }
        try take(cutter.finish())
        try write()
        if medians == 0 { stage.leaveOut(name, reason: "no beats") }
    }

    /// The medians of the beats that are gathered, in order of their labels.
    private func write() throws {
        for label in builders.keys.sorted() {
            guard let median = try builders[label]?.median() else { continue }
            try stage.write(record(of: median, label: label))
            medians += 1
        }
        builders = [:]
    }

    private func record(of median: MedianBeat, label: String) -> Record {
        var record = template
        var meta = template.meta
        var key = name
        let recordLabel = options.per == .label ? (label.isEmpty ? nil : label) : commonLabel
        meta["label"] = recordLabel.map { .string($0) }
        meta["r"] = JSON(median.r)
        meta["beats_used"] = JSON(median.used)
        meta["beats_rejected"] = JSON(median.rejected)
        meta["alignment_error"] = median.alignmentError.map { JSON($0) } ?? .null
        meta["rr"] = median.rr.map { JSON($0) } ?? .null
        if let interval {
            meta["span"] = JSON([currentInterval * interval, (currentInterval + 1) * interval])
            key += "/\(currentInterval * interval)"
        } else {
            meta["span"] = nil
        }
        if options.per == .label, !label.isEmpty { key += "/\(label)" }
        meta["key"] = .string(key)
        record.meta = meta
        let values = selection?.apply(median.values, time: median.time) ?? median.values
        record.tensors = [Tensor("signal", values, shape: [values.count / max(1, median.time), median.time], axes: ["lead", "time"])]
        return record
    }
}

extension Record {
    /// The annotations of a part that mark beats or anything else, none if it has none.
    fileprivate var marks: [BeatMark] {
        get throws {
            guard let samples = self["ann.sample"] else { return [] }
            guard let positions = samples.ints(), let symbols = self["ann.symbol"]?.ints(), positions.count == symbols.count else {
                throw ToolError(.data, "ann.sample and ann.symbol must hold as many integers one as the other", record: key)
            }
            return zip(positions, symbols).map { BeatMark(sample: $0, symbol: UInt8(truncatingIfNeeded: $1)) }
        }
    }
}
