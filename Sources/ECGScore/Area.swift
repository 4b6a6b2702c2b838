// SPDX-License-Identifier: GPL-3.0-or-later

/// The area under values at equal distances of 1, by trapezoids, as NumPy's `trapezoid`; nil where a value is missing or there are fewer than two.
public func trapezoidArea(_ values: some Collection<Double?>) -> Double? {
    guard values.count > 1 else { return nil }
    var sum = 0.0
    var last: Double?
    for value in values {
        guard let value else { return nil }
        if let last { sum += (last + value) / 2 }
        last = value
    }
    return sum
}

/// The percentile interval of a figure's resampled values; nil if there are none.
///
/// - Parameter level: the share that the interval covers, such as 0.95.
public func percentileInterval(_ resampled: some Sequence<Double?>, level: Double = 0.95) -> ClosedRange<Double>? {
    let values = resampled.compactMap { $0 }.filter { !$0.isNaN }.sorted()
    let tail = (1 - level) / 2
    guard let low = quantile(tail, ofSorted: values), let high = quantile(1 - tail, ofSorted: values) else { return nil }
    return low...max(low, high)
}
