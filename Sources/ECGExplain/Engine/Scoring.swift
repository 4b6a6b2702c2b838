// SPDX-License-Identifier: GPL-3.0-or-later
import ECGModel
import Glibc

/// The number that is explained, from an item's logits.
struct Scoring: Sendable {
    let score: AttributionSettings.Score
    let activation: OutputActivation

    /// The score of a class.
    func value(_ logits: ArraySlice<Float>, target: Int) -> Double {
        guard score == .probability else { return Double(logits[logits.startIndex + target]) }
        return probabilities(logits)[target]
    }

    /// The probabilities of an item's logits.
    private func probabilities(_ logits: ArraySlice<Float>) -> [Double] {
        switch activation {
        case .none: return logits.map(Double.init)
        case .sigmoid: return logits.map { 1 / (1 + exp(-Double($0))) }
        case .softmax:
            let largest = Double(logits.max() ?? 0)
            let powers = logits.map { exp(Double($0) - largest) }
            let sum = powers.reduce(0, +)
            return powers.map { $0 / sum }
        }
    }
}
