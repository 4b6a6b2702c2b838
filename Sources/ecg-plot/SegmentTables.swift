// SPDX-License-Identifier: GPL-3.0-or-later
import ECGPlot
import ECGTool

/// What ecg-segsal --as csv wrote.
struct SegmentTables {
    let table: CSVTable
    let options: PlotTool

    private struct Row {
        let group: String
        let takenFor: String
        let map: String
        let lead: String
        let part: String
        let from: Double
        let to: Double
        let low: Double
        let middle: Double
        let high: Double
        let count: Int
        let own: Double
        let other: Double
    }

    private let all: [Row]

    init(_ table: CSVTable, _ options: PlotTool) throws {
        self.table = table
        self.options = options
        let group = try table.require("class"), map = try table.require("map"), lead = try table.require("lead")
        let part = try table.require("segment", "wave"), middle = try table.require("median", "mean"), n = try table.require("n")
        let from = table.column("from"), to = table.column("to"), low = table.column("q1"), high = table.column("q3"),
            deviation = table.column("sd")
        let taken = table.column("taken_for"), own = table.column("own_median"), other = table.column("other_median")
        var waves: [String] = []
        all = try table.rows.indices.map { index in
            let row = table.rows[index]
            let value = try table.number(index, middle)
            let spread = try deviation.map { try table.number(index, $0) } ?? .nan
            waves.note(row[part])
            // Waves have an order and no times.
            let place = Double(waves.firstIndex(of: row[part]) ?? 0)
            return Row(
                group: row[group], takenFor: taken.map { row[$0] } ?? "", map: row[map], lead: row[lead], part: row[part],
                from: try from.map { try table.number(index, $0) } ?? place, to: try to.map { try table.number(index, $0) } ?? place + 1,
                low: try low.map { try table.number(index, $0) } ?? value - spread,
                middle: value, high: try high.map { try table.number(index, $0) } ?? value + spread, count: try table.count(index, n),
                own: try own.map { try table.number(index, $0) } ?? .nan, other: try other.map { try table.number(index, $0) } ?? .nan)
        }
        guard all.count <= 1_000_000 else { throw ToolError(.data, "\(all.count) rows are too many for a figure", place: table.name) }
    }

    /// The maps to draw, a page each.
    func maps() throws -> [String] {
        var maps: [String] = []
        for row in all { maps.note(row.map) }
        for wanted in options.maps.map where !maps.contains(wanted) { throw ToolError(.data, "no map '\(wanted)'", place: table.name) }
        return options.maps.map.isEmpty ? maps : options.maps.map
    }

    private func names(_ map: String, _ name: (Row) -> String) -> [String] {
        var names: [String] = []
        for row in all where row.map == map { names.note(name(row)) }
        return names
    }

    private func leads(_ map: String) throws -> [String] {
        let leads = names(map, \.lead)
        guard let wanted = options.leads?.split(separator: ",").map(String.init) else { return leads }
        for lead in wanted where !leads.contains(lead) { throw ToolError(.data, "no lead '\(lead)'", place: table.name) }
        return wanted
    }

    // MARK: Bars on a typical beat

    func segments(_ map: String, _ beats: BeatGallery?) throws -> SegmentFigure {
        let leads = try leads(map)
        let classes = options.classList ?? names(map, \.group)
        var figure = SegmentFigure(
            classes.map { name in
                let rows = all.filter { $0.map == map && $0.group == name }
                let typical = beats?.typical(name)
                // A class that has no beats in one of the leads does not show it.
                let profiles = leads.compactMap { lead -> SegmentFigure.LeadProfile? in
                    let own = rows.filter { $0.lead == lead }.sorted { $0.from < $1.from }
                    guard !own.isEmpty else { return nil }
                    return SegmentFigure.LeadProfile(
                        lead, segments: own.map { .init(from: $0.from, to: $0.to, low: $0.low, middle: $0.middle, high: $0.high) },
                        beat: typical?.lead(lead))
                }
                return SegmentFigure.ClassProfile(name, count: rows.map(\.count).max() ?? 0, leads: profiles)
            }.filter { !$0.leads.isEmpty })
        guard !figure.classes.isEmpty else { throw ToolError(.data, "no rows of these classes and leads", place: table.name) }
        figure.title = options.title ?? map
        figure.measure = table.column("median") != nil ? "median" : "mean"
        if table.column("segment") == nil { for row in all { figure.waves.note(row.part) } }
        return figure
    }

    // MARK: Bands of correct, incorrect and all beats

    private static let outcomes = ["total", "correct", "incorrect"]

    /// A panel a class and lead: the medians of correct, incorrect and all beats with their quartiles (Jones et al., Fig. 8, above); or, of a
    /// table of confusions, the beats beside their own class and the class they were taken for (below).
    func profiles(_ map: String) throws -> CurveFigure {
        let leads = try leads(map)
        let isTaken = table.column("taken_for") != nil
        var panels: [(group: String, takenFor: String)] = []
        for row in all where row.map == map {
            let group = isTaken ? (row.group, row.takenFor) : (Self.parts(row.group).group, "")
            if let wanted = options.classList, !wanted.contains(group.0) { continue }
            if !panels.contains(where: { $0 == group }) { panels.append(group) }
        }
        guard panels.count * leads.count <= 400 else {
            throw ToolError(.data, "too many classes and leads for a figure", place: table.name)
        }
        guard !panels.isEmpty else { throw ToolError(.data, "no rows of these classes", place: table.name) }
        if let wanted = options.classList {
            panels = wanted.flatMap { name in panels.filter { $0.group == name } }
        }
        // Classes without outcomes are compared with each other.
        let hasOutcomes = isTaken || all.contains { Self.parts($0.group).outcome != nil }
        let groups = hasOutcomes ? panels : [("", "")]
        var figure = CurveFigure([])
        figure.title = options.title ?? map
        figure.columns = leads.count
        figure.sharing = .all
        figure.floor = 0
        for group in groups {
            for lead in leads {
                let rows = all.filter { $0.map == map && $0.lead == lead }.sorted { $0.from < $1.from }
                var panel = CurvePanel("", curves: [])
                if isTaken {
                    let own = rows.filter { $0.group == group.group && $0.takenFor == group.takenFor }
                    let x = own.map { ($0.from + $0.to) / 2 }
                    panel.curves = [
                        Curve("class taken for", x: x, y: own.map(\.other), isReference: true),
                        Curve("own class, correct", x: x, y: own.map(\.own)),
                        curve("these beats", own),
                    ]
                    panel.title = "\(group.group) taken for \(group.takenFor), \(lead) (n = \(own.map(\.count).max() ?? 0))"
                } else if hasOutcomes {
                    let outcomes = Self.outcomes.map { outcome in (outcome, rows.filter { Self.parts($0.group) == (group.group, outcome) })
                    }
                    panel.curves = outcomes.filter { !$0.1.isEmpty }.map { curve($0.0, $0.1, isReference: $0.0 == "total") }
                    let counts = outcomes.filter { !$0.1.isEmpty }.map { "\($0.1.map(\.count).max() ?? 0) \($0.0)" }
                    panel.title = (group.group.isEmpty ? "" : group.group + ", ") + lead + " (\(counts.joined(separator: ", ")))"
                } else {
                    panel.curves = panels.map { name in curve(name.group, rows.filter { $0.group == name.group }) }
                    panel.title = lead
                }
                panel.yTitle = lead == leads.first ? "median" : ""
                panel.xTitle = group == groups[groups.count - 1] ? "seconds from the R peak" : ""
                figure.panels.append(panel)
            }
        }
        let xs = all.filter { $0.map == map }.flatMap { [$0.from, $0.to] }.filter(\.isFinite)
        if let low = xs.min(), let high = xs.max(), low < high {
            for index in figure.panels.indices { figure.panels[index].xRange = low...high }
        }
        return figure
    }

    private func curve(_ name: String, _ rows: [Row], isReference: Bool = false) -> Curve {
        Curve(
            name, x: rows.map { ($0.from + $0.to) / 2 }, y: rows.map(\.middle), low: rows.map(\.low), high: rows.map(\.high),
            isReference: isReference)
    }

    /// "V correct" is class V, correct; ecg-segsal --by outcome alone has no class.
    private static func parts(_ group: String) -> (group: String, outcome: String?) {
        for outcome in outcomes {
            if group == outcome { return ("", outcome) }
            if group.hasSuffix(" " + outcome) { return (String(group.dropLast(outcome.count + 1)), outcome) }
        }
        return (group, nil)
    }
}
