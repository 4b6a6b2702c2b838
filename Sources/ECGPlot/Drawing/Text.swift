// SPDX-License-Identifier: GPL-3.0-or-later

/// A line of text on a page.
public struct Text: Sendable, Equatable {
    public enum Anchor: Sendable { case start, middle, end }
    /// What of the text lies at its place: the letters' base line, half their height, or their top.
    public enum Height: Sendable { case base, middle, top }

    public var string: String
    public var place: Point
    /// In points.
    public var size: Double
    public var isBold = false
    public var colour: Colour
    public var anchor = Anchor.start
    public var height = Height.base
    /// Whether it is read from the bottom to the top.
    public var isUpright = false

    public init(
        _ string: String, at place: Point, size: Double, colour: Colour, bold: Bool = false, anchor: Anchor = .start,
        height: Height = .base, upright: Bool = false
    ) {
        self.string = string
        self.place = place
        self.size = size
        self.colour = colour
        self.isBold = bold
        self.anchor = anchor
        self.height = height
        self.isUpright = upright
    }

    /// Width of the line in millimetres.
    public var width: Double { Typeface.width(string, size: size, bold: isBold) }
    /// Height of capital letters in millimetres.
    public var capHeight: Double { Typeface.capHeight(size: size) }

    /// Where the line begins on its base line, in millimetres.
    var origin: Point {
        let along: Double =
            switch anchor {
            case .start: 0
            case .middle: -width / 2
            case .end: -width
            }
        let across: Double =
            switch height {
            case .base: 0
            case .middle: capHeight / 2
            case .top: capHeight
            }
        return isUpright ? Point(place.x + across, place.y - along) : Point(place.x + along, place.y + across)
    }

    /// What the line covers: its length, from capitals' top to the letters' lowest descent.
    public var extent: Box {
        let start = origin
        let below = Typeface.descent(size: size)
        return isUpright
            ? Box(x: start.x - capHeight, y: start.y - width, width: capHeight + below, height: width)
            : Box(x: start.x, y: start.y - capHeight, width: width, height: capHeight + below)
    }

    /// The text cut with an ellipsis so that it takes at most so many millimetres.
    public func fitted(to room: Double) -> Text {
        guard width > room else { return self }
        var text = self
        let characters = Array(string.prefix(400))
        // The widths of prefixes grow, so the longest that fits is found by halving.
        var (fits, tooLong) = (0, characters.count)
        while tooLong - fits > 1 {
            let half = (fits + tooLong) / 2
            let candidate = String(characters[..<half]) + "…"
            if Typeface.width(candidate, size: size, bold: isBold) <= room { fits = half } else { tooLong = half }
        }
        text.string = fits == 0 ? "" : String(characters[..<fits]) + "…"
        return text
    }
}
