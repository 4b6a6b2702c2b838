// SPDX-License-Identifier: GPL-3.0-or-later
import ECGPlot
import ECGRandom
import ECGScore
import ECGSpill
import ECGStream
import ECGTool

/// Sheets for a reading study: the maps of an item in random order under letters, the items in random order, each several times, and neither
/// names nor classes (Storås et al. 2024).
///
/// The items wait in a nameless file until all are there, as the first sheet may be the last item.
final class SheetRun {
    private let options: PlotTool
    private let spill = SpillFile()
    private var kept: [Kept] = []

    /// An item's arrays in the file: the leads' samples, then each map's values.
    private struct Kept {
        let key: String
        let fs: Double
        let origin: Int?
        let leads: [(name: String, unit: String)]
        let maps: [String]
        let time: Int
        let offset: Int
    }

    static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ").map(String.init)
    private static let mostSheets = 100_000

    init(_ options: PlotTool) throws {
        self.options = options
    }

    func take(_ record: Record) throws {
        let figure = try options.mapFigure(record)
        guard (2...Self.letters.count).contains(figure.maps.count) else {
            throw ToolError(.data, "has \(figure.maps.count) maps; a sheet offers 2 to \(Self.letters.count)", record: record.key)
        }
        guard (kept.count + 1) * options.sheets.copies <= Self.mostSheets else {
            throw ToolError(.data, "more than \(Self.mostSheets) sheets")
        }
        let time = figure.leads.first?.samples.count ?? 0
        let offset = try spill.append(Array((figure.leads.map(\.samples) + figure.maps.flatMap(\.values)).joined()))
        kept.append(
            Kept(
                key: record.key, fs: figure.fs, origin: figure.origin, leads: figure.leads.map { ($0.name, $0.unit) },
                maps: figure.maps.map(\.name),
                time: time, offset: offset))
    }

    /// Draws the sheets, and writes the answers and an empty vote file.
    func finish(_ file: FigureFile, _ stage: Stage) throws {
        let display = options.maps.mean ? "averaged" : "full"
        var answers = Table(columns: ["sheet", "key", "feature", "display", "copy", "letter", "method"])
        var votes = Table(columns: ["reader", "sheet", "vote"])
        let order = RandomSource(seed: stage.seed, key: options.sheets.study, purpose: "order of sheets").permutation(
            kept.count * options.sheets.copies)
        let width = String(order.count).count
        for (place, number) in order.enumerated() {
            let item = kept[number / options.sheets.copies], copy = number % options.sheets.copies + 1
            let digits = String(place + 1)
            let sheet = options.sheets.study + "-" + String(repeating: "0", count: width - digits.count) + digits
            let shuffle = RandomSource(seed: stage.seed, key: "\(options.sheets.study) \(item.key) \(number)", purpose: "order of maps")
                .permutation(item.maps.count)
            try file.add(try figure(item, shuffle, sheet))
            for (letter, map) in shuffle.enumerated() {
                answers.add([
                    .text(sheet), .text(item.key), .text(options.sheets.feature), .text(display), .integer(copy),
                    .text(Self.letters[letter]),
                    .text(item.maps[map]),
                ])
            }
            votes.add([.text(""), .text(sheet), .text("")])
        }
        try write(answers, to: options.sheets.answers)
        try write(votes, to: options.sheets.votes)
    }

    private func figure(_ item: Kept, _ shuffle: [Int], _ sheet: String) throws -> MapFigure {
        let lead = item.leads.count * item.time
        let values = try spill.read(Float.self, count: lead * (1 + item.maps.count), at: item.offset)
        func rows(_ start: Int) -> [[Float]] {
            item.leads.indices.map { Array(values[start + $0 * item.time..<start + ($0 + 1) * item.time]) }
        }
        let samples = rows(0)
        var figure = MapFigure(
            leads: item.leads.enumerated().map { Lead($1.name, unit: $1.unit, samples: samples[$0]) }, fs: item.fs,
            // without the sign, which some methods don't have: its colours would name them
            maps: shuffle.enumerated().map { HeatMap(Self.letters[$0], values: rows(lead * (1 + $1))).absolute })
        figure.title = sheet
        figure.subtitle = options.title ?? options.sheets.feature
        figure.origin = item.origin
        figure.range = options.maps.range
        figure.limit = options.maps.scaleEnd
        figure.isBlinded = true
        return figure
    }

    private func write(_ table: Table, to path: String?) throws {
        guard let path else { return }
        let output = try OutputFile(path: path)
        try output.bytes.write(table.text(as: .csv))
        try output.commit()
    }
}
