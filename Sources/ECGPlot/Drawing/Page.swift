// SPDX-License-Identifier: GPL-3.0-or-later

/// How a line is drawn.
public struct Stroke: Sendable, Equatable {
    public enum Cap: Sendable { case butt, round }

    public var colour: Colour
    /// In millimetres.
    public var width: Double
    /// Lengths of dashes and gaps in millimetres; empty for a whole line.
    public var dashes: [Double]
    public var cap: Cap

    public init(_ colour: Colour, _ width: Double, dashes: [Double] = [], cap: Cap = .butt) {
        self.colour = colour
        self.width = width
        self.dashes = dashes
        self.cap = cap
    }
}

/// Something drawn.
public enum Mark: Sendable {
    /// Lines, each through its points; a single point is a dot as wide as the line.
    case lines([[Point]], Stroke)
    /// Areas, each within its points.
    case areas([[Point]], Colour)
    case text(Text)
    /// Marks of which only what lies in a rectangle is seen.
    case clipped(Box, [Mark])
}

/// A figure's page: what is drawn, in order, as values.
///
/// Text is kept on the page whatever a figure asks for: a line that is too long is cut with an ellipsis, and one over the edge is moved in.
public struct Page: Sendable {
    /// In millimetres.
    public let width: Double
    public let height: Double
    public let background: Colour
    public private(set) var marks: [Mark] = []

    /// Free room along the edges for text, in millimetres.
    static let border = 1.0
    /// Beyond this, coordinates are cut off: no page is so large, and Cairo's numbers end somewhere.
    private static let farthest = 30_000.0

    public init(width: Double, height: Double, background: Colour) {
        self.width = width
        self.height = height
        self.background = background
    }

    public mutating func lines(_ lines: [[Point]], _ stroke: Stroke) {
        let sound = lines.flatMap(Self.sound)
        if !sound.isEmpty { marks.append(.lines(sound, stroke)) }
    }

    public mutating func line(_ from: Point, _ to: Point, _ stroke: Stroke) { lines([[from, to]], stroke) }

    public mutating func areas(_ areas: [[Point]], _ colour: Colour) {
        let sound = areas.filter { $0.count > 2 && $0.allSatisfy { $0.x.isFinite && $0.y.isFinite } }.map { $0.map(Self.near) }
        if !sound.isEmpty { marks.append(.areas(sound, colour)) }
    }

    public mutating func box(_ box: Box, _ colour: Colour) { areas([box.outline], colour) }

    public mutating func write(_ text: Text) {
        guard !text.string.isEmpty, text.place.x.isFinite, text.place.y.isFinite else { return }
        let paper = Box(x: 0, y: 0, width: width, height: height).inset(by: Self.border)
        var text = text
        text.string = Self.printable(text.string)
        text = text.fitted(to: text.isUpright ? paper.height : paper.width)
        let extent = text.extent
        text.place.x += max(0, paper.left - extent.left) - max(0, extent.right - paper.right)
        text.place.y += max(0, paper.top - extent.top) - max(0, extent.bottom - paper.bottom)
        marks.append(.text(text))
    }

    /// What is drawn by `body` is seen only within a rectangle.
    public mutating func clipped(to box: Box, _ body: (inout Page) -> Void) {
        var inner = Page(width: width, height: height, background: background)
        body(&inner)
        if !inner.marks.isEmpty { marks.append(.clipped(box, inner.marks)) }
    }

    /// Every text of the page.
    public var texts: [Text] { Self.texts(in: marks) }

    private static func texts(in marks: [Mark]) -> [Text] {
        marks.flatMap { mark -> [Text] in
            switch mark {
            case .text(let text): [text]
            case .clipped(_, let inner): texts(in: inner)
            default: []
            }
        }
    }

    /// A line is broken where it has no place.
    private static func sound(_ line: [Point]) -> [[Point]] {
        if line.allSatisfy({ $0.x.isFinite && $0.y.isFinite && abs($0.x) <= farthest && abs($0.y) <= farthest }) {
            return line.isEmpty ? [] : [line]
        }
        return line.split(whereSeparator: { !$0.x.isFinite || !$0.y.isFinite }).map { $0.map(near) }
    }

    private static func near(_ point: Point) -> Point {
        Point(min(max(point.x, -farthest), farthest), min(max(point.y, -farthest), farthest))
    }

    /// Control characters have no shape, and a zero byte would end the text early.
    private static func printable(_ string: String) -> String {
        guard string.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }) else { return string }
        return String(
            String.UnicodeScalarView(string.unicodeScalars.map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? " " : $0 }))
    }
}
