// SPDX-License-Identifier: GPL-3.0-or-later

/// Counts of items by true class (rows) and predicted class (columns), and the figures that follow from them.
///
/// The figures are scikit-learn's: a ratio whose denominator is 0 counts as 0 in a macro mean and is `nil` by itself.
public struct ConfusionMatrix: Sendable, Equatable {
    /// The number of classes; a class is its index.
    public let classes: Int
    /// Row-major, [true, predicted]; a resampled item counts as often as it was drawn.
    public private(set) var counts: [Int]

    public init(classes: Int) {
        self.classes = classes
        counts = [Int](repeating: 0, count: classes * classes)
    }

    public subscript(truth: Int, predicted: Int) -> Int { counts[truth * classes + predicted] }

    public mutating func add(truth: Int, predicted: Int, times: Int = 1) {
        counts[truth * classes + predicted] += times
    }

    /// Adds every count of another matrix of the same classes, `times` over.
    public mutating func add(_ other: ConfusionMatrix, times: Int = 1) {
        for index in counts.indices { counts[index] += times * other.counts[index] }
    }

    public var total: Int { counts.reduce(0, +) }

    /// Items that truly are of a class.
    public func support(_ label: Int) -> Int { (0..<classes).reduce(0) { $0 + self[label, $1] } }

    /// Items that were taken for a class.
    public func predictions(_ label: Int) -> Int { (0..<classes).reduce(0) { $0 + self[$1, label] } }

    /// The share of items whose predicted class is the true one, `nil` without items.
    public var accuracy: Double? {
        ratio((0..<classes).reduce(0) { $0 + self[$1, $1] }, total)
    }

    /// TP / (TP + FP), `nil` where nothing was taken for the class.
    public func precision(_ label: Int) -> Double? { ratio(self[label, label], predictions(label)) }

    /// TP / (TP + FN), `nil` where no item is of the class.
    public func recall(_ label: Int) -> Double? { ratio(self[label, label], support(label)) }

    /// TN / (TN + FP), `nil` where every item is of the class.
    public func specificity(_ label: Int) -> Double? {
        let negatives = total - support(label)
        return ratio(negatives - (predictions(label) - self[label, label]), negatives)
    }

    /// 2 TP / (2 TP + FP + FN), `nil` where the class is neither among the truths nor among the predictions.
    public func f1(_ label: Int) -> Double? { ratio(2 * self[label, label], support(label) + predictions(label)) }

    /// The unweighted mean of a figure over classes; an undefined one counts as 0.
    ///
    /// - Parameter present: over the classes that occur among the truths or the predictions, as scikit-learn; otherwise over all, absent
    ///   ones as 0, as paper 001's Table 1 (spec 1.D.3).
    public func macro(present: Bool = true, _ figure: (Int) -> Double?) -> Double? {
        let labels = (0..<classes).filter { !present || support($0) + predictions($0) > 0 }
        guard !labels.isEmpty else { return nil }
        return labels.reduce(0) { $0 + (figure($1) ?? 0) } / Double(labels.count)
    }

    /// Cohen's kappa, (p_o - p_e) / (1 - p_e), `nil` where chance alone would agree always (paper 002; spec 2.D).
    public var kappa: Double? {
        let total = Double(self.total)
        guard total > 0, let observed = accuracy else { return nil }
        let expected = (0..<classes).reduce(0) { $0 + Double(support($1)) / total * (Double(predictions($1)) / total) }
        return expected == 1 ? nil : (observed - expected) / (1 - expected)
    }

    private func ratio(_ part: Int, _ whole: Int) -> Double? {
        whole == 0 ? nil : Double(part) / Double(whole)
    }
}

/// The word for a kappa, in paper 002's bands (spec 2.D).
public func kappaBand(_ kappa: Double) -> String {
    switch kappa {
    case ...0: "disagreement"
    case ...0.20: "slight"
    case ...0.40: "fair"
    case ...0.60: "moderate"
    case ...0.80: "substantial"
    case ..<1: "near perfect"
    default: "perfect"
    }
}
