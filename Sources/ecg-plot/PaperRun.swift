// SPDX-License-Identifier: GPL-3.0-or-later
import ECGPlot
import ECGStream
import ECGTool

/// Gathers the stretch of each recording that goes on paper, part by part; no more than one stretch is in memory.
final class PaperRun {
    private let options: PlotTool
    private let items: Items
    private let file: FigureFile
    private var open: Recording?

    init(_ options: PlotTool, _ file: FigureFile) {
        self.options = options
        items = options.items
        self.file = file
    }

    /// A recording whose last part has not come yet.
    private struct Recording {
        let key: String
        let about: String
        let layout: SignalLayout
        let chosen: [Int]
        /// The sample after the last one read.
        var end: Int
        /// The first sample of the stretch, and what is there of it.
        var start: Int
        let wanted: Int
        var samples: [[Float]]
        var map: [[Float]]
        var notes: [(sample: Int, text: String)] = []
        var isDone = false
    }

    func take(_ record: Record) throws {
        // A part may go on what was open; anything else begins a recording.
        if let now = open, now.key != record.key || record.start != now.end {
            open = nil
            if now.end == record.start || now.key == record.key, !now.isDone, now.key == record.key, record.start > now.end {
                throw ToolError(.data, "a part begins at sample \(record.start), and the part before ends at \(now.end)")
            }
            try close(now)
        }
        var recording = try open ?? begin(record)
        open = nil
        try add(record, to: &recording)
        if record.more { open = recording } else { try close(recording) }
    }

    /// After the last record: a recording whose last part never came is shown as far as it goes.
    func finish() throws {
        if let recording = open { try close(recording) }
        open = nil
    }

    private func begin(_ record: Record) throws -> Recording {
        let layout = try SignalLayout(record)
        let chosen = try items.choose(layout.leads, record.key)
        let wanted = options.paper.duration * layout.fs
        guard wanted < 50e6 else { throw ToolError(.usage, "--duration \(options.paper.duration) s has too many samples for paper") }
        guard options.maps.map.isEmpty || wanted * Double(chosen.count) < 4e6 else {
            throw ToolError(.usage, "--duration \(options.paper.duration) s of \(chosen.count) leads has too many samples for a map")
        }
        let from = (options.paper.from ?? Double(record.start) / layout.fs) * layout.fs
        return Recording(
            key: record.key, about: Items.about(record), layout: layout, chosen: chosen, end: record.start, start: Int(from.rounded()),
            wanted: max(1, Int(wanted.rounded())), samples: chosen.map { _ in [] },
            map: options.maps.map.isEmpty ? [] : chosen.map { _ in [] })
    }

    private func add(_ part: Record, to recording: inout Recording) throws {
        let values = try recording.layout.values(of: part, expectedStart: recording.end)
        let time = values.count / recording.layout.leads.count
        let map = try options.maps.map.first.map { name in
            guard let tensor = part["attr/" + name], tensor.count == values.count else {
                throw ToolError(.data, "has no map '\(name)' of the signal's shape")
            }
            return tensor.floats()
        }
        let partStart = recording.end
        recording.end += time
        if !options.paper.noAnnotations { Self.addNotes(part, to: &recording) }
        while !recording.isDone {
            let first = recording.start + recording.samples[0].count
            let last = min(recording.start + recording.wanted, recording.end)
            guard first < last, first >= partStart else { break }
            let range = first - partStart..<last - partStart
            for (row, lead) in recording.chosen.enumerated() {
                recording.samples[row] += values[lead * time + range.lowerBound..<lead * time + range.upperBound]
                if let map { recording.map[row] += map[lead * time + range.lowerBound..<lead * time + range.upperBound] }
            }
            guard recording.samples[0].count == recording.wanted else { break }
            try draw(recording)
            if options.paper.all && file.wantsMore {
                recording.start += recording.wanted
                for row in recording.samples.indices { recording.samples[row] = [] }
                for row in recording.map.indices { recording.map[row] = [] }
                recording.notes.removeAll { $0.sample < recording.start }
            } else {
                recording.isDone = true
                recording.samples = []
                recording.map = []
            }
        }
    }

    private static func addNotes(_ part: Record, to recording: inout Recording) {
        guard let samples = part["ann.sample"]?.ints(), let symbols = part["ann.symbol"]?.ints(), samples.count == symbols.count else {
            return
        }
        let end = recording.start.addingReportingOverflow(recording.wanted).partialValue
        for (sample, symbol) in zip(samples, symbols) where sample >= recording.start && (sample < end || !recording.isDone) {
            // Rhythm changes, comments and noise marks are no beats.
            guard (0x21...0x7E).contains(symbol), let scalar = UnicodeScalar(symbol), !"+\"~=@s".unicodeScalars.contains(scalar) else {
                continue
            }
            recording.notes.append((sample, String(scalar)))
        }
    }

    private func close(_ recording: Recording) throws {
        guard !recording.isDone else { return }
        if let first = recording.samples.first, !first.isEmpty { return try draw(recording) }
        // With --all the last stretch may have ended with the recording.
        if options.paper.all, recording.start >= recording.end, recording.start > 0, file.pages > 0 { return }
        let end = Double(recording.end) / recording.layout.fs
        throw ToolError(
            .data,
            recording.end == 0
                ? "the recording has no samples" : "nothing at --from \(options.paper.from ?? 0) s: the recording ends at \(end) s",
            record: recording.key)
    }

    private func draw(_ recording: Recording) throws {
        let fs = recording.layout.fs
        // A page of a PDF takes a dozen rows of leads; more become further pages.
        let rows = options.pageLeads
        let all = recording.chosen.indices
        let groups =
            file.wantsMore && options.form == .pdf && all.count > rows
            ? stride(from: 0, to: all.count, by: rows).map { $0..<min($0 + rows, all.count) } : [all]
        for group in groups {
            var figure = PaperFigure(
                leads: group.map { row in
                    Lead(
                        recording.layout.leads[recording.chosen[row]], unit: recording.layout.units[recording.chosen[row]],
                        samples: recording.samples[row])
                }, fs: fs)
            figure.title = options.title ?? recording.key
            figure.subtitle = recording.about
            figure.start = Double(recording.start) / fs
            figure.layout = options.paper.layout
            figure.isSheet = options.form == .pdf
            figure.speed = options.paper.speed
            figure.gain = options.paper.gain
            figure.rhythm = options.paper.rhythm
            figure.notes = recording.notes.map { (Double($0.sample - recording.start) / fs, $0.text) }
            if let name = options.maps.map.first {
                figure.map = HeatMap(name, values: group.map { recording.map[$0] })
                if options.maps.absolute { figure.map = figure.map?.absolute }
                figure.range = options.maps.range
                figure.limit = options.maps.scaleEnd
            }
            try file.add(figure)
        }
    }
}
