// SPDX-License-Identifier: GPL-3.0-or-later

/// Where a quantile lies between two neighbours of the sorted values: by linear interpolation, as NumPy's and R's default (type 7).
public struct QuantilePosition: Sendable, Equatable {
    /// The rank, from 0, of the value at or below the quantile.
    public let rank: Int
    /// How far the quantile lies towards the next value, in [0, 1).
    public let fraction: Double

    /// The position of quantile `p` in 0...1 among `count` values, at least one.
    public init(_ p: Double, count: Int) {
        let position = Double(count - 1) * p
        rank = min(Int(position), count - 1)
        fraction = position - Double(rank)
    }

    /// The quantile, given the value of this rank and of the next.
    public func between(_ low: Double, _ high: @autoclosure () -> Double) -> Double {
        guard fraction > 0 else { return low }
        let next = high()
        // as NumPy: from the nearer end, so that equal neighbours give themselves exactly
        return fraction < 0.5 ? low + (next - low) * fraction : next - (next - low) * (1 - fraction)
    }
}

/// The quantile `p` in 0...1 of values in ascending order, by linear interpolation; nil for no values.
public func quantile(_ p: Double, ofSorted values: [Double]) -> Double? {
    guard !values.isEmpty else { return nil }
    let position = QuantilePosition(p, count: values.count)
    return position.between(values[position.rank], values[min(position.rank + 1, values.count - 1)])
}
