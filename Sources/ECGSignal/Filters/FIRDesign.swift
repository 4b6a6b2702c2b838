// SPDX-License-Identifier: GPL-3.0-or-later

import Glibc

/// Linear-phase filters by the window method, tap for tap as `scipy.signal.firwin` designs them (scale=True).
public enum FIRDesign {
    /// - Parameters:
    ///   - bands: the pass bands in Hz, in order and apart, between 0 and `fs / 2`.
    ///   - window: of `count` values.
    /// - Returns: an odd number of taps, `window.count`, scaled to a gain of 1 in the middle of the first band (at 0 or at `fs / 2` if it reaches there).
    public static func taps(bands: [ClosedRange<Double>], fs: Double, window: [Double]) -> [Double] {
        let nyquist = fs / 2
        let middle = 0.5 * Double(window.count - 1)
        var taps = window.indices.map { index in
            let m = Double(index) - middle
            var sum = 0.0
            for band in bands {
                let (left, right) = (band.lowerBound / nyquist, band.upperBound / nyquist)
                sum += right * sinc(right * m) - left * sinc(left * m)
            }
            return sum * window[index]
        }
        guard let first = bands.first else { return taps }
        let (left, right) = (first.lowerBound / nyquist, first.upperBound / nyquist)
        let reference = left == 0 ? 0 : right == 1 ? 1 : 0.5 * (left + right)
        var sum = 0.0
        for index in taps.indices { sum += taps[index] * cos(.pi * (Double(index) - middle) * reference) }
        for index in taps.indices { taps[index] /= sum }
        return taps
    }

    public static func hamming(_ count: Int) -> [Double] {
        guard count > 1 else { return [1] }
        return (0..<count).map { 0.54 - 0.46 * cos(2 * .pi * Double($0) / Double(count - 1)) }
    }

    /// Kaiser's window, as `scipy.signal.windows.kaiser`.
    public static func kaiser(_ count: Int, beta: Double) -> [Double] {
        guard count > 1 else { return [1] }
        let middle = Double(count - 1) / 2
        return (0..<count).map { index in
            let x = (Double(index) - middle) / middle
            return bessel0(beta * max(0, 1 - x * x).squareRoot()) / bessel0(beta)
        }
    }

    private static func sinc(_ x: Double) -> Double { x == 0 ? 1 : sin(.pi * x) / (.pi * x) }

    /// The modified Bessel function of the first kind and order 0, by its power series: all terms are positive, so nothing cancels.
    private static func bessel0(_ x: Double) -> Double {
        var sum = 1.0
        var term = 1.0
        var k = 1.0
        while term > sum * 1e-17 {
            term *= (x / (2 * k)) * (x / (2 * k))
            sum += term
            k += 1
        }
        return sum
    }
}
