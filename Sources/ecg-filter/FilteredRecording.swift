// SPDX-License-Identifier: GPL-3.0-or-later
import ECGSignal
import ECGStream
import ECGTool

/// One recording on its way through the filter: parts go in, and come out with the same borders as soon as their samples are ready.
///
/// A part goes three steps, which different threads may take at the same time for different parts: it is admitted, its samples are pushed, and when
/// they are collected, the parts that are complete are assembled.
final class FilteredRecording: @unchecked Sendable {
    let key: String
    private let fs: Double
    private let plans: FilterJob.Plans
    private let start: Int
    private let tracks: [Track]
    private var waiting: [Part] = []
    private var annotations: CarriedAnnotations
    private var hasParts = false
    private var received = 0
    /// Values of the output that have left.
    private var sent = 0

    /// A tensor that changes.
    private struct Track {
        let name: String
        let leading: [Int]
        let axes: [String]
        /// The rows that a filter runs along; stacked leads are rows of their own.
        let rows: Int
        let filter: RecordFilter
    }

    /// A part that was admitted.
    struct Part: Sendable {
        fileprivate var record: Record
        /// Samples received with and before it.
        fileprivate var end: Int
        /// The tensors that change, as they came.
        fileprivate var inputs: [Tensor]

        /// When the samples are in the filter; held on to, they would keep the memory that the input is read into.
        mutating func forgetSamples() { inputs = [] }
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
        var tracks: [Track] = []
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
        self.tracks = tracks
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

    /// Takes a part that follows those before it.
    func admit(_ part: Record) throws -> Part {
        var part = part
        guard part.key == key else { throw ToolError.lastPartMissing(key) }
        if hasParts {
            guard part.fs == fs, part.start == start + received else {
                throw ToolError(.data, "the part from sample \(part.start) on does not follow sample \(start + received)", record: key)
            }
        }
        var time: Int?
        var inputs: [Tensor] = []
        for track in tracks {
            guard let tensor = part[track.name], tensor.axes == track.axes, Array(tensor.shape.dropLast()) == track.leading,
                let length = tensor.shape.last
            else { throw ToolError(.data, "the parts of the recording have different tensors '\(track.name)'", record: key) }
            // A stacked row holds its leads one after the other.
            let samples = track.rows > max(1, track.leading.reduce(1, *)) ? length / track.rows : length
            guard samples == time ?? samples else {
                throw ToolError(.data, "the tensor '\(track.name)' has \(samples) samples a row, another one \(time ?? 0)", record: key)
            }
            time = samples
            inputs.append(tensor)
            // The samples wait in the filter; the part keeps the tensor's place.
            part[track.name] = Tensor(track.name, [Float](), shape: track.leading + [0], axes: track.axes)
        }
        hasParts = true
        received += time ?? 0
        return Part(record: part, end: received, inputs: inputs)
    }

    /// Tasks into which a push falls: the rows of all tensors that go by themselves.
    var taskCount: Int { tracks.reduce(0) { $0 + $1.filter.taskCount } }

    /// One of the tasks of pushing parts that were admitted; they share nothing. When all are done, `collect` follows.
    func push(_ parts: [Part], task: Int) {
        var task = task
        for (index, track) in tracks.enumerated() {
            guard task >= track.filter.taskCount else {
                for part in parts {
                    let tensor = part.inputs[index]
                    track.filter.push(tensor.count, task: task) { tensor.floats($0) }
                }
                return
            }
            task -= track.filter.taskCount
        }
    }

    func collect() throws {
        for track in tracks { try track.filter.collect() }
    }

    /// - Parameter parts: those that were pushed since.
    /// - Returns: the parts that are complete.
    func assemble(_ parts: [Part]) throws -> [SealedRecord] {
        for var part in parts {
            annotations.take(&part.record)
            waiting.append(part)
        }
        var records: [SealedRecord] = []
        try sendReady(isLast: false) { records.append(try $0.sealed()) }
        return records
    }

    /// The recording ends here; everything that was pushed has been assembled.
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

    /// Filters a recording that is whole in one record.
    static func whole(_ record: Record, job: FilterJob, plans: FilterJob.Plans) throws -> Record {
        let recording = try FilteredRecording(record, job: job, plans: plans)
        var part = try recording.admit(record)
        recording.annotations.take(&part.record)
        var outputs: [[RecordFilter.Piece]] = []
        for (track, tensor) in zip(recording.tracks, part.inputs) {
            let values = try track.filter.whole(tensor.count) { tensor.floats($0) }
            outputs.append([(values, values.indices)])
        }
        return recording.completed(part, outputs, end: plans.filter.ratio.length(of: part.end), isLast: true)
    }

    private func sendReady(isLast: Bool, _ send: (Record) throws -> Void) throws {
        let ratio = plans.filter.ratio
        while let part = waiting.first {
            let end = ratio.length(of: part.end)
            guard isLast || waiting.count > 1 || part.record.more else { return }
            guard isLast || tracks.allSatisfy({ sent + $0.filter.readyCount >= end }) else { return }
            waiting.removeFirst()
            let outputs = tracks.map { $0.filter.takePieces(end - sent) }
            try send(completed(part, outputs, end: end, isLast: waiting.isEmpty && (isLast || !part.record.more)))
        }
    }

    /// A part with the values of its tensors, up to value `end` of the recording.
    private func completed(_ part: Part, _ outputs: [[RecordFilter.Piece]], end: Int, isLast: Bool) -> Record {
        var record = part.record
        for (track, pieces) in zip(tracks, outputs) {
            let time = track.rows > track.leading.reduce(1, *) ? (end - sent) * track.rows : end - sent
            record[track.name] = Tensor(track.name, pieces: pieces, shape: track.leading + [time], axes: track.axes)
        }
        convert(&record, end: end, isLast: isLast)
        sent = end
        return record
    }

    /// Positions and units in the meta, and the annotations of the part's new borders.
    private func convert(_ record: inout Record, end: Int, isLast: Bool) {
        let plan = plans.filter
        if tracks.contains(where: { $0.name == "signal" }), let units = record.units {
            if plan.isScaled {
                record.meta["units"] = JSON(units.map { _ in VoltageUnit.normalised })
            } else if let unit = plan.outputUnit {
                record.meta["units"] = JSON(units.map { VoltageUnit(name: $0) == nil ? $0 : unit.rawValue })
            }
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
