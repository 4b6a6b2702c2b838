// SPDX-License-Identifier: GPL-3.0-or-later

/// A line through points, with a band about it where the points have bounds.
public struct Curve: Sendable {
    public var name: String
    public var x: [Double]
    public var y: [Double]
    /// The band's edges, empty for none; a bound that is not finite leaves the band out there.
    public var low: [Double]
    public var high: [Double]
    /// Whether others are measured against it (the random order, the total): drawn in grey and dashed.
    public var isReference: Bool

    public init(_ name: String, x: [Double], y: [Double], low: [Double] = [], high: [Double] = [], isReference: Bool = false) {
        self.name = name
        self.x = x
        self.y = y
        self.low = low
        self.high = high
        self.isReference = isReference
    }
}

/// Curves over the same axes.
public struct CurvePanel: Sendable {
    public var title: String
    /// What panels have in common that are to be compared, such as both orders of one figure; see `CurveFigure.Sharing`.
    public var family = ""
    public var xTitle = ""
    public var yTitle = ""
    public var curves: [Curve]
    /// Ends of the axes; by default those of the data.
    public var xRange: ClosedRange<Double>?
    public var yRange: ClosedRange<Double>?
    /// As high as wide, as ROC curves are.
    public var isSquare = false
    /// The line from the lower left to the upper right, where a ROC curve of chance lies.
    public var hasDiagonal = false
    /// Points are few and stand for themselves.
    public var hasMarkers = true

    public init(_ title: String, curves: [Curve]) {
        self.title = title
        self.curves = curves
    }
}

/// How a curve of a name looks in all panels of a figure.
struct CurveLook: Sendable {
    let colour: Colour
    let dashes: [Double]
    /// 0 circle, 1 square, 2 triangle, 3 diamond.
    let marker: Int
    let width: Double

    /// A look for each name, in order of their first appearance.
    static func looks(_ panels: [CurvePanel], _ style: Style) -> [(name: String, look: CurveLook)] {
        var looks: [(name: String, look: CurveLook)] = []
        var others = 0
        for curve in panels.flatMap(\.curves) where !looks.contains(where: { $0.name == curve.name }) {
            if curve.isReference {
                looks.append((curve.name, CurveLook(colour: style.soft, dashes: [1.4, 0.8], marker: -1, width: style.curveWidth)))
                continue
            }
            let colours = style.categories
            // Beyond eight curves the colours return with other dashes; the markers change at another pace.
            let dashes: [[Double]] = [[], [2, 0.9], [0.5, 0.8], [3, 0.8, 0.5, 0.8]]
            looks.append(
                (
                    curve.name,
                    CurveLook(
                        colour: colours[others % colours.count], dashes: dashes[others / colours.count % dashes.count], marker: others % 4,
                        width: style.curveWidth)
                ))
            others += 1
        }
        return looks
    }

    /// A marker's outline about a place.
    func outline(at place: Point, size: Double) -> [Point] {
        switch marker {
        case 1: return Box(x: place.x - size * 0.85, y: place.y - size * 0.85, width: size * 1.7, height: size * 1.7).outline
        case 2:
            return [
                Point(place.x, place.y - size * 1.15), Point(place.x + size, place.y + size * 0.75),
                Point(place.x - size, place.y + size * 0.75),
            ]
        case 3:
            return [
                Point(place.x, place.y - size * 1.2), Point(place.x + size * 1.2, place.y), Point(place.x, place.y + size * 1.2),
                Point(place.x - size * 1.2, place.y),
            ]
        default:
            // An octagon's double is a circle at this size.
            return Self.circle.map { Point(place.x + $0.x * size, place.y + $0.y * size) }
        }
    }

    /// Sixteen points of the unit circle, by halving the quarter's angles.
    private static let circle: [Point] = {
        let c = [1, 0.9238795325112867, 0.7071067811865476, 0.3826834323650898, 0]
        let quarter = (0..<4).map { Point(c[$0], c[4 - $0]) }
        let half = quarter + quarter.map { Point(-$0.y, $0.x) }
        return half + half.map { Point(-$0.x, -$0.y) }
    }()
}
