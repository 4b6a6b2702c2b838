// SPDX-License-Identifier: GPL-3.0-or-later

/// Numbers in a grid of coloured cells: a confusion matrix, or correlations.
public struct MatrixFigure: Figure {
    public struct Cell: Sendable {
        /// The colour; nil where there is no number.
        public var value: Double?
        /// What stands in the cell, and in smaller type below it.
        public var text: String
        public var note: String

        public init(_ value: Double?, text: String, note: String = "") {
            self.value = value
            self.text = text
            self.note = note
        }
    }

    /// One matrix of several side by side.
    public struct Panel: Sendable {
        public var title: String
        public var rows: [String]
        public var columns: [String]
        /// [row][column]
        public var cells: [[Cell]]

        public init(_ title: String, rows: [String], columns: [String], cells: [[Cell]]) {
            self.title = title
            self.rows = rows
            self.columns = columns
            self.cells = cells
        }
    }

    public var title = ""
    public var panels: [Panel]
    public var rowTitle = ""
    public var columnTitle = ""
    /// What the colours show, and their range; from a negative end the scale diverges about zero.
    public var barTitle = ""
    public var low = 0.0
    public var high = 1.0

    public init(_ panels: [Panel]) { self.panels = panels }

    /// A confusion matrix with the share of each true class (Jones et al., Fig. 4); a class without items has a row without numbers.
    ///
    /// - Parameter counts: [true class][predicted class]
    public static func confusion(classes: [String], predicted: [String], counts: [[Int]], title: String = "") -> MatrixFigure {
        let cells = counts.map { row in
            let sum = row.reduce(0) { $0.addingReportingOverflow($1).partialValue }
            return row.map { count in
                let share = sum > 0 ? Double(count) / Double(sum) : nil
                // Nothing but zeros would hide the few cells that matter.
                if count == 0, sum > 0 { return Cell(share, text: "0") }
                return Cell(share, text: share.map { NumberText.fixed($0, 2) } ?? "–", note: sum > 0 ? NumberText.count(count) : "")
            }
        }
        var figure = MatrixFigure([Panel("", rows: classes, columns: predicted, cells: cells)])
        figure.title = title
        figure.rowTitle = "true class"
        figure.columnTitle = "predicted class"
        figure.barTitle = "share of the true class"
        return figure
    }

    /// A number as it stands in a cell.
    public static func number(_ value: Double) -> String { NumberText.fixed(value, 2) }

    private static let margin = 3.0
    private static let gap = 6.0
    private static let most = 400

    private struct Plan {
        let label: Double
        let side: Double
        let isUpright: Bool
        let foot: Double
        let size: (width: Double, height: Double)
    }

    private func plan(_ panel: Panel, room: Double, _ style: Style) -> Plan {
        let longest = { (names: [String]) in names.map { Typeface.width($0, size: style.smallSize, bold: false) }.max() ?? 0 }
        let label = min(longest(panel.rows), room * 0.35) + 1.2 + (rowTitle.isEmpty ? 0 : 3.6)
        let natural = max(11, min(16, cellText(panel, style) + 1.5))
        let side = min(natural, (room - label) / Double(max(1, panel.columns.count)))
        let names = longest(panel.columns)
        let isUpright = names > side - 0.6
        let foot = 1.2 + (isUpright ? min(names, 40) : 2.4) + (columnTitle.isEmpty ? 0 : 4)
        let head = panel.title.isEmpty ? 0 : 5.0
        return Plan(
            label: label, side: side, isUpright: isUpright, foot: foot,
            size: (label + side * Double(panel.columns.count), head + side * Double(panel.rows.count) + foot))
    }

    private func cellText(_ panel: Panel, _ style: Style) -> Double {
        panel.cells.joined().map {
            max(Typeface.width($0.text, size: style.labelSize, bold: false), Typeface.width($0.note, size: style.smallSize, bold: false))
        }.max() ?? 0
    }

    public func page(_ style: Style) throws(PlotError) -> Page {
        guard !panels.isEmpty, panels.allSatisfy({ !$0.rows.isEmpty && !$0.columns.isEmpty }) else {
            throw PlotError("the matrix is empty")
        }
        guard panels.allSatisfy({ max($0.rows.count, $0.columns.count) <= Self.most }) else {
            throw PlotError("a matrix of more than \(Self.most) rows or columns cannot be read")
        }
        let isSigned = low < 0
        let colours = ScaledColours(isSigned ? style.signedCells : style.cells, low: low, high: high)
        let limit = (style.width ?? 180) - 2 * Self.margin
        var bar = ColourBar(colours: colours, title: barTitle)
        bar.barWidth = min(24, max(8, limit - (bar.width(style) - bar.barWidth)))
        let widest = panels.map { plan($0, room: limit, style).size.width }.max() ?? 0
        let columns = max(1, min(panels.count, Int((limit + Self.gap) / (widest + Self.gap))))
        let used = Double(columns) * (widest + Self.gap) - Self.gap
        let headings = ([title] + panels.map(\.title)).map { Typeface.width($0, size: style.titleSize, bold: true) }.max() ?? 0
        let width = style.width ?? min(180, max(used, bar.width(style), min(headings, 120)) + 2 * Self.margin)
        let plans = panels.map { plan($0, room: columns == 1 ? width - 2 * Self.margin : widest, style) }
        let rows = stride(from: 0, to: panels.count, by: columns).map { first in
            plans[first..<min(first + columns, panels.count)].map(\.size.height).max() ?? 0
        }
        let head = title.isEmpty ? 3.0 : 8
        var page = Page(width: width, height: head + rows.reduce(0) { $0 + $1 + 3 } + 6, background: style.background)
        page.write(
            Text(title, at: Point(Self.margin, 5), size: style.titleSize, colour: style.ink, bold: true).fitted(to: width - 2 * Self.margin)
        )
        var y = head
        for (row, height) in rows.enumerated() {
            for column in 0..<columns where row * columns + column < panels.count {
                let index = row * columns + column
                let x =
                    columns == 1
                    ? max(Self.margin, (width - plans[index].size.width) / 2) : Self.margin + Double(column) * (widest + Self.gap)
                draw(panels[index], at: Point(x, y), plans[index], colours, on: &page, style)
            }
            y += height + 3
        }
        bar.draw(on: &page, at: Point(max(Self.margin, (width - bar.width(style)) / 2), page.height - 3.4), style)
        return page
    }

    private func draw(_ panel: Panel, at corner: Point, _ plan: Plan, _ colours: ScaledColours, on page: inout Page, _ style: Style) {
        var top = corner.y
        if !panel.title.isEmpty {
            page.write(
                Text(panel.title, at: Point(corner.x + plan.label, top + 2.6), size: style.labelSize, colour: style.ink, bold: true)
                    .fitted(to: plan.size.width - plan.label))
            top += 5
        }
        let left = corner.x + plan.label, side = plan.side
        let box = Box(x: left, y: top, width: side * Double(panel.columns.count), height: side * Double(panel.rows.count))
        let cellText = cellText(panel, style)
        for (row, cells) in panel.cells.enumerated() {
            for (column, cell) in cells.enumerated() {
                let square = Box(x: left + Double(column) * side, y: top + Double(row) * side, width: side, height: side)
                let colour = cell.value.flatMap { $0.isFinite ? colours.colour($0) : nil } ?? style.absent
                page.box(square, colour)
                // All cells have their numbers, or none: what fits only here and there would mislead.
                guard cellText <= side - 0.8, side >= 3.4 else { continue }
                let ink = colour.readable(style.ink, style.background)
                let hasNote = !cell.note.isEmpty && side >= 7
                let middle = square.middle
                page.write(
                    Text(
                        cell.text, at: Point(middle.x, middle.y - (hasNote ? 1.5 : 0)), size: style.labelSize, colour: ink,
                        anchor: .middle, height: .middle))
                if hasNote {
                    page.write(
                        Text(
                            cell.note, at: Point(middle.x, middle.y + 1.8), size: style.smallSize, colour: ink, anchor: .middle,
                            height: .middle))
                }
            }
        }
        // Thin lines between cells in the page's own colour.
        page.lines(
            (1..<max(2, panel.columns.count)).map {
                [Point(left + Double($0) * side, box.top), Point(left + Double($0) * side, box.bottom)]
            }
                + (1..<max(2, panel.rows.count)).map {
                    [Point(box.left, top + Double($0) * side), Point(box.right, top + Double($0) * side)]
                },
            Stroke(style.background, min(0.3, side * 0.06)))
        // Names stand at least a line apart.
        let every = max(1, Int((2.6 / side).rounded(.up)))
        for (row, name) in panel.rows.enumerated() where row % every == 0 {
            page.write(
                Text(
                    name, at: Point(left - 1, top + (Double(row) + 0.5) * side), size: style.smallSize, colour: style.ink, anchor: .end,
                    height: .middle
                ).fitted(to: plan.label - 1 - (rowTitle.isEmpty ? 0 : 3.6)))
        }
        for (column, name) in panel.columns.enumerated() where column % every == 0 {
            let x = left + (Double(column) + 0.5) * side
            page.write(
                plan.isUpright
                    ? Text(
                        name, at: Point(x, box.bottom + 1), size: style.smallSize, colour: style.ink, anchor: .end, height: .middle,
                        upright: true
                    ).fitted(to: 40)
                    : Text(name, at: Point(x, box.bottom + 1.2), size: style.smallSize, colour: style.ink, anchor: .middle, height: .top))
        }
        page.write(
            Text(
                rowTitle, at: Point(corner.x + 2.2, box.middle.y), size: style.labelSize, colour: style.soft, anchor: .middle, upright: true
            ).fitted(to: max(box.height, 14)))
        page.write(
            Text(
                columnTitle, at: Point(box.middle.x, corner.y + plan.size.height - 0.6), size: style.labelSize, colour: style.soft,
                anchor: .middle))
    }
}
