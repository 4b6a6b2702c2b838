// SPDX-License-Identifier: GPL-3.0-or-later

/// Colours for a range of values, from 0 to 1, by linear interpolation between evenly spaced stops.
///
/// Sequential scales change their lightness in one direction only, and the two arms of a diverging scale are blue and orange: both can be read
/// with deuteranopia and protanopia, which the tests compute.
public struct ColourScale: Sendable {
    public let stops: [Colour]
    /// Whether the middle stands for zero.
    public let isDiverging: Bool

    public init(_ stops: [Colour], isDiverging: Bool = false) {
        precondition(stops.count >= 2)
        self.stops = stops
        self.isDiverging = isDiverging
    }

    init(hex: [UInt32], isDiverging: Bool = false) { self.init(hex.map { Colour($0) }, isDiverging: isDiverging) }

    /// The colour of a share of the range; what lies beyond takes the end's.
    public func colour(at share: Double) -> Colour {
        guard share.isFinite else { return stops[0] }
        let position = min(max(share, 0), 1) * Double(stops.count - 1)
        let index = min(Int(position), stops.count - 2)
        return stops[index].mixed(with: stops[index + 1], position - Double(index))
    }
}

/// A colour scale over a range of values.
public struct ScaledColours: Sendable {
    public let scale: ColourScale
    public let low: Double
    public let high: Double

    /// - Parameter low: the value of the scale's first colour; `-high` where the scale diverges.
    public init(_ scale: ColourScale, low: Double, high: Double) {
        self.scale = scale
        self.low = low
        self.high = high
    }

    /// Where a value lies in the range, 0 to 1; in an empty range all values are the first, or the middle, colour's.
    public func share(_ value: Double) -> Double {
        guard value.isFinite, high > low else { return scale.isDiverging ? 0.5 : 0 }
        return min(max((value - low) / (high - low), 0), 1)
    }

    public func colour(_ value: Double) -> Colour { scale.colour(at: share(value)) }
}
