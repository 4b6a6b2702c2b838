// SPDX-License-Identifier: GPL-3.0-or-later

/// The rectangle that data are drawn in, with its two axes.
struct Plot: Sendable {
    let box: Box
    let x: Axis
    let y: Axis

    func point(_ x: Double, _ y: Double) -> Point {
        Point(box.left + self.x.share(x) * box.width, box.bottom - self.y.share(y) * box.height)
    }

    static let tick = 0.8
    static let gap = 0.8

    /// Room that the labels of a vertical axis take, in millimetres.
    static func labelWidth(_ axis: Axis, _ style: Style) -> Double {
        (axis.ticks.map { Typeface.width(axis.label($0), size: style.smallSize, bold: false) }.max() ?? 0) + tick + gap
    }

    /// Axes on the left and below, ticks outside, faint lines behind the data.
    func draw(
        on page: inout Page, _ style: Style, xTitle: String = "", yTitle: String = "", showsX: Bool = true, showsY: Bool = true,
        guides: Bool = true
    ) {
        let rule = Stroke(style.rule, style.ruleWidth)
        if guides {
            page.lines(y.ticks.map { [point(x.low, $0), point(x.high, $0)] }, Stroke(style.guide, style.hairline))
        }
        page.lines([[Point(box.left, box.top), Point(box.left, box.bottom), Point(box.right, box.bottom)]], rule)
        page.lines(
            x.ticks.map { [Point(point($0, y.low).x, box.bottom), Point(point($0, y.low).x, box.bottom + Self.tick)] }
                + y.ticks.map { [Point(box.left - Self.tick, point(x.low, $0).y), Point(box.left, point(x.low, $0).y)] }, rule)
        if showsX {
            var free = -Double.infinity
            for tick in x.ticks {
                let text = Text(
                    x.label(tick), at: Point(point(tick, y.low).x, box.bottom + Self.tick + Self.gap), size: style.smallSize,
                    colour: style.soft, anchor: .middle, height: .top)
                // A label that would touch the one before is left out; its tick stays.
                guard text.extent.left > free else { continue }
                free = text.extent.right + 0.8
                page.write(text)
            }
            page.write(
                Text(
                    xTitle, at: Point(box.middle.x, box.bottom + Self.tick + Self.gap + 4.6), size: style.labelSize, colour: style.ink,
                    anchor: .middle))
        }
        if showsY {
            for tick in y.ticks {
                page.write(
                    Text(
                        y.label(tick), at: Point(box.left - Self.tick - Self.gap, point(x.low, tick).y), size: style.smallSize,
                        colour: style.soft, anchor: .end, height: .middle))
            }
            page.write(
                Text(
                    yTitle, at: Point(box.left - Self.labelWidth(y, style) - 2.6, box.middle.y), size: style.labelSize, colour: style.ink,
                    anchor: .middle, upright: true
                ).fitted(to: box.height + 6))
        }
    }

    /// Room below the box for ticks, their labels and a title.
    static func footHeight(_ title: String) -> Double { title.isEmpty ? 4.2 : 7.4 }
}
