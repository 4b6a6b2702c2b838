// SPDX-License-Identifier: GPL-3.0-or-later
import ECGFormats
import ECGSignal
import ECGStream
import ECGTool

/// One recording on its way through: its parts go in, its beats come out.
final class Recording {
    let key: String
    /// Whether a part was added that another one follows.
    private(set) var isContinued = false
    private let options: Beats
    private let stage: Stage
    private let layout: SignalLayout
    /// Tensors of the signal's shape, such as maps: they are cut where the signal is, and are not scaled.
    private let companions: [String]
    private var cutter: BeatCutter
    private var finder: BeatFinder
    private var found: [BeatMark] = []
    private let template: Record
    /// What ecg-synth knows of the beats around the samples still held, in order of time.
    private var truths: [JSON] = []
    private let hasTruth: Bool

    init(_ part: Record, options: Beats, stage: Stage) throws {
        if part.sample != nil, part.r != nil { throw ToolError(.data, "the record is a beat already") }
        key = part.key
        self.options = options
        self.stage = stage
        layout = try SignalLayout(part)
        companions = part.tensors.filter { $0.name != "signal" && $0.dtype == .float32 && $0.shape == part["signal"]?.shape }.map(\.name)
        var cut = try options.cutOptions(fs: layout.fs)
        if !companions.isEmpty {
            // The cutter sees them as further leads, and leaves to `write` what concerns the signal alone.
            if options.stack || options.rr {
                throw ToolError(.usage, "--stack and --rr change the signal's shape, which '\(companions[0])' has too")
            }
            (cut.scale, cut.keepsMissing) = (.none, true)
        }
        cutter = BeatCutter(
            options: cut, fs: layout.fs, leadCount: layout.leads.count * (1 + companions.count), recordStart: part.start)
        let annotated = part["ann.sample"] != nil
        if options.from == .ann, !annotated { throw ToolError(.data, "the recording has no annotations (ecg-read -a EXT)") }
        finder = BeatFinder(
            detects: options.from == .detect || !annotated, fs: layout.fs, leadCount: layout.leads.count, recordStart: part.start)
        template = options.template(
            of: part, layout: layout, members: ["sample", "r", "length", "label", "rr_before", "rr_after"])
        hasTruth = part.meta["truth"] != nil
    }

    func add(_ part: Record) throws {
        let values = try layout.values(of: part, expectedStart: isContinued ? cutter.end : nil)
        isContinued = true
        cutter.append(try companions.reduce(values) { $0 + (try companion($1, of: part)) })
        truths += part.meta["truth"]?.array ?? []
        let (marks, known) = finder.push(values, annotations: try BeatMark.all(in: part), end: cutter.end)
        try take(marks, known: known)
        try write(cutter.next())
        // A beat that waits for the next one may begin a little before the samples still held.
        dropTruths(before: cutter.heldFrom - Int(60 * layout.fs))
    }

    func finish() throws {
        try take(finder.finish(), known: cutter.end)
        try write(cutter.finish())
        try storeAnnotations()
    }

    private func take(_ marks: [BeatMark], known: Int) throws {
        if options.writeAnn != nil { found += marks.filter { SymbolSet.beats.contains($0.symbol) } }
        try cutter.append(marks: marks, known: known)
    }

    private func write(_ results: [CutResult]) throws {
        for result in results {
            switch result {
            case .leftOut(let sample, let reason): stage.leaveOut("\(key)/\(sample)", reason: reason)
            case .beat(let beat): try write(beat)
            }
        }
    }

    private func companion(_ name: String, of part: Record) throws -> [Float] {
        guard let tensor = part[name], tensor.shape == part["signal"]?.shape else {
            throw ToolError(.data, "the parts of the recording don't all have '\(name)' in the shape of the signal")
        }
        return tensor.floats()
    }

    private func write(_ beat: Beat) throws {
        if companions.isEmpty { return try stage.write(record(of: beat)) }
        let count = layout.leads.count * beat.time
        var own = beat
        own.values = Array(beat.values[..<count])
        own.missing = own.values.count { $0.isNaN }
        if own.missing > 0, options.noMissing { return stage.leaveOut("\(key)/\(beat.sample)", reason: "missing samples") }
        options.scale.apply(to: &own.values)
        var record = record(of: own)
        for (place, name) in companions.enumerated() {
            let values = Array(beat.values[(place + 1) * count..<(place + 2) * count])
            record.tensors.append(Tensor(name, values, shape: [layout.leads.count, beat.time], axes: ["lead", "time"]))
        }
        try stage.write(record)
    }

    private func dropTruths(before sample: Int) {
        truths.removeFirst(truths.prefix { ($0["sample"]?.int ?? 0) < sample }.count)
    }

    /// The part of the truth whose R peaks lie in a beat, in samples of the recording as `sample` is.
    private func truth(of beat: Beat) -> JSON {
        dropTruths(before: beat.start)
        return .array(truths.prefix { ($0["sample"]?.int ?? 0) < beat.start + beat.paddingBefore + beat.length })
    }

    private func record(of beat: Beat) -> Record {
        var record = template
        var meta = template.meta
        meta["key"] = .string("\(key)/\(beat.sample)")
        meta["sample"] = JSON(beat.sample)
        meta["r"] = JSON(beat.r)
        meta["length"] = JSON(beat.length)
        if beat.symbol != BeatMark.unlabelled {
            meta["label"] = .string(String(UnicodeScalar(beat.symbol)))
        } else if meta["label"] == .null {
            meta["label"] = nil
        }
        meta["rr_before"] = beat.rrBefore.map { JSON($0) } ?? .null
        meta["rr_after"] = beat.rrAfter.map { JSON($0) } ?? .null
        if beat.paddingBefore > 0 { meta["pad_before"] = JSON(beat.paddingBefore) }
        if hasTruth { meta["truth"] = truth(of: beat) }
        if beat.missing > 0 { meta["missing"] = JSON(beat.missing) }
        if options.rr {
            meta["leads"] = JSON(layout.leads + ["RR before", "RR after"])
            meta["units"] = JSON((meta["units"]?.strings ?? layout.units) + ["2 s", "2 s"])
        }
        record.meta = meta
        var values = beat.values
        var leads = layout.leads.count
        if options.rr {
            // Where there is no neighbour the interval is 0; beyond 2 s it says nothing more.
            for interval in [beat.rrBefore, beat.rrAfter] {
                values += [Float](repeating: Float(min(interval ?? 0, 2) / 2), count: beat.time)
            }
            leads += 2
        }
        record.tensors = [
            Tensor("signal", values, shape: options.stack ? [1, leads * beat.time] : [leads, beat.time], axes: ["lead", "time"])
        ]
        return record
    }

    private func storeAnnotations() throws {
        guard let ext = options.writeAnn else { return }
        let name = template.recordName
        guard !name.isEmpty, !name.hasPrefix("/"), !name.split(separator: "/").contains("..") else {
            throw ToolError(.data, "'\(name)' is no name for an annotation file")
        }
        let annotations = found.map { mark in
            Annotation(sample: mark.sample, code: AnnotationCode(symbol: mark.symbol) ?? .normal)
        }
        try AnnotationList(annotations).write(to: "\(options.writeDir ?? ".")/\(name).\(ext)")
    }
}

extension BeatMark {
    /// The annotations of a part, none if it has none.
    static func all(in part: Record) throws -> [BeatMark] {
        guard let samples = part["ann.sample"] else { return [] }
        guard let positions = samples.ints(), let symbols = part["ann.symbol"]?.ints(), positions.count == symbols.count else {
            throw ToolError(.data, "ann.sample and ann.symbol must hold as many integers one as the other")
        }
        return zip(positions, symbols).map { BeatMark(sample: $0, symbol: UInt8(truncatingIfNeeded: $1)) }
    }
}
