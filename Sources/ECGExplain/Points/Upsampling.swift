// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// How a layer's row of values is spread over the item's samples.
public enum Upsampling: String, Sendable, CaseIterable {
    /// PyTorch's interpolate with mode linear, align_corners=False.
    case linear
    /// PyTorch's interpolate with mode nearest.
    case nearest
    /// Cubic B-spline through the values with the ends aligned, as scipy.ndimage.zoom(order=3).
    case spline

    /// The row at `length` samples.
    public func callAsFunction(_ row: [Float], to length: Int) -> [Float] {
        guard row.count > 1, length > 0 else { return [Float](repeating: row.first ?? 0, count: max(length, 0)) }
        switch self {
        case .nearest:
            let scale = Float(row.count) / Float(length)
            return (0..<length).map { row[min(Int(Float($0) * scale), row.count - 1)] }
        case .linear:
            let scale = Double(row.count) / Double(length)
            return (0..<length).map { i in
                let at = max((Double(i) + 0.5) * scale - 0.5, 0)
                let low = min(Int(at), row.count - 1)
                let share = Float(at - Double(low))
                return row[low] * (1 - share) + row[min(low + 1, row.count - 1)] * share
            }
        case .spline:
            return spline(row, to: length)
        }
    }

    private func spline(_ row: [Float], to length: Int) -> [Float] {
        let coefficients = Self.splineCoefficients(row.map(Double.init))
        let last = row.count - 1
        func coefficient(_ i: Int) -> Double {
            // mirrored about the first and the last value
            var at = abs(i) % (2 * last)
            if at > last { at = 2 * last - at }
            return coefficients[at]
        }
        return (0..<length).map { i in
            let at = length > 1 ? Double(i) * Double(last) / Double(length - 1) : 0
            let low = min(Int(at), last)
            let t = at - Double(low)
            let w0 = (1 - t) * (1 - t) * (1 - t) / 6
            let w1 = (4 - 6 * t * t + 3 * t * t * t) / 6
            let w2 = (1 + 3 * t + 3 * t * t - 3 * t * t * t) / 6
            let w3 = t * t * t / 6
            return Float(w0 * coefficient(low - 1) + w1 * coefficient(low) + w2 * coefficient(low + 1) + w3 * coefficient(low + 2))
        }
    }

    /// The cubic B-spline coefficients of a row mirrored at its ends: one causal and one anticausal pass (Unser 1999).
    private static func splineCoefficients(_ row: [Double]) -> [Double] {
        let pole = 3.0.squareRoot() - 2
        let n = row.count
        var c = row.map { $0 * 6 }
        // the sum over the endlessly mirrored row, in closed form
        var power = pole
        var sum = c[0] + pow(pole, Double(n - 1)) * c[n - 1]
        for i in 1..<(n - 1) where n > 2 {
            sum += (power + pow(pole, Double(2 * n - 2 - i))) * c[i]
            power *= pole
        }
        c[0] = sum / (1 - pow(pole, Double(2 * n - 2)))
        for i in 1..<n { c[i] += pole * c[i - 1] }
        c[n - 1] = pole / (pole * pole - 1) * (c[n - 1] + pole * c[n - 2])
        for i in stride(from: n - 2, through: 0, by: -1) { c[i] = pole * (c[i + 1] - c[i]) }
        return c
    }
}
