// SPDX-License-Identifier: GPL-3.0-or-later

import Glibc

/// A ratio of two sampling frequencies in lowest terms.
public struct RationalRatio: Equatable, Sendable {
    public let up: Int
    public let down: Int

    public static let identity = RationalRatio(up: 1, down: 1)

    init(up: Int, down: Int) {
        self.up = up
        self.down = down
    }

    /// The simplest ratio that is `to / from` to twelve digits.
    ///
    /// - Throws: `FilterError` if neither term up to 100,000 will do.
    public init(from: Double, to: Double) throws(FilterError) {
        guard from > 0, to > 0, from.isFinite, to.isFinite else { throw FilterError("sampling frequencies must be positive") }
        // Continued fraction of the target.
        let target = to / from
        var (p0, q0, p1, q1) = (0.0, 1.0, 1.0, 0.0)
        var rest = target
        for _ in 0..<40 {
            let whole = floor(rest)
            (p0, q0, p1, q1) = (p1, q1, whole * p1 + p0, whole * q1 + q0)
            if p1 > 1e5 || q1 > 1e5 { break }
            if p1 > 0, abs(p1 / q1 - target) <= 1e-12 * target {
                self.init(up: Int(p1), down: Int(q1))
                return
            }
            let fraction = rest - whole
            if fraction <= 0 { break }
            rest = 1 / fraction
        }
        throw FilterError("\(to) / \(from) Hz is no ratio of whole numbers up to 100000")
    }

    /// Samples that `count` samples become.
    public func length(of count: Int) -> Int {
        let (product, overflow) = count.multipliedReportingOverflow(by: up)
        return overflow ? Int.max : product / down + (product % down > 0 ? 1 : 0)
    }

    /// Where a sample lands: the nearest new one, halves upwards.
    public func position(of sample: Int) -> Int {
        let (whole, rest) = sample.quotientAndRemainder(dividingBy: down)
        return whole * up + Int(floor(Double(rest * up) / Double(down) + 0.5))
    }
}
