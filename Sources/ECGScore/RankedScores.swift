// SPDX-License-Identifier: GPL-3.0-or-later

/// Scores of one class against the rest, sorted once, so that curves and areas of any resampling are one pass each.
public struct RankedScores: Sendable {
    /// A threshold and what it takes for positive: every score at or above it.
    public struct Point: Sendable, Equatable {
        public let threshold: Double
        public let truePositives: Int
        public let falsePositives: Int
    }

    private let scores: [Double]
    private let positive: [Bool]
    /// Indices of the items by falling score.
    private let order: [Int]

    /// - Precondition: as many labels as scores, and no score is NaN (NaN has no rank; the caller names the item).
    public init(scores: [Double], positive: [Bool]) {
        precondition(scores.count == positive.count)
        self.scores = scores
        self.positive = positive
        order = scores.indices.sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }
    }

    /// One point for each distinct score, falling; ties move together, as in scikit-learn's `roc_curve` without its first, infinite threshold.
    ///
    /// - Parameter times: how often each item counts (bootstrap); once by default.
    public func curve(times: [Int]? = nil) -> [Point] {
        var points: [Point] = []
        forEachThreshold(times: times) { points.append($0) }
        return points
    }

    /// The area under the ROC curve by trapezoids, so ties count half; `nil` without a positive or without a negative.
    public func areaUnderROC(times: [Int]? = nil) -> Double? {
        // Doubled area in whole numbers: exact, and the same however the items are ordered.
        var doubled = 0.0
        var last = Point(threshold: .infinity, truePositives: 0, falsePositives: 0)
        forEachThreshold(times: times) { point in
            doubled += Double(point.falsePositives - last.falsePositives) * Double(point.truePositives + last.truePositives)
            last = point
        }
        guard last.truePositives > 0, last.falsePositives > 0 else { return nil }
        return doubled / 2 / Double(last.truePositives) / Double(last.falsePositives)
    }

    /// Average precision, the sum of (R_n - R_(n-1)) P_n (spec 3.D); `nil` without a positive.
    public func averagePrecision(times: [Int]? = nil) -> Double? {
        var sum = 0.0
        var last = 0
        forEachThreshold(times: times) { point in
            let gained = point.truePositives - last
            if gained > 0 {
                sum += Double(gained) * Double(point.truePositives) / Double(point.truePositives + point.falsePositives)
            }
            last = point.truePositives
        }
        return last > 0 ? sum / Double(last) : nil
    }

    /// The threshold of the greatest TPR - FPR, the highest such threshold among equals; `nil` without a positive or a negative.
    public func youdenThreshold(times: [Int]? = nil) -> Double? {
        let points = curve(times: times)
        guard let last = points.last, last.truePositives > 0, last.falsePositives > 0 else { return nil }
        var best: (gain: Int, threshold: Double)?
        for point in points {
            // TPR - FPR over the common denominator, in whole numbers: equal gains are equal.
            let gain = point.truePositives * last.falsePositives - point.falsePositives * last.truePositives
            if best.map({ gain > $0.gain }) ?? true { best = (gain, point.threshold) }
        }
        return best?.threshold
    }

    private func forEachThreshold(times: [Int]?, _ body: (Point) -> Void) {
        precondition(times.map { $0.count == scores.count } ?? true)
        var truePositives = 0
        var falsePositives = 0
        var index = 0
        while index < order.count {
            let threshold = scores[order[index]]
            let before = truePositives + falsePositives
            while index < order.count, scores[order[index]] == threshold {
                let item = order[index]
                let count = times?[item] ?? 1
                if positive[item] { truePositives += count } else { falsePositives += count }
                index += 1
            }
            if truePositives + falsePositives > before {
                body(Point(threshold: threshold, truePositives: truePositives, falsePositives: falsePositives))
            }
        }
    }
}
