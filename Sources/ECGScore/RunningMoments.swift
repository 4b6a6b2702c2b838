// SPDX-License-Identifier: GPL-3.0-or-later

/// Mean and standard deviation of values that come one by one and are not kept (Welford 1962).
public struct RunningMoments: Sendable, Equatable {
    public private(set) var count = 0
    private var average = 0.0
    private var squares = 0.0

    public init() {}

    public mutating func add(_ value: Double) {
        count += 1
        let difference = value - average
        average += difference / Double(count)
        squares += difference * (value - average)
    }

    /// nil without values.
    public var mean: Double? { count > 0 ? average : nil }
    /// The sample standard deviation; nil for fewer than two values.
    public var deviation: Double? { count > 1 ? (max(squares, 0) / Double(count - 1)).squareRoot() : nil }
}
