// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// How the integral along a path from 0 to 1 is taken: where the path is looked at, and how much each place counts.
public enum Quadrature: String, Sendable, CaseIterable {
    case gaussLegendre = "gausslegendre"
    case riemannLeft = "riemann-left"
    case riemannRight = "riemann-right"
    case riemannMiddle = "riemann-middle"
    /// As Captum has it: n places and the weight 1/n with both ends halved, so the weights add up to 1 − 1/n.
    case riemannTrapezoid = "riemann-trapezoid"

    /// Places in 0…1 and their weights, ascending.
    public func rule(_ steps: Int) -> (places: [Double], weights: [Double]) {
        let n = max(steps, 1)
        let even = [Double](repeating: 1 / Double(n), count: n)
        switch self {
        case .gaussLegendre:
            return Self.gaussLegendre(n)
        case .riemannLeft:
            return ((0..<n).map { Double($0) / Double(n) }, even)
        case .riemannRight:
            return ((0..<n).map { Double($0 + 1) / Double(n) }, even)
        case .riemannMiddle:
            return ((0..<n).map { (Double($0) + 0.5) / Double(n) }, even)
        case .riemannTrapezoid:
            var weights = even
            weights[0] /= 2
            weights[n - 1] /= 2
            return ((0..<n).map { n == 1 ? 0 : Double($0) / Double(n - 1) }, weights)
        }
    }

    /// Nodes and weights of Gauss and Legendre on 0…1: the roots of the Legendre polynomial by Newton's method.
    private static func gaussLegendre(_ n: Int) -> (places: [Double], weights: [Double]) {
        var places = [Double](repeating: 0, count: n)
        var weights = places
        for i in 0..<n {
            // Tricomi's estimate is within Newton's reach for every n
            var x = -cos(Double.pi * (Double(i) + 0.75) / (Double(n) + 0.5))
            var slope = 1.0
            for _ in 0..<100 {
                var (previous, value) = (1.0, x)
                for k in 1..<max(n, 1) where n > 1 {
                    (previous, value) = (value, (Double(2 * k + 1) * x * value - Double(k) * previous) / Double(k + 1))
                }
                slope = Double(n) * (x * value - previous) / (x * x - 1)
                let step = value / slope
                x -= step
                if abs(step) < 1e-15 { break }
            }
            places[i] = (1 + x) / 2
            weights[i] = 1 / ((1 - x * x) * slope * slope)
        }
        return (places, weights)
    }
}
