// SPDX-License-Identifier: GPL-3.0-or-later

/// Confidence intervals from resampled groups: beats of one recording are not independent of each other, recordings are.
public struct Bootstrap: Sendable {
    /// How often each group was drawn, [draw, group]; the counts of a draw add up to the number of groups.
    public let draws: [[Int]]

    /// - Parameters:
    ///   - groups: the number of groups (records).
    ///   - count: the number of resamplings.
    ///   - index: draw `i` of resampling `k`: a random whole number below `groups`.
    public init(groups: Int, count: Int, index: (_ resampling: Int, _ draw: Int) -> Int) {
        draws = (0..<count).map { resampling in
            var times = [Int](repeating: 0, count: groups)
            for draw in 0..<groups { times[index(resampling, draw)] += 1 }
            return times
        }
    }

    /// The percentile interval of a figure over the resamplings in which it is defined, `nil` if it never is.
    ///
    /// - Parameters:
    ///   - level: the share that the interval covers, such as 0.95.
    ///   - figure: the figure of the resampling in which group g counts `times[g]` times.
    public func interval(level: Double = 0.95, _ figure: ([Int]) -> Double?) -> ClosedRange<Double>? {
        let values = draws.compactMap(figure).sorted()
        guard !values.isEmpty else { return nil }
        let tail = (1 - level) / 2
        return Self.quantile(values, tail)...Self.quantile(values, 1 - tail)
    }

    private static func quantile(_ sorted: [Double], _ share: Double) -> Double {
        let place = share * Double(sorted.count - 1)
        let below = Int(place)
        guard below + 1 < sorted.count else { return sorted[sorted.count - 1] }
        return sorted[below] + (place - Double(below)) * (sorted[below + 1] - sorted[below])
    }
}
