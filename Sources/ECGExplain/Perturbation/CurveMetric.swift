// SPDX-License-Identifier: GPL-3.0-or-later
import ECGScore

/// What is known of an item to judge the network's outputs by.
public enum PerturbationTruth: Sendable, Equatable {
    /// The true value of a regression.
    case value(Double)
    /// The true class, by index.
    case label(Int)
    /// Whether the item is of the class that is told from all others.
    case positive(Bool)
}

/// A figure of a perturbation curve, over all items at one step.
public enum CurveMetric: String, Sendable, CaseIterable {
    /// Mean absolute error, mean absolute error as a share of the truth, and root of the mean squared error.
    case mae, mape, rmse
    /// Areas under the ROC curve and under precision over recall; means over classes where there are several.
    case auroc, auprc
    /// The share of items whose class is found.
    case accuracy
    /// The mean probability of the true class (ROAD).
    case probability

    public static let ofValues: [CurveMetric] = [.mape, .mae, .rmse]
    public static let ofClasses: [CurveMetric] = [.auroc, .auprc, .accuracy]

    /// Whether the figure grows as the network gets worse.
    public var isError: Bool {
        switch self {
        case .mae, .mape, .rmse: true
        default: false
        }
    }
}

/// All items at one step of one curve, ready for their figures and for those of any resampling.
package struct CurveColumn: Sendable {
    /// Outputs [item, width] of the items that were not left out.
    private let outputs: [Float]
    private let width: Int
    private let truths: [PerturbationTruth]
    private let records: [Int32]
    private let recordCount: Int
    private let rules: CurveRules

    /// - Parameter records: the number of each item's record.
    package init(_ outputs: [Float], width: Int, truths: [PerturbationTruth], records: [Int32], recordCount: Int, rules: CurveRules) {
        (self.width, self.recordCount, self.rules) = (width, recordCount, rules)
        if outputs.contains(where: \.isNaN) {
            let kept = truths.indices.filter { !outputs[$0 * width].isNaN }
            self.outputs = kept.flatMap { outputs[$0 * width..<($0 + 1) * width] }
            self.truths = kept.map { truths[$0] }
            self.records = kept.map { records[$0] }
        } else {
            (self.outputs, self.truths, self.records) = (outputs, truths, records)
        }
    }

    var items: Int { truths.count }

    /// The figure itself, and then that of each resampling of records.
    package func figures(_ metric: CurveMetric, _ resamplings: [[Int]]) -> [Double?] {
        switch metric {
        case .auroc, .auprc: return ranked(metric, resamplings)
        default: break
        }
        // means: what each record adds is enough
        var sums = [Double](repeating: 0, count: recordCount)
        var counts = [Double](repeating: 0, count: recordCount)
        for i in truths.indices {
            guard let value = value(metric, i) else { continue }
            sums[Int(records[i])] += value
            counts[Int(records[i])] += 1
        }
        func mean(_ sum: Double, _ count: Double) -> Double? {
            guard count > 0 else { return nil }
            return metric == .rmse ? (sum / count).squareRoot() : sum / count
        }
        return [mean(sums.reduce(0, +), counts.reduce(0, +))]
            + resamplings.map { times in
                var (sum, count) = (0.0, 0.0)
                for record in times.indices where times[record] > 0 {
                    sum += Double(times[record]) * sums[record]
                    count += Double(times[record]) * counts[record]
                }
                return mean(sum, count)
            }
    }

    /// An item's part of a mean; nil where it has none.
    private func value(_ metric: CurveMetric, _ i: Int) -> Double? {
        let row = outputs[i * width..<(i + 1) * width]
        let first = Double(row[row.startIndex])
        switch (metric, truths[i]) {
        case (.mae, .value(let truth)): return abs(first - truth)
        case (.rmse, .value(let truth)): return (first - truth) * (first - truth)
        case (.mape, .value(let truth)):
            let share = abs(first - truth) / (rules.signedShare ? truth : abs(truth))
            return share.isFinite ? share : nil
        case (.accuracy, .label(let truth)):
            // the first of equals
            return row.indices.reduce(row.startIndex) { row[$1] > row[$0] ? $1 : $0 } - row.startIndex == truth ? 1 : 0
        case (.accuracy, .positive(let truth)): return (first >= rules.threshold) == truth ? 1 : 0
        case (.probability, .label(let truth)): return Double(row[row.startIndex + truth])
        case (.probability, .positive(let truth)): return truth ? first : 1 - first
        default: return nil
        }
    }

    /// Figures that depend on the order of all items; over several classes their mean, each class against the rest.
    private func ranked(_ metric: CurveMetric, _ resamplings: [[Int]]) -> [Double?] {
        let classes: [(Int, [Bool])]
        if case .label = truths.first {
            classes = (0..<width).map { c in (c, truths.map { $0 == .label(c) }) }
        } else {
            classes = [(0, truths.map { $0 == .positive(true) })]
        }
        var sums = [Double](repeating: 0, count: 1 + resamplings.count)
        var counts = sums
        for (c, positive) in classes where positive.contains(true) {
            let scores = RankedScores(scores: truths.indices.map { Double(outputs[$0 * width + c]) }, positive: positive)
            func add(_ place: Int, _ times: [Int]?) {
                guard let area = metric == .auroc ? scores.areaUnderROC(times: times) : scores.averagePrecision(times: times) else {
                    return
                }
                sums[place] += area
                counts[place] += 1
            }
            add(0, nil)
            for (r, times) in resamplings.enumerated() { add(r + 1, records.map { times[Int($0)] }) }
        }
        return sums.indices.map { counts[$0] > 0 ? sums[$0] / counts[$0] : nil }
    }

    /// The threshold of the greatest difference between the shares of true and false positives.
    package var youdenThreshold: Double? {
        RankedScores(scores: truths.indices.map { Double(outputs[$0 * width]) }, positive: truths.map { $0 == .positive(true) })
            .youdenThreshold()
    }
}

/// The readings that figures depend on.
public struct CurveRules: Sendable {
    /// Divides errors by the truth with its sign, as paper 002's code did.
    public var signedShare = false
    /// Scores at or above it are positive; nil finds it by Youden's index on the items before any step.
    public var givenThreshold: Double?
    /// The last steps of areas, one area for each.
    public var areasTo: [Int]
    /// Areas above the value before the first step, not above 0.
    public var aboveStart = false
    public var resamplings = 200
    public var level = 0.95
    public var seed: UInt64 = 0
    package var threshold = 0.5

    public init(areasTo: [Int]) { self.areasTo = areasTo }
}
