// SPDX-License-Identifier: GPL-3.0-or-later
import ECGPlot
import ECGTool

/// Curves out of a table: a row a point.
struct CurveTables {
    let table: CSVTable
    let options: PlotTool

    func figure() throws -> CurveFigure {
        let x =
            try options.results.x.map { try table.require($0) } ?? ["step", "layers", "layer", "x"].compactMap { table.column($0) }.first {
                !isText($0)
            }
            ?? table.column("b") ?? firstNumbers()
        let y = try options.results.y.map { try table.require($0) } ?? table.require("value", "mean", "median", "y")
        let bounds = try bounds(y)
        let order = table.column("order").flatMap { [options.results.panel, options.results.by].contains(table.columns[$0]) ? nil : $0 }
        let panelColumns =
            try options.results.panel.map { [try table.require($0)] }
            ?? [table.column("metric", "figure"), table.column("class").flatMap { varies($0) ? $0 : nil }].compactMap { $0 }
        let curveColumns =
            try options.results.by.map { [try table.require($0)] } ?? texts(except: [x, y] + panelColumns + [order].compactMap { $0 })
        // Steps that have names, such as networks of which more and more layers were drawn again, count from 1.
        var steps: [String: Int]?
        if isText(x) {
            var names: [String: Int] = [:]
            for row in table.rows where names[row[x]] == nil { names[row[x]] = names.count + 1 }
            steps = names
        }
        // Rows of the random order belong to the panels of every other order.
        var panels: [(metric: String, order: String)] = []
        var metrics: [String] = []
        func metric(_ row: Int) -> String { panelColumns.map { table.rows[row][$0] }.joined(separator: ", ") }
        func orderName(_ row: Int) -> String { order.map { table.rows[row][$0] } ?? "" }
        for row in table.rows.indices {
            metrics.note(metric(row))
            let order = orderName(row)
            if order != "random", !panels.contains(where: { $0 == (metric(row), order) }) { panels.append((metric(row), order)) }
        }
        for metric in metrics where !panels.contains(where: { $0.metric == metric }) { panels.append((metric, "random")) }
        guard table.rows.count <= 2_000_000, panels.count <= 400 else {
            throw ToolError(.data, "too many points for a figure", place: table.name)
        }
        let hasOrders = Set(panels.map(\.order)).count > 1

        var figure = CurveFigure([])
        figure.title = options.title ?? ""
        // The same figure in another order is to be compared with this one.
        figure.sharing = .byTitle
        for panel in panels {
            var curves: [Curve] = []
            var places: [String: Int] = [:]
            for row in table.rows.indices where metric(row) == panel.metric && (orderName(row) == panel.order || orderName(row) == "random")
            {
                var name = curveColumns.map { table.rows[row][$0] }.filter { !$0.isEmpty }.joined(separator: ", ")
                let isRandom = orderName(row) == "random" || name == "random"
                if isRandom, name != "random" { name = curveColumns.isEmpty || panel.order == "random" ? name : "random order" }
                let place = places[name] ?? curves.count
                if place == curves.count {
                    places[name] = place
                    curves.append(Curve(name, x: [], y: [], isReference: isRandom))
                }
                curves[place].x.append(try steps.map { Double($0[table.rows[row][x]] ?? 0) } ?? table.number(row, x))
                curves[place].y.append(try table.number(row, y))
                if let (low, high) = try bounds?(row) {
                    curves[place].low.append(low)
                    curves[place].high.append(high)
                }
            }
            let metric = Self.shown(panel.metric)
            var made = CurvePanel(
                hasOrders && options.results.panel == nil
                    ? Self.shown(panel.order)
                    : panels.count > 1 ? metric + (hasOrders ? ", " + Self.shown(panel.order) : "") : "", curves: curves.map(Self.sorted))
            made.family = panel.metric
            made.xTitle = options.results.across ?? (steps == nil ? table.columns[x] : "step")
            made.yTitle = panelColumns.contains { table.columns[$0] != "class" } ? metric : table.columns[y]
            if panelColumns.contains(where: { table.columns[$0] == "class" }) { made.title = metric }
            if let measure = options.results.measure { made.yTitle = measure }
            // What stands beside the axis need not stand above it too.
            if made.title == made.yTitle { made.title = "" }
            figure.panels.append(made)
        }
        return figure
    }

    /// Names as they are written in print.
    private static func shown(_ name: String) -> String {
        switch name {
        case "auroc", "auprc", "mae", "mape", "rmse", "f1": name.uppercased()
        case "morf": "most relevant first"
        case "lerf": "least relevant first"
        default: name
        }
    }

    /// A curve runs from left to right, whatever the order of the rows.
    private static func sorted(_ curve: Curve) -> Curve {
        let order = curve.x.indices.sorted {
            curve.x[$0] != curve.x[$1] && !curve.x[$0].isNaN && !curve.x[$1].isNaN ? curve.x[$0] < curve.x[$1] : $0 < $1
        }
        let hasBand = curve.low.count == curve.x.count
        return Curve(
            curve.name, x: order.map { curve.x[$0] }, y: order.map { curve.y[$0] }, low: hasBand ? order.map { curve.low[$0] } : [],
            high: hasBand ? order.map { curve.high[$0] } : [], isReference: curve.isReference)
    }

    private func bounds(_ y: Int) throws -> ((Int) throws -> (Double, Double))? {
        if let low = table.column("low", "q1"), let high = table.column("high", "q3") {
            return { (try table.number($0, low), try table.number($0, high)) }
        }
        if let deviation = table.column("sd") {
            return { (try table.number($0, y) - table.number($0, deviation), try table.number($0, y) + table.number($0, deviation)) }
        }
        return nil
    }

    private func isText(_ column: Int) -> Bool { table.rows.contains { !$0[column].isEmpty && Double($0[column]) == nil } }

    private func varies(_ column: Int) -> Bool { Set(table.rows.map { $0[column] }).count > 1 }

    /// Columns of words that tell curves apart; the first of them where all rows are of one curve.
    private func texts(except taken: [Int]) -> [Int] {
        let texts = table.columns.indices.filter { !taken.contains($0) && isText($0) }
        let telling = texts.filter(varies)
        return telling.isEmpty ? Array(texts.prefix(1)) : telling
    }

    private func firstNumbers() throws -> Int {
        let place = table.columns.indices.first {
            !isText($0) && !["value", "mean", "median", "low", "high", "sd", "n", "y"].contains(table.columns[$0])
        }
        guard let place else { throw ToolError(.data, "no column of steps; name it with --x", place: table.name) }
        return place
    }
}
