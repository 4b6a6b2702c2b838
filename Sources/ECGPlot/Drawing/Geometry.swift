// SPDX-License-Identifier: GPL-3.0-or-later

/// A place on a page, in millimetres from its upper left corner; y grows downwards.
public struct Point: Sendable, Equatable {
    public var x: Double
    public var y: Double

    public init(_ x: Double, _ y: Double) {
        self.x = x
        self.y = y
    }
}

/// A rectangle on a page, in millimetres.
public struct Box: Sendable, Equatable {
    public var x: Double
    public var y: Double
    public var width: Double
    public var height: Double

    public init(x: Double, y: Double, width: Double, height: Double) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    public var left: Double { x }
    public var right: Double { x + width }
    public var top: Double { y }
    public var bottom: Double { y + height }
    public var middle: Point { Point(x + width / 2, y + height / 2) }

    /// The rectangle as a closed outline.
    public var outline: [Point] { [Point(left, top), Point(right, top), Point(right, bottom), Point(left, bottom), Point(left, top)] }

    public func inset(by amount: Double) -> Box {
        Box(x: x + amount, y: y + amount, width: max(0, width - 2 * amount), height: max(0, height - 2 * amount))
    }

    /// Whether another rectangle lies within this one, give or take a tolerance.
    public func contains(_ other: Box, tolerance: Double = 1e-6) -> Bool {
        other.left >= left - tolerance && other.right <= right + tolerance && other.top >= top - tolerance
            && other.bottom <= bottom + tolerance
    }

    /// Whether two rectangles share more than an edge.
    public func overlaps(_ other: Box, tolerance: Double = 1e-6) -> Bool {
        min(right, other.right) - max(left, other.left) > tolerance && min(bottom, other.bottom) - max(top, other.top) > tolerance
    }
}
