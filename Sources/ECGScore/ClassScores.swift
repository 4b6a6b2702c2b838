// SPDX-License-Identifier: GPL-3.0-or-later

/// A figure of one class against the rest.
public enum ClassFigure: String, Sendable, CaseIterable {
    case precision, recall, specificity, f1, auroc, auprc
}

/// Scored items in groups (records), from which every figure of a classifier follows, of all of them or of a resampling of the groups.
///
/// Each class has a truth, a decision and perhaps a score for each item, so that one class, many exclusive ones and several at a time
/// (multi-label) are the same. The figures are scikit-learn's; one whose denominator is 0 is `nil`, and counts as 0 in a macro mean.
public struct ClassScores: Sendable {
    public let classes: [String]
    /// The number of items.
    public private(set) var count = 0
    /// The names of the groups, in order of their bytes once `arrange` was called.
    public private(set) var groups: [String] = []
    private var groupIndex: [String: Int] = [:]
    private var groupOf: [Int] = []
    /// Item by item, [item, class].
    private var truth: [Bool] = []
    private var decision: [Bool] = []
    private var scores: [[Double]]
    private var hasScores = true
    private var ranked: [RankedScores] = []
    /// Counts of each group: [group][class · 4]: true positives, false positives, false negatives, true negatives; then items that are right in every class.
    private var counts: [[Int]] = []

    public init(classes: [String]) {
        self.classes = classes
        scores = classes.map { _ in [] }
    }

    /// Adds an item.
    ///
    /// - Parameters:
    ///   - truth: whether it is of each class.
    ///   - decision: whether it was taken for each class.
    ///   - scores: a score a class, none of them NaN; nil if there are none, and then no item may have any.
    public mutating func add(group: String, truth: [Bool], decision: [Bool], scores: [Double]?) {
        precondition(truth.count == classes.count && decision.count == classes.count && scores?.count ?? classes.count == classes.count)
        if groupIndex[group] == nil {
            groupIndex[group] = groups.count
            groups.append(group)
        }
        groupOf.append(groupIndex[group] ?? 0)
        self.truth += truth
        self.decision += decision
        if let scores {
            for (index, score) in scores.enumerated() { self.scores[index].append(score) }
        } else {
            hasScores = false
        }
        count += 1
    }

    /// Replaces the decisions: a class is taken where its score is at or above its threshold.
    public mutating func decide(thresholds: [Double]) {
        precondition(thresholds.count == classes.count && hasScores)
        for (index, threshold) in thresholds.enumerated() {
            for item in 0..<count { decision[item * classes.count + index] = scores[index][item] >= threshold }
        }
    }

    /// Sorts the groups by their names and the scores by their size; called once, after the last item.
    public mutating func arrange() {
        let order = groups.indices.sorted { groups[$0].utf8.lexicographicallyPrecedes(groups[$1].utf8) }
        var place = [Int](repeating: 0, count: groups.count)
        for (new, old) in order.enumerated() { place[old] = new }
        groups = order.map { groups[$0] }
        groupOf = groupOf.map { place[$0] }
        groupIndex = [:]
        let width = classes.count
        counts = groups.map { _ in [Int](repeating: 0, count: 4 * width + 1) }
        for item in 0..<count {
            let group = groupOf[item]
            var isRight = true
            for index in 0..<width {
                let (isTrue, isTaken) = (truth[item * width + index], decision[item * width + index])
                counts[group][4 * index + (isTrue ? (isTaken ? 0 : 2) : (isTaken ? 1 : 3))] += 1
                if isTrue != isTaken { isRight = false }
            }
            if isRight { counts[group][4 * width] += 1 }
        }
        if hasScores {
            ranked = classes.indices.map { index in
                RankedScores(scores: scores[index], positive: (0..<count).map { truth[$0 * width + index] })
            }
        }
    }

    /// The threshold of the greatest TPR − FPR of each class; nil without a positive or a negative, or without scores.
    public var youdenThresholds: [Double?] { classes.indices.map { hasScores ? ranked[$0].youdenThreshold() : nil } }

    /// Everything at once, of all items or of a resampling in which group g counts `times[g]` times.
    public func figures(times: [Int]? = nil) -> Figures {
        var sums = [Int](repeating: 0, count: 4 * classes.count + 1)
        for (group, row) in counts.enumerated() {
            let factor = times?[group] ?? 1
            if factor == 0 { continue }
            for index in row.indices { sums[index] += factor * row[index] }
        }
        let itemTimes = times.map { times in groupOf.map { times[$0] } }
        let areas = classes.indices.map { index in
            (
                hasScores ? ranked[index].areaUnderROC(times: itemTimes) : nil,
                hasScores ? ranked[index].averagePrecision(times: itemTimes) : nil
            )
        }
        return Figures(classes: classes.count, counts: sums, areas: areas)
    }

    /// The figures of one set of items.
    public struct Figures: Sendable {
        let classes: Int
        let counts: [Int]
        let areas: [(roc: Double?, precision: Double?)]

        /// True and false positives, false and true negatives of a class.
        public func outcomes(_ index: Int) -> (truePositives: Int, falsePositives: Int, falseNegatives: Int, trueNegatives: Int) {
            (counts[4 * index], counts[4 * index + 1], counts[4 * index + 2], counts[4 * index + 3])
        }

        /// Whether there is one class, and so a decision between it and the rest.
        public var isSingle: Bool { classes == 1 }

        /// Items in all.
        public var total: Int { classes == 0 ? 0 : counts[0] + counts[1] + counts[2] + counts[3] }

        /// Items of a class.
        public func support(_ index: Int) -> Int { counts[4 * index] + counts[4 * index + 2] }

        /// The share of items that are right in every class: accuracy, and for several classes at a time scikit-learn's subset accuracy.
        public var accuracy: Double? { Self.ratio(counts[4 * classes], total) }

        public func value(_ figure: ClassFigure, _ index: Int) -> Double? {
            let (hits, wrong, missed, rejected) = outcomes(index)
            switch figure {
            case .precision: return Self.ratio(hits, hits + wrong)
            case .recall: return Self.ratio(hits, hits + missed)
            case .specificity: return Self.ratio(rejected, rejected + wrong)
            case .f1: return Self.ratio(2 * hits, 2 * hits + wrong + missed)
            case .auroc: return areas[index].roc
            case .auprc: return areas[index].precision
            }
        }

        /// The unweighted mean over classes. Precision, recall, specificity and F1 count as 0 where they are undefined, areas are left out.
        ///
        /// - Parameter present: over the classes that occur among truths or decisions, as scikit-learn; otherwise over all, as paper 001's Table 1 (spec 1.D.3).
        public func macro(_ figure: ClassFigure, present: Bool = true) -> Double? {
            let isArea = figure == .auroc || figure == .auprc
            var values: [Double] = []
            for index in 0..<classes {
                let (hits, wrong, missed, _) = outcomes(index)
                if present, hits + wrong + missed == 0 { continue }
                if let value = value(figure, index) { values.append(value) } else if !isArea { values.append(0) }
            }
            return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
        }

        private static func ratio(_ part: Int, _ whole: Int) -> Double? { whole == 0 ? nil : Double(part) / Double(whole) }
    }
}

extension Bootstrap {
    /// Percentile intervals of several figures that are computed together, each over the resamplings in which it is defined.
    public func intervals(level: Double = 0.95, _ figures: ([Int]) -> [Double?]) -> [ClosedRange<Double>?] {
        let rows = draws.map(figures)
        let tail = (1 - level) / 2
        return (rows.first ?? []).indices.map { column in
            let values = rows.compactMap { $0[column] }.sorted()
            guard let low = quantile(tail, ofSorted: values), let high = quantile(1 - tail, ofSorted: values) else { return nil }
            return low...high
        }
    }
}
