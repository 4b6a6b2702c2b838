// SPDX-License-Identifier: GPL-3.0-or-later

/// How many items each class has: a bar a class, with its number.
public struct HistogramFigure: Figure {
    public var title = ""
    public var classes: [(name: String, count: Int)]
    /// Whether the axis is logarithmic, where the rarest class has a few items and the commonest many thousand.
    public var isLogarithmic = false

    public init(_ classes: [(name: String, count: Int)]) { self.classes = classes }

    private static let margin = 3.0
    private static let pitch = 5.0

    public func page(_ style: Style) throws(PlotError) -> Page {
        guard !classes.isEmpty else { throw PlotError("there are no classes") }
        guard classes.count <= 900 else { throw PlotError("\(classes.count) classes are too many for a figure") }
        let width = style.width ?? 110
        let names = min(classes.map { Typeface.width($0.name, size: style.labelSize, bold: false) }.max() ?? 0, width * 0.4)
        let counts = classes.map { Typeface.width(NumberText.count($0.count), size: style.smallSize, bold: false) }.max() ?? 0
        let head = title.isEmpty ? 3.0 : 8
        let left = Self.margin + names + 1.5
        let box = Box(
            x: left, y: head, width: max(5, width - left - counts - 1.5 - Self.margin), height: Double(classes.count) * Self.pitch + 1)
        let most = Double(classes.map(\.count).max() ?? 0)
        let axis = isLogarithmic ? Axis(logarithmicTo: most) : Axis(0, max(most, 1), about: box.width < 60 ? 3 : 5, isTight: true)
        var page = Page(width: width, height: box.bottom + 9.5, background: style.background)
        page.write(
            Text(title, at: Point(Self.margin, 5), size: style.titleSize, colour: style.ink, bold: true).fitted(to: width - 2 * Self.margin)
        )
        let x = { (value: Double) in box.left + axis.share(value) * box.width }
        page.lines(axis.ticks.map { [Point(x($0), box.top), Point(x($0), box.bottom)] }, Stroke(style.guide, style.hairline))
        for (index, item) in classes.enumerated() {
            let middle = box.top + 0.5 + (Double(index) + 0.5) * Self.pitch
            let end = item.count > 0 ? max(x(Double(item.count)), box.left + 0.2) : box.left
            page.box(Box(x: box.left, y: middle - 1.75, width: end - box.left, height: 3.5), style.categories[0])
            page.write(
                Text(item.name, at: Point(box.left - 1.2, middle), size: style.labelSize, colour: style.ink, anchor: .end, height: .middle)
                    .fitted(to: names + 0.01))
            page.write(
                Text(NumberText.count(item.count), at: Point(end + 1, middle), size: style.smallSize, colour: style.soft, height: .middle))
        }
        let rule = Stroke(style.rule, style.ruleWidth)
        page.lines([[Point(box.left, box.top), Point(box.left, box.bottom), Point(box.right, box.bottom)]], rule)
        var free = -Double.infinity
        for tick in axis.ticks {
            page.line(Point(x(tick), box.bottom), Point(x(tick), box.bottom + Plot.tick), rule)
            let text = Text(
                NumberText.count(Int(tick)), at: Point(x(tick), box.bottom + Plot.tick + Plot.gap), size: style.smallSize,
                colour: style.soft,
                anchor: .middle, height: .top)
            guard text.extent.left > free else { continue }
            free = text.extent.right + 0.8
            page.write(text)
        }
        page.write(
            Text("items", at: Point(box.middle.x, page.height - 1.8), size: style.labelSize, colour: style.soft, anchor: .middle))
        return page
    }
}
