// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGPlot
import ECGScore
import ECGStream
import ECGTool

@main
struct PlotTool: StageTool {
    static let configuration = CommandConfiguration.tool(
        "ecg-plot",
        abstract: "Draw a figure: SVG, PDF or PNG by the suffix of -o.",
        discussion: """
            Kinds: paper (a recording on ECG paper), map (attribution maps as colour on the traces).             A PDF takes a page an item; SVG and PNG show the first.
            """)

    @Argument(help: .init("What to draw.", valueName: "kind")) var kind: Kind
    @OptionGroup var input: InputOptions
    @OptionGroup var stage: StageOptions

    @Option(help: .init("svg, pdf or png, for standard output. (default: the suffix of -o, else svg)", valueName: "form"))
    var format: FigureForm?
    @Option(help: .init("Pixels an inch of a PNG.", valueName: "n")) var dpi = 300.0
    @Option(help: .init("light or dark.", valueName: "name")) var theme = Style.Theme.light
    @Option(help: .init("The figure's width in millimetres; 85 is a journal's column. (default: by kind)", valueName: "mm")) var width:
        Double?
    @Option(help: .init("A title in place of the record's key.", valueName: "text")) var title: String?
    @Option(help: .init("The record with this key instead of the first.", valueName: "key")) var key: String?
    @Option(help: .init("Leads to show, names or numbers with commas between, in this order. (default: all)", valueName: "list")) var leads:
        String?

    @Option(help: .init("Classes to show, with commas between, in this order. (default: all)", valueName: "list")) var classes: String?

    @Option(help: .init("map: maps to show; may be given again. paper: the map that colours the traces.", valueName: "method")) var map:
        [String] = []
    @Flag(help: "map: the mean of the absolute values over leads, on one lead (--leads, else V5, else the first).") var mean = false
    @Flag(help: "Absolute values of maps.") var absolute = false
    @Option(help: .init("Share of a map's sum of magnitudes that its colour scale covers.", valueName: "share")) var range = 0.9
    @Option(help: .init("End of the colour scale, in place of --range.", valueName: "value")) var scaleEnd: Double?
    @Flag(help: "Show a beat's padding too.") var withPadding = false

    @Option(help: .init("paper: auto, 3x4+1, 3x4, 6x2 or rows.", valueName: "name")) var layout = PaperFigure.Layout.auto
    @Option(help: .init("paper: millimetres a second.", valueName: "mm")) var speed = 25.0
    @Option(help: .init("paper: millimetres a millivolt.", valueName: "mm")) var gain = 10.0
    @Option(help: .init("paper: the lead of the rhythm row.", valueName: "lead")) var rhythm = "II"
    @Option(help: .init("paper: first second of the recording to show. (default: the first there is)", valueName: "seconds")) var from:
        Double?
    @Option(help: .init("paper: seconds to show.", valueName: "seconds")) var duration = 10.0
    @Flag(help: "paper: the whole recording in a PDF, a page for each stretch of --duration.") var all = false
    @Flag(help: "paper: leave out the beats' labels.") var noAnnotations = false

    @Option(help: .init("segments: a stream of beats, of which a typical one a class is drawn.", valueName: "file")) var beats: String?
    @Option(help: .init("beats, segments: the first beats of each class to lay over each other, or to choose from.", valueName: "n"))
    var limit: Int = 100
    @Option(help: .init("curves: the column across. (default: step, or the first of numbers)", valueName: "column")) var x: String?
    @Option(help: .init("curves, matrix: the column of values. (default: value, mean or median)", valueName: "column")) var y: String?
    @Option(help: .init("curves: the column that names curves. (default: all columns of words)", valueName: "column")) var by: String?
    @Option(help: .init("curves, matrix: the column that divides into panels. (default: metric)", valueName: "column")) var panel: String?
    @Option(help: .init("matrix: what the colours show. (default: the column's name)", valueName: "text")) var measure: String?
    @Flag(help: "histogram: a logarithmic axis.") var logScale = false

    @Option(help: .init("sheets: write the answers to FILE.", valueName: "file")) var answers: String?
    @Option(help: .init("sheets: write an empty vote file to FILE.", valueName: "file")) var votes: String?
    @Option(help: .init("sheets: how often each item is shown.", valueName: "n")) var copies = 2
    @Option(help: .init("sheets: what the network estimates, for the answers.", valueName: "name")) var feature = "feature"
    @Option(help: .init("sheets: the beginning of the sheets' names.", valueName: "name")) var study = "sheet"

    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case paper, map, beats, segments, profiles, confusion, matrix, curves, histogram, roc, pr, sheets
    }

    // MARK: What follows from the options

    var form: FigureForm { format ?? stage.output.flatMap(FigureForm.init(suffixOf:)) ?? .svg }
    var style: Style { Style(theme: theme, width: width) }
    var items: Items { Items(leads: leads.map { $0.split(separator: ",").map(String.init) } ?? [], withPadding: withPadding) }
    var classList: [String]? { classes.map { $0.split(separator: ",").map(String.init) } }
    /// Rows of leads on a page of a PDF.
    var pageLeads: Int { 12 }
    /// Whether the operand is a table; confusion and histogram take either.
    private var takesTable: Bool {
        switch kind {
        case .segments, .profiles, .matrix, .curves: true
        case .confusion, .histogram: input.inputs.first.map { !$0.beginsAsStream } ?? false
        default: false
        }
    }
    /// Streams to read: none where the operand is a table, but for the beats beside it.
    var inputs: [StreamInput]? { takesTable ? beats.map { [StreamInput(operand: $0)] } : input.inputs }
    /// An SVG is text, which a terminal takes.
    var output: StageOutput { form == .svg ? .text : .binary }

    func validate() throws {
        if let path = stage.output, path != "-" {
            let suffix = FigureForm(suffixOf: path)
            if suffix == nil && format == nil {
                throw ValidationError("-o \(path): its suffix is none of .svg, .pdf and .png; name the form with --format.")
            }
            if let suffix, let format, suffix != format { throw ValidationError("-o \(path) and --format \(format.rawValue) don't agree.") }
        }
        guard dpi >= 10, dpi <= 2400 else { throw ValidationError("--dpi takes 10 to 2400 pixels an inch.") }
        if let width, !(30...2000).contains(width) { throw ValidationError("--width takes 30 to 2000 mm.") }
        guard range > 0, range <= 1 else { throw ValidationError("--range takes a share above 0 and up to 1.") }
        if let scaleEnd, !(scaleEnd > 0 && scaleEnd.isFinite) { throw ValidationError("--scale-end takes a number above 0.") }
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit takes 1 to 10000 beats.") }
        if let classes, classes.split(separator: ",").isEmpty { throw ValidationError("--classes takes names with commas between.") }
        guard (1...100).contains(copies) else { throw ValidationError("--copies takes 1 to 100.") }
        if kind == .sheets {
            guard form == .pdf else { throw ValidationError("sheets are the pages of a PDF.") }
            guard answers != nil else { throw ValidationError("sheets need --answers FILE, or nobody will know which map is which.") }
        } else if answers != nil || votes != nil {
            throw ValidationError("--answers and --votes belong to sheets.")
        }
        let own = [answers, votes].compactMap { $0 }
        if own.contains("-") || own.contains("")
            || own.count != Set(own + [stage.output].compactMap { $0 }).count - (stage.output == nil ? 0 : 1)
        {
            throw ValidationError("--answers and --votes take files of their own.")
        }
        if beats != nil, kind != .segments { throw ValidationError("--beats belongs to segments.") }
        guard speed >= 1, speed <= 1000 else { throw ValidationError("--speed takes 1 to 1000 mm a second.") }
        guard gain >= 0.1, gain <= 1000 else { throw ValidationError("--gain takes 0.1 to 1000 mm a millivolt.") }
        guard duration > 0, duration <= 3600 else { throw ValidationError("--duration takes more than 0 and up to 3600 s.") }
        if let from, !(from >= 0 && from < 1e9) { throw ValidationError("--from takes 0 s or more.") }
        if let leads, leads.split(separator: ",").isEmpty { throw ValidationError("--leads takes names or numbers with commas between.") }
        if kind == .paper && map.count > 1 { throw ValidationError("paper takes one --map.") }
        if all && form != .pdf { throw ValidationError("--all needs a PDF, which has pages.") }
    }

    static func status(of error: any Error) -> ExitStatus? { error is SpillError ? .inputOutput : nil }

    // MARK: At work

    func run(_ stage: Stage) throws {
        let file = try FigureFile(stage, form: form, dpi: dpi, style: style)
        // Asked before anything is read: afterwards the input begins elsewhere.
        let isTable = takesTable
        if isTable {
            try drawTable(stage, file)
        } else {
            try drawItems(stage, file)
        }
        if let key, file.pages == 0 { throw ToolError(.data, "no record has the key '\(key)'") }
        try file.finish(emptyMessage: isTable ? "no rows to draw" : "no records to draw")
    }

    private func drawTable(_ stage: Stage, _ file: FigureFile) throws {
        let table = try CSVTable(input.inputs, stage)
        guard !table.rows.isEmpty else { return }
        switch kind {
        case .segments:
            let segments = try SegmentTables(table, self)
            var gallery: BeatGallery?
            if beats != nil {
                let beats = BeatGallery(limit: limit, items: Items(leads: [], withPadding: withPadding))
                try stage.forEach { try beats.take($0) }
                gallery = beats
            }
            for map in try segments.maps() { try file.add(try segments.segments(map, gallery)) }
        case .profiles:
            let segments = try SegmentTables(table, self)
            for map in try segments.maps() { try file.add(try segments.profiles(map)) }
        case .matrix: try file.add(try MatrixTables(table: table, options: self).figure())
        case .confusion: try file.add(try MatrixTables(table: table, options: self).confusion())
        case .curves: try file.add(try CurveTables(table: table, options: self).figure())
        default: try file.add(try histogram(MatrixTables(table: table, options: self).histogram(), keepsOrder: true))
        }
    }

    private func drawItems(_ stage: Stage, _ file: FigureFile) throws {
        switch kind {
        case .paper:
            let run = PaperRun(self, file)
            try stage.forEach { record in
                if try isWanted(record, file) { try run.take(record) }
            }
            try run.finish()
        case .map:
            try stage.forEach { record in
                if try isWanted(record, file) { try file.add(try mapFigure(record)) }
            }
        case .sheets:
            let run = try SheetRun(self)
            try stage.forEach { try run.take($0) }
            try run.finish(file, stage)
        case .beats:
            let gallery = BeatGallery(limit: limit, items: items)
            try stage.forEach { try gallery.take($0) }
            if !gallery.classes.isEmpty { try file.add(gallery.figure(self)) }
        default:
            var run = ScoredRun(self)
            var count = 0
            try stage.forEach { record in
                try run.take(record)
                count += 1
            }
            guard count > 0 else { return }
            switch kind {
            case .confusion: try file.add(try run.confusion())
            case .histogram: try file.add(try histogram(run.histogram(stage), keepsOrder: false))
            default: try file.add(try run.curves())
            }
        }
    }

    private func histogram(_ counts: [(name: String, count: Int)], keepsOrder: Bool) throws -> HistogramFigure {
        var counts = counts
        if let classList {
            counts = classList.map { name in (name, counts.first { $0.name == name }?.count ?? 0) }
        } else if !keepsOrder {
            // The commonest first; equals by their names.
            counts.sort { $0.count != $1.count ? $0.count > $1.count : $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        }
        var figure = HistogramFigure(counts)
        figure.title = title ?? ""
        figure.isLogarithmic = logScale
        return figure
    }

    /// Whether a record is to be drawn; one that finds no room is counted.
    private func isWanted(_ record: Record, _ file: FigureFile) throws -> Bool {
        if let key { return record.key == key }
        guard file.wantsMore else {
            if record.start == 0 { file.leaveOut() }
            return false
        }
        return true
    }

    func mapFigure(_ record: Record) throws -> MapFigure {
        var item = try items.item(record)
        var maps = try (map.isEmpty ? Items.mapNames(record) : map).map { try items.map($0, record, item) }
        guard !maps.isEmpty else { throw ToolError(.data, "has no maps: no tensor 'attr/METHOD'", record: record.key) }
        guard item.leads.count * item.samples.count * maps.count <= 8_000_000 else {
            throw ToolError(
                .data, "has \(item.samples.count) samples of \(item.leads.count) leads, too many for a figure of maps", record: record.key)
        }
        if mean {
            let all = try Items(leads: [], withPadding: withPadding).item(record)
            maps = try maps.map { try items.map($0.name, record, all).averagedOverLeads }
            let shown =
                leads == nil ? all.leads.firstIndex { $0.name.lowercased() == "v5" } ?? 0 : all.chosen.firstIndex(of: item.chosen[0]) ?? 0
            maps = maps.map { HeatMap("mean |\($0.name)|", values: [$0.values[shown]]) }
            item = try Items(leads: [String(shown + 1)], withPadding: withPadding).item(record)
        }
        if absolute { maps = maps.map(\.absolute) }
        var figure = MapFigure(leads: item.leads, fs: item.fs, maps: maps)
        figure.title = title ?? item.key
        figure.subtitle = item.about
        figure.origin = item.origin
        figure.range = range
        figure.limit = scaleEnd
        return figure
    }
}

extension Style.Theme: ExpressibleByArgument {}
extension PaperFigure.Layout: ExpressibleByArgument {}
