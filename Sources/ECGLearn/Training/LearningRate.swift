// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// How the learning rate changes.
public enum LearningRate: Sendable, Hashable {
    case constant
    /// Times `factor` when the validation loss has not fallen for more than `patience` epochs, but not below `minimum` (Keras's ReduceLROnPlateau).
    case plateau(factor: Double, patience: Int, minimum: Double)
    /// Times `factor` every `every` epochs.
    case step(every: Int, factor: Double)
    /// Half a cosine from the start's rate to `minimum` over the whole training, step by step (Loshchilov and Hutter 2017).
    case cosine(minimum: Double)
    /// Up from a 25th of the rate over the first 30 % of the steps and down to a 10,000th of that, both along half a cosine (Smith 2018, as PyTorch's OneCycleLR).
    case oneCycle

    /// The rate of a step.
    ///
    /// - Parameters:
    ///   - base: the rate that was asked for.
    ///   - reduced: what plateaus have left of it.
    ///   - share: how much of the training lies before this step, from 0 to 1.
    public func rate(base: Double, reduced: Double, epoch: Int, share: Double) -> Double {
        func cosine(_ from: Double, _ to: Double, _ share: Double) -> Double {
            to + (from - to) * (1 + cos(.pi * min(max(share, 0), 1))) / 2
        }
        switch self {
        case .constant: return base
        case .plateau: return reduced
        case .step(let every, let factor): return base * pow(factor, Double(epoch / max(1, every)))
        case .cosine(let minimum): return cosine(base, minimum, share)
        case .oneCycle:
            return share < 0.3 ? cosine(base / 25, base, share / 0.3) : cosine(base, base / 25 / 10_000, (share - 0.3) / 0.7)
        }
    }
}
