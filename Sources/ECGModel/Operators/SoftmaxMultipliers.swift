// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// DeepLIFT's rescale rule for one line of a softmax.
///
/// Let L be the logarithmic mean of an output y in the two runs. Then Δy = L·Δ(ln y), and ln y = x − lse, where lse is the same for the whole line; since
/// the outputs add up to 1 in both runs, Δlse = ΣL·Δx / ΣL. So contributions add up to Δy, a multiplier never exceeds what upstream gives, and where the
/// runs are equal it is the derivative. Exponentials, sum and quotient one after the other would have multipliers as large as the ratio of the two
/// sums: attention scores that move by 30 make them 10¹³, which cancel in the sum but are nothing that a map could show.
struct SoftmaxMultipliers {
    private let means: [Double]
    private let total: Double

    /// - Parameters: the inputs of the line and those of the reference.
    init(_ x: [Double], _ x0: [Double]) {
        let (logarithms, logarithms0) = (Self.logSoftmax(x), Self.logSoftmax(x0))
        means = zip(logarithms, logarithms0).map { Self.logarithmicMean($0, $1) }
        total = means.reduce(0, +)
    }

    /// The multipliers of the inputs, given those of the softmax's outputs.
    func ofSoftmax(_ g: [Double]) -> [Double] {
        guard total > 0 else { return g.map { _ in 0 } }
        let mean = zip(g, means).reduce(0) { $0 + $1.0 * $1.1 } / total
        return zip(g, means).map { $1 * ($0 - mean) }
    }

    /// The multipliers of the inputs, given those of the log-softmax's outputs.
    func ofLogSoftmax(_ g: [Double]) -> [Double] {
        guard total > 0 else { return g }
        let share = g.reduce(0, +) / total
        return zip(g, means).map { $0 - share * $1 }
    }

    private static func logSoftmax(_ x: [Double]) -> [Double] {
        let top = x.max() ?? 0
        // a line that is masked as a whole has neither a sum nor outputs
        guard top > -.infinity else { return x }
        let logarithm = top + log(x.reduce(0) { $0 + exp($1 - top) })
        return x.map { $0 - logarithm }
    }

    /// The logarithmic mean of two numbers given by their logarithms; 0 where one of them is 0.
    private static func logarithmicMean(_ a: Double, _ b: Double) -> Double {
        guard a > -.infinity, b > -.infinity else { return 0 }
        let half = (a - b) / 2
        guard abs(half) < 1 else { return (exp(a) - exp(b)) / (a - b) }
        return exp((a + b) / 2) * (abs(half) < 1e-4 ? 1 + half * half / 6 : sinh(half) / half)
    }
}
