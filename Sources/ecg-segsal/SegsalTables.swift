// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import ECGTool

/// The tables that the summaries become.
struct SegsalTables {
    let segment: Double
    let byWave: Bool
    let stat: SegsalTool.Statistic

    /// A part's name and, for segments, when it begins and ends in seconds from the R peak.
    private func part(_ number: Int) -> [Table.Cell] {
        if byWave { return [.text(WaveShares.Part(rawValue: number)?.name ?? "")] }
        let (from, to) = BeatSegments.span(number, seconds: segment)
        // 3 · 0.1 is 0.30000000000000004: ten decimals say what was meant
        func exact(_ time: Double) -> Table.Cell { .number((time * 1e10).rounded() / 1e10) }
        return [.text(BeatSegments.name(number)), exact(from), exact(to)]
    }

    private var partColumns: [String] { byWave ? ["wave"] : ["segment", "from", "to"] }
    private var statColumns: [String] { stat == .median ? ["q1", "median", "q3"] : ["mean", "sd"] }

    private func stats(_ row: ProfileSummary.Row) -> [Table.Cell] {
        stat == .median
            ? [.number(row.q1), .number(row.median), .number(row.q3)] : [.number(row.mean), row.deviation.map { .number($0) } ?? .missing]
    }

    /// The classes' profiles: a row a map for programs; for people the maps side by side.
    func summary(_ rows: [ProfileSummary.Row], maps: [String], for form: Table.Form) -> Table {
        guard form == .table, maps.count > 1 else {
            var table = Table(columns: ["class", "map", "lead"] + partColumns + statColumns + ["n"])
            for row in rows {
                table.add([.text(row.group), .text(row.map), .text(row.lead)] + part(row.part) + stats(row) + [.integer(row.n)])
            }
            return table
        }
        var table = Table(columns: ["class", "lead"] + partColumns + ["n"] + maps.flatMap { map in statColumns.map { "\(map) \($0)" } })
        struct Place: Hashable {
            let group: String
            let lead: String
            let part: Int
        }
        var order: [Place] = []
        var found: [Place: [String: ProfileSummary.Row]] = [:]
        for row in rows {
            let place = Place(group: row.group, lead: row.lead, part: row.part)
            if found[place] == nil { order.append(place) }
            found[place, default: [:]][row.map] = row
        }
        for place in order {
            let here = found[place] ?? [:]
            let n = maps.lazy.compactMap { here[$0]?.n }.max() ?? 0
            table.add(
                [.text(place.group), .text(place.lead)] + part(place.part) + [.integer(n)]
                    + maps.flatMap { here[$0].map(stats) ?? statColumns.map { _ in .missing } })
        }
        return table
    }

    func outliers(_ outliers: [BeatOutliers.Outlier]) -> Table {
        var table = Table(columns: ["class", "map", "rank", "key", "distance", "n"])
        for beat in outliers {
            table.add([.text(beat.group), .text(beat.map), .integer(beat.rank), .text(beat.key), .number(beat.distance), .integer(beat.n)])
        }
        return table
    }

    func takenFor(_ rows: [TakenFor.Row]) -> Table {
        var table = Table(
            columns: ["class", "taken_for", "map", "lead"] + partColumns + statColumns + ["n", "own_median", "other_median"])
        for row in rows {
            table.add(
                [.text(row.label), .text(row.predicted), .text(row.beats.map), .text(row.beats.lead)] + part(row.beats.part)
                    + stats(row.beats)
                    + [
                        .integer(row.beats.n), row.ownMedian.map { .number($0) } ?? .missing,
                        row.otherMedian.map { .number($0) } ?? .missing,
                    ])
        }
        return table
    }

    func comparison(_ test: ProfileComparison, _ result: (rows: [ProfileComparison.Row], arrangements: Int, exact: Bool)) -> Table {
        var table = Table(
            columns: ["class_a", "class_b", "map", "lead"] + partColumns
                + ["records_a", "records_b", "mean_a", "mean_b", "difference", "p", "p_adjusted", "arrangements"])
        for row in result.rows {
            let cell = row.cell
            table.add(
                [.text(test.a), .text(test.b), .text(row.map), .text(row.lead)] + part(row.part) + [
                    .integer(cell.recordsA), .integer(cell.recordsB), .number(cell.meanA), .number(cell.meanB),
                    .number(cell.meanA - cell.meanB), .number(cell.p), .number(cell.adjusted), .integer(result.arrangements),
                ])
        }
        return table
    }
}
