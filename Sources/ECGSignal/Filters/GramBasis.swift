// SPDX-License-Identifier: GPL-3.0-or-later

/// Polynomials that are orthogonal on the samples of a window (Gram polynomials): a least-squares fit with them is a handful of dot products,
/// and stays exact for orders at which powers of the sample number would not.
struct GramBasis: Sendable {
    let window: Int
    let order: Int
    /// Squared length of each polynomial over the window.
    private let norms: [Double]
    /// The recurrence p(k+1) = s p(k) - beta(k) p(k-1).
    private let betas: [Double]
    /// p(k) at each sample, [order + 1, window] row by row.
    private let table: [Double]
    private let centre: Double
    private let scale: Double

    /// - Precondition: `0 <= order < window`.
    init(window: Int, order: Int) {
        precondition(order >= 0 && order < window)
        self.window = window
        self.order = order
        centre = Double(window - 1) / 2
        scale = max(centre, 0.5)
        var table = [Double](repeating: 1, count: window)
        var norms = [Double(window)]
        var betas = [0.0]
        for k in 1..<(order + 1) where order > 0 {
            let beta = k > 1 ? norms[k - 1] / norms[k - 2] : 0
            var norm = 0.0
            for index in 0..<window {
                let s = (Double(index) - centre) / scale
                let value = s * table[(k - 1) * window + index] - (k > 1 ? beta * table[(k - 2) * window + index] : 0)
                table.append(value)
                norm += value * value
            }
            norms.append(norm)
            betas.append(beta)
        }
        self.table = table
        self.norms = norms
        self.betas = betas
    }

    /// The derivative of each polynomial at a position, counted in samples from the window's first.
    private func derivatives(_ derivative: Int, at position: Double) -> [Double] {
        let s = (position - centre) / scale
        var rows = [[Double]](repeating: [Double](repeating: 0, count: order + 1), count: derivative + 1)
        rows[0][0] = 1
        for d in 0...derivative {
            for k in 0..<order {
                var value = s * rows[d][k]
                if d > 0 { value += Double(d) * rows[d - 1][k] }
                if k > 0 { value -= betas[k + 1] * rows[d][k - 1] }
                rows[d][k + 1] = value
            }
        }
        var unit = 1.0
        for _ in 0..<derivative { unit /= scale }
        return rows[derivative].map { $0 * unit }
    }

    /// What each sample of the window contributes to the fitted polynomial's derivative at a position.
    func weights(derivative: Int, at position: Double) -> [Double] {
        let values = derivatives(derivative, at: position)
        var weights = [Double](repeating: 0, count: window)
        for k in 0...order {
            let factor = values[k] / norms[k]
            for index in 0..<window { weights[index] += factor * table[k * window + index] }
        }
        return weights
    }

    /// Positions at which a fit is wanted again and again.
    struct Positions: Sendable {
        fileprivate let range: Range<Int>
        fileprivate let derivative: Int
        /// The derivative of each polynomial, [position, order + 1] row by row; nil where they are too many to be kept.
        fileprivate let table: [Double]?
    }

    func positions(_ range: Range<Int>, derivative: Int) -> Positions {
        let fits = range.count * (order + 1) <= 1 << 16
        return Positions(
            range: range, derivative: derivative, table: fits ? range.flatMap { derivatives(derivative, at: Double($0)) } : nil)
    }

    /// The fitted polynomial's derivative at each of the positions, from the window's samples.
    func fit(_ samples: [Float], at positions: Positions) -> [Double] {
        precondition(samples.count == window)
        var coefficients = [Double](repeating: 0, count: order + 1)
        for k in 0...order {
            var sum = 0.0
            for index in 0..<window { sum += table[k * window + index] * Double(samples[index]) }
            coefficients[k] = sum / norms[k]
        }
        var values = [Double](repeating: 0, count: positions.range.count)
        for index in values.indices {
            var sum = 0.0
            if let table = positions.table {
                let row = index * (order + 1)
                for k in 0...order { sum += coefficients[k] * table[row + k] }
            } else {
                let row = derivatives(positions.derivative, at: Double(positions.range.lowerBound + index))
                for k in 0...order { sum += coefficients[k] * row[k] }
            }
            values[index] = sum
        }
        return values
    }
}
