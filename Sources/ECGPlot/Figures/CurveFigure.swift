// SPDX-License-Identifier: GPL-3.0-or-later

/// Panels of curves with one legend: what perturbation or randomisation does step by step, ROC and precision-recall curves, profiles of classes.
public struct CurveFigure: Figure {
    public var title = ""
    public var panels: [CurvePanel]
    /// Panels side by side; by default as many as are wide enough.
    public var columns: Int?
    /// Which panels have the same vertical axis.
    public var sharing = Sharing.none
    /// A value that the vertical axes reach down to at least.
    public var floor: Double?

    public enum Sharing: Sendable {
        case none
        /// Those of one family with the same title of that axis.
        case byTitle
        case all
    }

    public init(_ panels: [CurvePanel]) { self.panels = panels }

    /// An area under a curve as it stands in a legend.
    public static func area(_ value: Double) -> String { NumberText.fixed(value, 3) }

    private static let margin = 3.0
    private static let gap = 5.0
    private static let least = 50.0
    private static let mostPanels = 400

    private struct Axes {
        let x: Axis
        let y: Axis
    }

    public func page(_ style: Style) throws(PlotError) -> Page {
        guard !panels.isEmpty else { throw PlotError("there are no curves") }
        guard panels.count <= Self.mostPanels else { throw PlotError("\(panels.count) panels are too many for a figure") }
        let width = style.width ?? (panels.count == 1 ? 110 : 180)
        let room = width - 2 * Self.margin
        let fitting = max(1, Int((room + Self.gap) / (Self.least + Self.gap)))
        let most = min(columns ?? panels.count, fitting, panels.count)
        // As few columns as the same number of rows needs.
        let rows = (panels.count + most - 1) / most
        let columns = columns == nil ? (panels.count + rows - 1) / rows : most
        let cell = (room - Double(columns - 1) * Self.gap) / Double(columns)
        let axes = panels.map { self.axes($0, about: cell < 60 ? 4 : 5) }
        let hasYTitle = panels.contains { !$0.yTitle.isEmpty }
        let left = (axes.map { Plot.labelWidth($0.y, style) }.max() ?? 0) + (hasYTitle ? 4 : 0.5)
        let boxWidth = max(8, cell - left - 1.5)
        let boxHeight = panels.contains { $0.isSquare } ? min(boxWidth, 90) : min(max(boxWidth * 0.62, 24), 60)
        let drawnWidth = panels.contains { $0.isSquare } ? boxHeight : boxWidth
        let panelHead = panels.contains { !$0.title.isEmpty } ? 5.0 : 1.5
        let foot = Plot.footHeight(panels.map(\.xTitle).max { $0.count < $1.count } ?? "")
        let looks = CurveLook.looks(panels, style)
        let legend = legendRows(looks.map(\.name), room: room, style)
        let head = title.isEmpty ? 2.0 : 8
        let height = head + Double(rows) * (panelHead + boxHeight + foot + 2.5) + Double(legend.count) * 3.8 + (legend.isEmpty ? 0 : 2.5)
        var page = Page(width: width, height: height, background: style.background)
        page.write(
            Text(title, at: Point(Self.margin, 5), size: style.titleSize, colour: style.ink, bold: true).fitted(to: width - 2 * Self.margin)
        )
        for (index, panel) in panels.enumerated() {
            let corner = Point(
                Self.margin + Double(index % columns) * (cell + Self.gap),
                head + Double(index / columns) * (panelHead + boxHeight + foot + 2.5))
            let box = Box(x: corner.x + left, y: corner.y + panelHead, width: drawnWidth, height: boxHeight)
            page.write(
                Text(panel.title, at: Point(box.left, corner.y + 2.8), size: style.labelSize, colour: style.ink, bold: true)
                    .fitted(to: cell - left))
            draw(panel, Plot(box: box, x: axes[index].x, y: axes[index].y), looks, on: &page, style)
        }
        drawLegend(legend, looks, top: height - Double(legend.count) * 3.8 - 0.6, on: &page, style)
        return page
    }

    private func axes(_ panel: CurvePanel, about: Int) -> Axes {
        func range(_ values: some Sequence<Double>) -> (Double, Double)? {
            let finite = values.filter(\.isFinite)
            guard let low = finite.min(), let high = finite.max() else { return nil }
            return (low, high)
        }
        let x = panel.xRange.map { ($0.lowerBound, $0.upperBound) } ?? range(panel.curves.flatMap(\.x)) ?? (0, 1)
        let alike =
            switch sharing {
            case .none: [panel]
            case .byTitle: panels.filter { $0.yTitle == panel.yTitle && $0.family == panel.family }
            case .all: panels
            }
        let values = alike.flatMap(\.curves).flatMap { $0.y + $0.low + $0.high } + (floor.map { [$0] } ?? [])
        let y = panel.yRange.map { ($0.lowerBound, $0.upperBound) } ?? range(values) ?? (0, 1)
        return Axes(
            x: Axis(
                x.0, x.1, about: about, isTight: true,
                isWhole: panel.xRange == nil && x.1 > x.0
                    && panel.curves.allSatisfy { $0.x.allSatisfy { $0 == $0.rounded() || !$0.isFinite } }),
            y: Axis(y.0, y.1, about: 5, isTight: panel.yRange != nil))
    }

    private func draw(
        _ panel: CurvePanel, _ plot: Plot, _ looks: [(name: String, look: CurveLook)], on page: inout Page, _ style: Style
    ) {
        plot.draw(on: &page, style, xTitle: panel.xTitle, yTitle: panel.yTitle)
        if panel.hasDiagonal {
            page.line(plot.point(plot.x.low, plot.y.low), plot.point(plot.x.high, plot.y.high), Stroke(style.rule, 0.15, dashes: [1, 0.8]))
        }
        guard panel.curves.contains(where: { $0.y.contains(where: \.isFinite) }) else {
            page.write(
                Text("no values", at: plot.box.middle, size: style.smallSize, colour: style.soft, anchor: .middle, height: .middle))
            return
        }
        func look(_ curve: Curve) -> CurveLook? { looks.first { $0.name == curve.name }?.look }
        let slack = 0.6
        let seen = Box(
            x: plot.box.x - slack, y: plot.box.y - slack, width: plot.box.width + 2 * slack, height: plot.box.height + 2 * slack)
        // Many bands over each other must not hide the lines.
        let alpha = panel.curves.count <= 4 ? 0.2 : panel.curves.count <= 8 ? 0.1 : 0.06
        page.clipped(to: seen) { page in
            for curve in panel.curves {
                guard let look = look(curve), curve.low.count == curve.x.count, curve.high.count == curve.x.count else { continue }
                for run in runs(curve, where: { curve.low[$0].isFinite && curve.high[$0].isFinite }) where run.count > 1 {
                    page.areas(
                        [
                            run.map { plot.point(curve.x[$0], curve.low[$0]) }
                                + run.reversed().map { plot.point(curve.x[$0], curve.high[$0]) }
                        ],
                        look.colour.withAlpha(alpha))
                }
            }
            // References last: their dashes let a curve below them be seen.
            for curve in panel.curves.filter({ !$0.isReference }) + panel.curves.filter(\.isReference) {
                guard let look = look(curve) else { continue }
                let lines = runs(curve, where: { curve.y[$0].isFinite }).map { $0.map { plot.point(curve.x[$0], curve.y[$0]) } }
                page.lines(lines, Stroke(look.colour, look.width, dashes: look.dashes))
                guard panel.hasMarkers, look.marker >= 0 else { continue }
                let points = lines.flatMap { $0 }
                let every = max(1, points.count / 10)
                page.areas(stride(from: 0, to: points.count, by: every).map { look.outline(at: points[$0], size: 0.6) }, look.colour)
            }
        }
    }

    /// Stretches of points that have a place.
    private func runs(_ curve: Curve, where isThere: (Int) -> Bool) -> [[Int]] {
        let count = min(curve.x.count, curve.y.count)
        return (0..<count).split(whereSeparator: { !curve.x[$0].isFinite || !isThere($0) }).map(Array.init)
    }

    // MARK: Legend

    private static let swatch = 6.0

    private func legendRows(_ names: [String], room: Double, _ style: Style) -> [[String]] {
        guard names.count > 1 || names.first.map({ !$0.isEmpty }) ?? false else { return [] }
        var rows: [[String]] = []
        var used = Double.infinity
        for name in names {
            let width = min(Typeface.width(name, size: style.smallSize, bold: false), room - Self.swatch - 2) + Self.swatch + 4.5
            if used + width > room + 3.5 {
                rows.append([])
                used = 0
            }
            rows[rows.count - 1].append(name)
            used += width
        }
        return rows
    }

    private func drawLegend(
        _ rows: [[String]], _ looks: [(name: String, look: CurveLook)], top: Double, on page: inout Page, _ style: Style
    ) {
        let room = page.width - 2 * Self.margin
        for (row, names) in rows.enumerated() {
            var x = Self.margin
            let y = top + Double(row) * 3.8
            for name in names {
                guard let look = looks.first(where: { $0.name == name })?.look else { continue }
                page.line(Point(x, y), Point(x + Self.swatch, y), Stroke(look.colour, look.width, dashes: look.dashes))
                if look.marker >= 0, panels.contains(where: \.hasMarkers) {
                    page.areas([look.outline(at: Point(x + Self.swatch / 2, y), size: 0.6)], look.colour)
                }
                let text = Text(name, at: Point(x + Self.swatch + 1, y), size: style.smallSize, colour: style.ink, height: .middle)
                    .fitted(to: room - Self.swatch - 2)
                page.write(text)
                x += Self.swatch + 1 + text.width + 3.5
            }
        }
    }
}
