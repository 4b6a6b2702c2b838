// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Glibc

/// What training makes small: a mean over the items of a batch.
///
/// In double precision: there are few logits, and the loss of confident items would be lost in rounding.
public enum Loss: Sendable, Hashable {
    /// Softmax cross-entropy with one class an item.
    case crossEntropy
    /// Focal loss after Lin et al. 2017 with paper 001's γ = 2 and α = 1: (1 − p + …)^γ · −log p of the true class's softmax probability (spec 1.B.2).
    case focal(gamma: Double)
    /// A sigmoid cross-entropy a label, summed over nothing but averaged over labels, as PyTorch's BCEWithLogits.
    case binary
    /// Mean over outputs of the squared error.
    case squaredError

    /// What an item is to give.
    public enum Target: Sendable {
        case `class`(Int)
        /// For each label 1, or 0; for a regression the values.
        case values([Float])
    }

    /// Sets the gradient of the batch's mean loss with respect to the logits, and returns each item's weighted loss and the sum of weights.
    ///
    /// - Parameters:
    ///   - logits: [item, output].
    ///   - weights: of each class (cross-entropy, focal) or label (binary; of its positives); all 1 if nil.
    public func run(
        logits: Region<Float>, targets: [Target], outputs: Int, weights: [Double]?, gradient: Region<Float>?
    ) -> (losses: [Double], weight: Double) {
        var losses: [Double] = []
        losses.reserveCapacity(targets.count)
        var row = [Double](repeating: 0, count: outputs)
        var slope = row
        let itemWeights = targets.map { weight($0, weights) }
        let total = itemWeights.reduce(0, +)
        for (item, target) in targets.enumerated() {
            for output in 0..<outputs { row[output] = Double(logits[item * outputs + output]) }
            let loss: Double =
                switch target {
                case .class(let label): classLoss(row, label, &slope)
                case .values(let values): valueLoss(row, values, weights, &slope)
                }
            losses.append(loss * itemWeights[item])
            guard let gradient else { continue }
            let scale = total > 0 ? itemWeights[item] / total : 0
            for output in 0..<outputs { gradient[item * outputs + output] = Float(scale * slope[output]) }
        }
        return (losses, total)
    }

    private func weight(_ target: Target, _ weights: [Double]?) -> Double {
        if case .class(let label) = target { weights?[label] ?? 1 } else { 1 }
    }

    private func classLoss(_ row: [Double], _ label: Int, _ slope: inout [Double]) -> Double {
        var top = row[0]
        for value in row where value > top || value.isNaN { top = value }
        var sum = 0.0
        for value in row { sum += exp(value - top) }
        let logarithm = row[label] - top - log(sum)
        let p = exp(logarithm)
        guard case .focal(let gamma) = self else {
            for output in row.indices { slope[output] = exp(row[output] - top) / sum - (output == label ? 1 : 0) }
            return -logarithm
        }
        // d/dp of −(1 − p)^γ log p, times dp/dz = p (δ − p_j).
        let rest = max(0, 1 - p)
        let falls = gamma * (rest > 0 ? pow(rest, gamma - 1) : 0) * logarithm - pow(rest, gamma) / max(p, .leastNormalMagnitude)
        for output in row.indices {
            slope[output] = falls * p * ((output == label ? 1 : 0) - exp(row[output] - top) / sum)
        }
        return -pow(rest, gamma) * logarithm
    }

    private func valueLoss(_ row: [Double], _ values: [Float], _ weights: [Double]?, _ slope: inout [Double]) -> Double {
        let count = Double(row.count)
        var sum = 0.0
        for (output, z) in row.enumerated() {
            let y = Double(values[output])
            if case .squaredError = self {
                sum += (z - y) * (z - y)
                slope[output] = 2 * (z - y) / count
            } else {
                let weight = weights?[output] ?? 1
                // log(1 + e^−z), from the side that does not overflow.
                let soft = z >= 0 ? log1p(exp(-z)) : log1p(exp(z)) - z
                sum += weight * y * soft + (1 - y) * (soft + z)
                let sigmoid = z >= 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z))
                slope[output] = (sigmoid * (weight * y + 1 - y) - weight * y) / count
            }
        }
        return sum / count
    }
}
