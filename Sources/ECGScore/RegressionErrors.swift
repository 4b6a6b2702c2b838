// SPDX-License-Identifier: GPL-3.0-or-later

/// Sums over predicted values, from which the errors of a regression follow.
public struct RegressionErrors: Sendable, Equatable {
    public private(set) var count = 0
    private var absolute = 0.0
    private var squared = 0.0
    private var relative = 0.0

    public init() {}

    /// - Parameters: in the target's own unit.
    public mutating func add(truth: Double, predicted: Double, times: Int = 1) {
        let error = predicted - truth
        count += times
        absolute += Double(times) * error.magnitude
        squared += Double(times) * error * error
        // As scikit-learn: a truth of 0 divides by the machine epsilon rather than by nothing.
        relative += Double(times) * error.magnitude / max(truth.magnitude, Double.ulpOfOne)
    }

    public mutating func add(_ other: RegressionErrors, times: Int = 1) {
        count += times * other.count
        absolute += Double(times) * other.absolute
        squared += Double(times) * other.squared
        relative += Double(times) * other.relative
    }

    public var meanAbsolute: Double? { count > 0 ? absolute / Double(count) : nil }
    public var rootMeanSquare: Double? { count > 0 ? (squared / Double(count)).squareRoot() : nil }
    /// The mean of |error| / |truth|, a fraction and not per cent.
    public var meanAbsolutePercentage: Double? { count > 0 ? relative / Double(count) : nil }
}
