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

    @OptionGroup(title: "Maps") var maps: MapOptions
    @OptionGroup(title: "Paper") var paper: PaperOptions
    @OptionGroup(title: "Results") var results: ResultOptions
    @OptionGroup(title: "Sheets") var sheets: SheetOptions

    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case paper, map, beats, segments, profiles, confusion, matrix, curves, histogram, roc, pr, sheets
    }

    // MARK: What follows from the options

    var form: FigureForm { format ?? stage.output.flatMap(FigureForm.init(suffixOf:)) ?? .svg }
    var style: Style { Style(theme: theme, width: width) }
    var items: Items { Items(leads: leads.map { $0.split(separator: ",").map(String.init) } ?? [], withPadding: maps.withPadding) }
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
    var inputs: [StreamInput]? { takesTable ? results.beats.map { [StreamInput(operand: $0)] } : input.inputs }
    /// An SVG is text, but nobody reads a figure as text on a terminal.
    var output: StageOutput { .binary }

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
        for (name, list) in [("--leads", leads), ("--classes", classes)] where list.map({ $0.split(separator: ",").isEmpty }) ?? false {
            throw ValidationError("\(name) takes names with commas between.")
        }
        if kind == .paper && maps.map.count > 1 { throw ValidationError("paper takes one --map.") }
        if paper.all && form != .pdf { throw ValidationError("--all needs a PDF, which has pages.") }
        if results.beats != nil, kind != .segments { throw ValidationError("--beats belongs to segments.") }
        try sheets.validate(isSheets: kind == .sheets, isPDF: form == .pdf, output: stage.output)
    }

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
            if results.beats != nil {
                let beats = BeatGallery(limit: results.limit, items: Items(leads: [], withPadding: maps.withPadding))
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
            let gallery = BeatGallery(limit: results.limit, items: items)
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
        figure.isLogarithmic = results.logScale
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
}
