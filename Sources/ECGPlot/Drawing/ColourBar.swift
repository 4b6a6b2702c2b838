// SPDX-License-Identifier: GPL-3.0-or-later

/// A printed colour scale: a bar with the values of its ends, and of its middle where that is zero.
struct ColourBar: Sendable {
    let colours: ScaledColours
    /// What the values are.
    var title = ""
    /// Whether values beyond the ends were given the ends' colours.
    var isCut = false
    /// In place of the ends' numbers.
    var words: (low: String, high: String)?
    var barWidth = 18.0
    static let height = 1.8

    /// Where all values are 0 there is no scale to show.
    private var isFlat: Bool { words == nil && !(colours.high > colours.low) }

    private var labels: (low: String, high: String) {
        if let words { return words }
        if isFlat { return ("0 everywhere", "") }
        let low = NumberText.general(colours.low), high = NumberText.general(colours.high)
        return (isCut && colours.scale.isDiverging ? "≤" + low : low, isCut ? "≥" + high : high)
    }

    func width(_ style: Style) -> Double {
        let label = labels
        func room(_ text: String) -> Double { text.isEmpty ? 0 : Typeface.width(text, size: style.smallSize, bold: false) + 1 }
        return room(title) + room(label.low) + (isFlat ? 0 : barWidth + room(label.high))
    }

    /// Draws it with its left end at a place and its middle at the place's height.
    func draw(on page: inout Page, at place: Point, _ style: Style) {
        func text(_ string: String, _ x: Double) -> Text {
            Text(string, at: Point(x, place.y), size: style.smallSize, colour: style.soft, height: .middle)
        }
        var x = place.x
        for part in [title, labels.low] where !part.isEmpty {
            let text = text(part, x)
            page.write(text)
            x += text.width + 1
        }
        guard !isFlat else { return }
        let top = place.y - Self.height / 2
        // Wide enough steps overlap a little, so that no gap shows between them.
        let steps = 64
        for step in 0..<steps {
            let left = x + barWidth * Double(step) / Double(steps)
            let colour = colours.scale.colour(at: (Double(step) + 0.5) / Double(steps))
            page.box(Box(x: left, y: top, width: min(barWidth / Double(steps) * 1.5, x + barWidth - left), height: Self.height), colour)
        }
        page.lines([Box(x: x, y: top, width: barWidth, height: Self.height).outline], Stroke(style.rule, style.hairline))
        if colours.scale.isDiverging {
            page.line(Point(x + barWidth / 2, top), Point(x + barWidth / 2, top + Self.height), Stroke(style.rule, style.hairline))
        }
        page.write(text(labels.high, x + barWidth + 1))
    }
}
