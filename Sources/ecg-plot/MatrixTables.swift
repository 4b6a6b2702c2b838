// SPDX-License-Identifier: GPL-3.0-or-later
import ECGPlot
import ECGTool

/// Matrices out of tables.
struct MatrixTables {
    let table: CSVTable
    let options: PlotTool

    /// A row a cell: `row`, `column`, `mean` or `value`, and as far as they are there `sd` and `n`; other columns of words divide into panels.
    func figure() throws -> MatrixFigure {
        let row = try table.require("row", "a"), column = try table.require("column", "b"),
            mean = try options.results.y.map { try table.require($0) } ?? table.require("mean", "value", "r")
        let deviation = table.column("sd")
        let known = [row, column, mean]
        let panelColumns =
            try options.results.panel.map { [try table.require($0)] }
            ?? table.columns.indices.filter { index in
                !known.contains(index) && table.rows.contains { !$0[index].isEmpty && Double($0[index]) == nil }
                    && Set(table.rows.map { $0[index] }).count > 1
            }
        struct Panel {
            var name: String
            var rows: [String] = []
            var columns: [String] = []
            var cells: [[String]: MatrixFigure.Cell] = [:]
        }
        var panels: [Panel] = []
        var isSigned = false
        var most = 0.0
        for index in table.rows.indices {
            let name = panelColumns.map { table.rows[index][$0] }.joined(separator: ", ")
            let at = panels.firstIndex { $0.name == name } ?? panels.count
            if at == panels.count { panels.append(Panel(name: name)) }
            guard panels.count <= 60, panels[at].cells.count <= 160_000 else {
                throw ToolError(.data, "too many cells for a figure", place: table.name)
            }
            let (a, b) = (table.rows[index][row], table.rows[index][column])
            panels[at].rows.note(a)
            panels[at].columns.note(b)
            let value = try table.number(index, mean)
            let spread = try deviation.map { try table.number(index, $0) }
            if value < 0 { isSigned = true }
            if value.isFinite { most = max(most, abs(value)) }
            panels[at].cells[[a, b]] = MatrixFigure.Cell(
                value.isFinite ? value : nil, text: MatrixFigure.number(value),
                note: spread.flatMap { $0.isFinite ? "±" + MatrixFigure.number($0) : nil } ?? "")
        }
        guard !panels.isEmpty else { throw ToolError(.data, "the table has no rows", place: table.name) }
        var figure = MatrixFigure(
            panels.map { panel in
                MatrixFigure.Panel(
                    panel.name, rows: panel.rows, columns: panel.columns,
                    cells: panel.rows.map { a in panel.columns.map { panel.cells[[a, $0]] ?? .init(nil, text: "") } })
            })
        figure.title = options.title ?? ""
        figure.high = most > 1 ? most : 1
        figure.low = isSigned ? -figure.high : 0
        figure.barTitle = options.results.measure ?? table.columns[mean]
        return figure
    }

    /// The matrix of ecg-eval --confusion (a row a true class, a column a predicted one), or a row a cell: `label`, `predicted`, `n`.
    func confusion() throws -> MatrixFigure {
        var truth: [String] = [], predicted: [String] = []
        var counts: [[String]: Int] = [:]
        if table.columns.first == "true" {
            predicted = Array(table.columns.dropFirst())
            for row in table.rows.indices {
                let name = table.rows[row][0]
                guard !truth.contains(name) else { throw ToolError(.data, "class '\(name)' has two rows", place: table.name) }
                truth.append(name)
                for (at, other) in predicted.enumerated() { counts[[name, other]] = try table.count(row, at + 1) }
            }
        } else {
            let label = try table.require("label", "true"), found = try table.require("predicted"), n = table.column("n", "count")
            var classes: [String] = []
            for row in table.rows.indices {
                let (a, b) = (table.rows[row][label], table.rows[row][found])
                counts[[a, b], default: 0] += try n.map { try table.count(row, $0) } ?? 1
                classes.note(a)
                classes.note(b)
            }
            truth = classes.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            predicted = truth
        }
        if let classes = options.classList { (truth, predicted) = (classes, classes) }
        guard !truth.isEmpty, max(truth.count, predicted.count) <= 400 else {
            throw ToolError(.data, "\(truth.count) classes make no matrix", place: table.name)
        }
        return MatrixFigure.confusion(
            classes: truth, predicted: predicted, counts: truth.map { a in predicted.map { counts[[a, $0]] ?? 0 } },
            title: options.title ?? "")
    }

    /// Classes and how many items each has: columns `class` and `n`.
    func histogram() throws -> [(name: String, count: Int)] {
        let name = try table.require("class", "label"), n = try table.require("n", "count")
        var classes: [(name: String, count: Int)] = []
        for row in table.rows.indices {
            // The last row of ecg-eval's table is no class.
            if table.rows[row][name] == "macro", table.column("precision") != nil { continue }
            classes.append((table.rows[row][name], try table.count(row, n)))
        }
        return classes
    }
}
