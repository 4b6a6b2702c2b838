// SPDX-License-Identifier: GPL-3.0-or-later
import ECGSignal
import ECGStream
import ECGTool

/// One recording on its way through the filter: parts go in, and come out with the same borders as soon as their samples are ready.
final class FilteredRecording {
    let key: String
    private let fs: Double
    private let plans: FilterJob.Plans
    private let start: Int
    private var tracks: [Track] = []
    private var waiting: [Part] = []
    private var annotations: CarriedAnnotations
    private(set) var received = 0
    /// Values of the output that have left.
    private var sent = 0

    /// Rows that a filter runs along, of all tensors.
    var rowCount: Int { tracks.map(\.rows).max() ?? 1 }

    /// A tensor that changes.
    private struct Track {
        let name: String
        let leading: [Int]
        let axes: [String]
        /// The rows that a filter runs along; stacked leads are rows of their own.
        let rows: Int
        let filter: RecordFilter
    }

    private struct Part {
        var record: Record
        /// Samples received with and before it.
        var end: Int
    }

    init(_ part: Record, job: FilterJob, plans: FilterJob.Plans) throws {
        key = part.key
        self.plans = plans
        guard let fs = part.fs, fs > 0 else { throw ToolError(.data, "the record has no sampling frequency 'fs'", record: part.key) }
        self.fs = fs
        start = part.start
        try Self.check(part, job.glob)
        annotations = CarriedAnnotations(ratio: plans.filter.ratio, start: part.start)
        let resamples = plans.filter.ratio != .identity
        for tensor in part.tensors where tensor.axes.last == "time" {
            let isFiltered = job.glob.matches(tensor.name)
            guard isFiltered || resamples else { continue }
            let leads = part.leads?.count ?? 0
            let leading = Array(tensor.shape.dropLast())
            var rows = leading.reduce(1, *)
            if rows == 1, leads > 1, let time = tensor.shape.last, time % leads == 0 { rows = leads }
            let units = tensor.name == "signal" ? Self.units(part, rows: rows) : [VoltageUnit?](repeating: nil, count: rows)
            tracks.append(
                Track(
                    name: tensor.name, leading: leading, axes: tensor.axes, rows: rows,
                    filter: RecordFilter(isFiltered ? plans.filter : plans.resampling, units: units)))
        }
    }

    /// A pattern that fits nothing is a slip of the pen, and must not pass for a filter.
    private static func check(_ part: Record, _ glob: Glob) throws {
        if part.tensors.contains(where: { glob.matches($0.name) && $0.axes.last == "time" }) { return }
        throw ToolError(.data, "no tensor with a time axis has a name that fits '\(glob.pattern)'", record: part.key)
    }

    private static func units(_ part: Record, rows: Int) -> [VoltageUnit?] {
        let units = (part.units ?? []).map { VoltageUnit(name: $0) }
        return units.count == rows ? units : [VoltageUnit?](repeating: nil, count: rows)
    }

    /// Takes parts that follow each other, and hands on those that are complete.
    func add(_ parts: [Record], run: RecordFilter.Runner, send: (Record) throws -> Void) throws {
        var values = tracks.map { _ in [[Float]]() }
        for var part in parts {
            guard part.key == key else { throw ToolError(.data, "the last part of the recording is missing", record: key) }
            if received > 0 || !waiting.isEmpty {
                guard part.fs == fs, part.start == start + received else {
                    throw ToolError(.data, "the part from sample \(part.start) on does not follow sample \(start + received)", record: key)
                }
            }
            var time: Int?
            for (index, track) in tracks.enumerated() {
                guard let tensor = part[track.name], tensor.axes == track.axes, Array(tensor.shape.dropLast()) == track.leading,
                    let length = tensor.shape.last
                else { throw ToolError(.data, "the parts of the recording have different tensors '\(track.name)'", record: key) }
                // A stacked row holds its leads one after the other.
                let samples = track.rows > max(1, track.leading.reduce(1, *)) ? length / track.rows : length
                guard samples == time ?? samples else {
                    throw ToolError(.data, "the tensor '\(track.name)' has \(samples) samples a row, another one \(time ?? 0)", record: key)
                }
                time = samples
                values[index].append(tensor.floats())
                // The samples wait in the filter; the part keeps the tensor's place.
                part[track.name] = Tensor(track.name, [Float](), shape: track.leading + [0], axes: track.axes)
            }
            received += time ?? 0
            annotations.take(&part)
            waiting.append(Part(record: part, end: received))
        }
        for (index, track) in tracks.enumerated() { try track.filter.push(values[index], run: run) }
        try sendReady(isLast: false, send)
    }

    /// The recording ends here.
    func finish(run: RecordFilter.Runner, send: (Record) throws -> Void) throws {
        var failure: (any Error)?
        for track in tracks {
            try track.filter.finish(run: run) {
                // With one tensor its values can leave while the rest are made.
                guard tracks.count == 1, failure == nil else { return }
                do { try sendReady(isLast: false, send) } catch { failure = error }
            }
        }
        if let failure { throw failure }
        try sendReady(isLast: true, send)
    }

    private func sendReady(isLast: Bool, _ send: (Record) throws -> Void) throws {
        let ratio = plans.filter.ratio
        while let part = waiting.first {
            let end = ratio.length(of: part.end)
            guard isLast || waiting.count > 1 || part.record.more else { return }
            guard isLast || tracks.allSatisfy({ sent + $0.filter.readyCount >= end }) else { return }
            waiting.removeFirst()
            var record = part.record
            for track in tracks {
                let time = track.rows > track.leading.reduce(1, *) ? (end - sent) * track.rows : end - sent
                record[track.name] = Tensor(
                    track.name, track.filter.take(end - sent), shape: track.leading + [time], axes: track.axes)
            }
            convert(&record, end: end, isLast: waiting.isEmpty && (isLast || !record.more))
            sent = end
            try send(record)
        }
    }

    /// Positions and units in the meta, and the annotations of the part's new borders.
    private func convert(_ record: inout Record, end: Int, isLast: Bool) {
        let plan = plans.filter
        if let unit = plan.outputUnit, tracks.contains(where: { $0.name == "signal" }), let units = record.units {
            record.meta["units"] = JSON(units.map { VoltageUnit(name: $0) == nil ? $0 : unit.rawValue })
        }
        guard plan.ratio != .identity else { return }
        let ratio = plan.ratio
        record.meta["fs"] = JSON(plan.outputFs)
        if record.meta["start"] != nil { record.meta["start"] = JSON(ratio.position(of: start) + sent) }
        if let r = record.r { record.meta["r"] = JSON(ratio.position(of: r)) }
        if let sample = record.sample { record.meta["sample"] = JSON(ratio.position(of: sample)) }
        for name in ["length", "pad_before"] {
            if let count = record.meta[name]?.int { record.meta[name] = JSON(ratio.length(of: count)) }
        }
        // Waves that ecg-measure found count within the beat, those that ecg-synth knows of and the span of a median within the recording.
        let origin = start
        if let waves = record.meta["fiducials"] { record.meta["fiducials"] = waves.moved { ratio.position(of: $0) } }
        let inRecording = { (sample: Int) in ratio.position(of: origin) + ratio.position(of: sample - origin) }
        if let truth = record.meta["truth"] { record.meta["truth"] = truth.moved(inRecording) }
        if let span = record.meta["span"]?.ints { record.meta["span"] = JSON(span.map { ratio.position(of: $0) }) }
        annotations.give(to: &record, before: end, last: isLast ? max(0, end - 1) : nil)
    }
}
