// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// Cross-entropy of a softmax over logits, and its gradient.
public enum SoftmaxCrossEntropy {
    /// losses[item] = −weight[target] · log softmax(logits[item])[target]; the gradient with respect to the logits is `scale` times that of each loss.
    ///
    /// In double precision, since it costs nothing here and saves the loss of confident items from rounding.
    /// - Parameters:
    ///   - logits: [item, class].
    ///   - targets: the class of each item, in 0 ..< classes.
    ///   - weights: [class], all 1 if nil.
    ///   - scale: 1 / Σ weight[target] makes it the gradient of PyTorch's weighted mean.
    ///   - gradient: [item, class]; may be `logits`.
    public static func run(
        items: Int, classes: Int, logits: Region<Float>, targets: Region<Int32>, weights: Region<Float>? = nil, scale: Float = 1,
        losses: Region<Float>, gradient: Region<Float>? = nil
    ) {
        precondition(items >= 0 && classes > 0 && items * classes <= min(logits.count, gradient?.count ?? .max))
        precondition(items <= min(targets.count, losses.count) && classes <= weights?.count ?? classes)
        for item in 0..<items {
            let row = logits[item * classes..<(item + 1) * classes]
            let target = Int(targets[item])
            precondition(target >= 0 && target < classes)
            let weight = Double(weights?[target] ?? 1)
            var top = row[0]
            for c in 1..<classes where row[c] > top || row[c].isNaN { top = row[c] }
            var sum = 0.0
            for c in 0..<classes { sum += exp(Double(row[c]) - Double(top)) }
            losses[item] = Float(weight * (log(sum) - (Double(row[target]) - Double(top))))
            guard let gradient else { continue }
            for c in 0..<classes {
                let share = exp(Double(row[c]) - Double(top)) / sum
                gradient[item * classes + c] = Float(weight * Double(scale) * (c == target ? share - 1 : share))
            }
        }
    }
}
