// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGPlot
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

    @Option(help: .init("map: maps to show; may be given again. paper: the map that colours the traces.", valueName: "method")) var map:
        [String] = []
    @Flag(help: "map: the mean of the absolute values over leads, on one lead (--leads, else V5, else the first).") var mean = false
    @Flag(help: "Absolute values of maps.") var absolute = false
    @Option(help: .init("Share of a map's sum of magnitudes that its colour scale covers.", valueName: "share")) var range = 0.9
    @Option(help: .init("End of the colour scale, in place of --range.", valueName: "value")) var limit: Double?
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

    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case paper, map
    }

    // MARK: What follows from the options

    var form: FigureForm { format ?? stage.output.flatMap(FigureForm.init(suffixOf:)) ?? .svg }
    var style: Style { Style(theme: theme, width: width) }
    var items: Items { Items(leads: leads.map { $0.split(separator: ",").map(String.init) } ?? [], withPadding: withPadding) }
    /// Rows of leads on a page of a PDF.
    var pageLeads: Int { 12 }
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
        if let limit, !(limit > 0 && limit.isFinite) { throw ValidationError("--limit takes a number above 0.") }
        guard speed >= 1, speed <= 1000 else { throw ValidationError("--speed takes 1 to 1000 mm a second.") }
        guard gain >= 0.1, gain <= 1000 else { throw ValidationError("--gain takes 0.1 to 1000 mm a millivolt.") }
        guard duration > 0, duration <= 3600 else { throw ValidationError("--duration takes more than 0 and up to 3600 s.") }
        if let from, !(from >= 0 && from < 1e9) { throw ValidationError("--from takes 0 s or more.") }
        if let leads, leads.split(separator: ",").isEmpty { throw ValidationError("--leads takes names or numbers with commas between.") }
        if kind == .paper && map.count > 1 { throw ValidationError("paper takes one --map.") }
        if all && form != .pdf { throw ValidationError("--all needs a PDF, which has pages.") }
    }

    static func status(of error: any Error) -> ExitStatus? { (error as? PlotError).map { _ in .data } }

    // MARK: At work

    func run(_ stage: Stage) throws {
        let file = try FigureFile(stage, form: form, dpi: dpi, style: style)
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
        }
        if let key, file.pages == 0 { throw ToolError(.data, "no record has the key '\(key)'") }
        try file.finish(emptyMessage: "no records to draw")
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

    private func mapFigure(_ record: Record) throws -> MapFigure {
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
        figure.limit = limit
        return figure
    }
}

extension Style.Theme: ExpressibleByArgument {}
extension PaperFigure.Layout: ExpressibleByArgument {}
