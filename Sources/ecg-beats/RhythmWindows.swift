// SPDX-License-Identifier: GPL-3.0-or-later
import ECGSignal
import ECGStream
import ECGTool

/// One recording on its way through `--cut rhythm`: windows of a fixed duration, each within one rhythm of the annotations.
///
/// A rhythm begins at an annotation whose text is its name behind a parenthesis, as `(AFIB`; the first window begins there, and each next one where the
/// one before ends. What is left before the next rhythm gives no window.
final class RhythmWindows {
    let key: String
    private(set) var isContinued = false
    private let options: Beats
    private let stage: Stage
    private let layout: SignalLayout
    private let size: Int
    private let template: Record
    /// The rhythm that lasts, and where its next window begins.
    private var rhythm: String?
    private var next: Int
    private var end: Int
    /// Samples from `next` on, a row a lead.
    private var rows: [[Float]]
    private var beats: [BeatMark] = []

    init(_ part: Record, options: Beats, stage: Stage) throws {
        if part.sample != nil, part.r != nil { throw ToolError(.data, "the record is a beat already") }
        key = part.key
        self.options = options
        self.stage = stage
        layout = try SignalLayout(part)
        guard part["ann.sample"] != nil || part.meta["aux"] != nil else {
            throw ToolError(.data, "the recording has no annotations (ecg-read -a EXT)")
        }
        let samples = (options.rhythmWindow * layout.fs).rounded()
        guard samples >= 1, samples <= 1e8 else {
            throw ToolError(.data, "a window of \(options.rhythmWindow) s has \(samples) samples at \(layout.fs) Hz")
        }
        size = Int(samples)
        next = part.start
        end = part.start
        rows = layout.leads.map { _ in [] }
        template = options.template(of: part, layout: layout, members: ["sample", "length", "label", "rate"])
    }

    func add(_ part: Record) throws {
        let values = try layout.values(of: part, expectedStart: isContinued ? end : nil)
        isContinued = true
        let count = values.count / layout.leads.count
        for lead in rows.indices { rows[lead] += values[lead * count..<(lead + 1) * count] }
        end += count
        let marks = try BeatMark.all(in: part)
        guard marks.allSatisfy({ $0.sample >= end - count && $0.sample < end }) else {
            throw ToolError(.data, "an annotation lies outside its part of the recording")
        }
        beats += marks.filter { SymbolSet.beats.contains($0.symbol) }
        for change in try Self.changes(in: part) {
            try cut(until: min(max(change.sample, next), end))
            rhythm = change.name
            drop(until: min(max(change.sample, next), end))
        }
        try cut(until: end)
        // Before the first rhythm there is nothing to wait for.
        if rhythm == nil { drop(until: end) }
    }

    /// The rhythms that begin in a part, in order.
    private static func changes(in part: Record) throws -> [(sample: Int, name: String)] {
        var changes: [(sample: Int, name: String)] = []
        for text in part.meta["aux"]?.array ?? [] {
            guard let sample = text["sample"]?.int, let name = text["text"]?.string, name.hasPrefix("(") else { continue }
            guard changes.last?.sample ?? .min <= sample else { throw ToolError(.data, "the annotations' texts are not in order of time") }
            changes.append((sample, String(name.dropFirst().prefix { !$0.isWhitespace && $0 != "\0" })))
        }
        return changes
    }

    private func cut(until limit: Int) throws {
        guard let rhythm else { return }
        while next + size <= limit {
            try write(rhythm)
            drop(until: next + size)
        }
    }

    private func drop(until sample: Int) {
        let count = sample - next
        guard count > 0 else { return }
        for lead in rows.indices { rows[lead].removeFirst(count) }
        next = sample
        beats.removeAll { $0.sample < sample }
    }

    private func write(_ rhythm: String) throws {
        let inside = beats.prefix { $0.sample < next + size }
        var rate: Double?
        if inside.count > 1, let first = inside.first?.sample, let last = inside.last?.sample, last > first {
            rate = 60 * Double(inside.count - 1) * layout.fs / Double(last - first)
        }
        var label = rhythm
        if let fast = options.fast, rhythm == "N", let rate, rate > fast { label = "TACH" }
        label = options.rhythmMerge[label] ?? label
        let key = "\(self.key)/\(next)"
        if let classes = options.rhythmClasses, !classes.contains(label) { return stage.leaveOut(key, reason: "other class") }
        var values = rows.flatMap { $0[..<size] }
        let missing = values.count { $0.isNaN }
        if missing > 0, options.noMissing { return stage.leaveOut(key, reason: "missing samples") }
        options.scale.apply(to: &values)
        var record = template
        record.meta["key"] = .string(key)
        record.meta["sample"] = JSON(next)
        record.meta["length"] = JSON(size)
        record.meta["label"] = .string(label)
        record.meta["rate"] = rate.map { JSON($0) } ?? .null
        // The beats inside keep their places in the recording, so that a window can be cut into them.
        record.meta["start"] = JSON(next)
        if missing > 0 { record.meta["missing"] = JSON(missing) }
        let leads = layout.leads.count
        record.tensors = [
            Tensor("signal", values, shape: options.stack ? [1, leads * size] : [leads, size], axes: ["lead", "time"]),
            Tensor("ann.sample", inside.map { Int64($0.sample) }, axis: "n"),
            Tensor("ann.symbol", inside.map(\.symbol), axis: "n"),
        ]
        try stage.write(record)
    }
}
