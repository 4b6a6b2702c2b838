// SPDX-License-Identifier: GPL-3.0-or-later
import ECGPlot
import ECGScore
import ECGStream
import ECGTool

/// Labels, predicted classes and scores of a stream of items.
struct ScoredRun {
    let options: PlotTool
    private var declared: [String]?
    private var pairs: [[String]: Int] = [:]
    private var labels: [String: Int] = [:]
    private var unlabelled = 0
    private var scores: [[Float]] = []
    private var truths: [[String]] = []

    init(_ options: PlotTool) { self.options = options }

    private static let mostClasses = 1000

    private func truth(_ record: Record) -> [String]? {
        if let names = record.meta["label"]?.strings { return names }
        return record.label.map { [$0] }
    }

    mutating func take(_ record: Record) throws {
        if declared == nil { declared = record.meta["classes"]?.strings }
        let truth = truth(record)
        switch options.kind {
        case .histogram:
            if truth == nil { unlabelled += 1 }
            for name in truth ?? [] { labels[name, default: 0] += 1 }
            guard labels.count <= Self.mostClasses else {
                throw ToolError(.data, "more than \(Self.mostClasses) classes", record: record.key)
            }
        case .confusion:
            guard let label = record.label else { throw ToolError(.data, "the item has no 'label' of one class", record: record.key) }
            guard let predicted = record.predicted else {
                throw ToolError(.data, "the item has no 'predicted' class; run ecg-infer first", record: record.key)
            }
            pairs[[label, predicted], default: 0] += 1
            guard pairs.count <= 160_000 else { throw ToolError(.data, "too many classes for a matrix", record: record.key) }
        default:
            guard let truth else { throw ToolError(.data, "the item has no 'label'", record: record.key) }
            guard let tensor = record["probabilities"] ?? record["logits"] else {
                throw ToolError(.data, "the item has no 'probabilities'; run ecg-infer first", record: record.key)
            }
            guard let declared else { throw ToolError(.data, "the item does not name its classes", record: record.key) }
            let values = tensor.floats()
            guard values.count == declared.count, values.allSatisfy({ !$0.isNaN }) else {
                throw ToolError(
                    .data, "\(values.count) scores, or one that is not a number, for \(declared.count) classes", record: record.key)
            }
            scores.append(values)
            truths.append(truth)
        }
    }

    func confusion() throws -> MatrixFigure {
        var classes = options.classList ?? declared ?? []
        if options.classList == nil {
            let others = Set(pairs.keys.flatMap { $0 }).subtracting(classes)
            classes += others.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
        guard classes.count <= 400 else { throw ToolError(.data, "\(classes.count) classes are too many for a matrix") }
        return MatrixFigure.confusion(
            classes: classes, predicted: classes, counts: classes.map { a in classes.map { pairs[[a, $0]] ?? 0 } },
            title: options.title ?? "")
    }

    func histogram(_ stage: Stage) -> [(name: String, count: Int)] {
        if unlabelled > 0 { stage.warn("\(unlabelled) items have no label and are not counted") }
        return labels.map { ($0.key, $0.value) }
    }

    /// One curve a class against the rest; of two classes, the second.
    func curves() throws -> CurveFigure {
        let declared = declared ?? []
        let shown = options.classList ?? (declared.count == 2 ? [declared[1]] : declared)
        let isROC = options.kind == .roc
        var curves: [Curve] = []
        for name in shown {
            guard let place = declared.firstIndex(of: name) else {
                throw ToolError(.data, "no class '\(name)' among \(declared.joined(separator: ", "))")
            }
            let ranked = RankedScores(scores: scores.map { Double($0[place]) }, positive: truths.map { $0.contains(name) })
            let points = ranked.curve()
            let positives = Double(points.last?.truePositives ?? 0), negatives = Double(points.last?.falsePositives ?? 0)
            guard let area = isROC ? ranked.areaUnderROC() : ranked.averagePrecision() else {
                curves.append(Curve("\(name) (–)", x: [], y: []))
                continue
            }
            let all =
                isROC
                ? [(0.0, 0.0)] + points.map { (Double($0.falsePositives) / negatives, Double($0.truePositives) / positives) }
                : points.map {
                    (Double($0.truePositives) / positives, Double($0.truePositives) / Double($0.truePositives + $0.falsePositives))
                }
            let kept = Self.thinned(isROC ? all : [(0, all.first?.1 ?? 1)] + all)
            curves.append(Curve("\(name) (\(CurveFigure.area(area)))", x: kept.map(\.0), y: kept.map(\.1)))
        }
        var panel = CurvePanel("", curves: curves)
        panel.xTitle = isROC ? "1 − specificity" : "recall"
        panel.yTitle = isROC ? "sensitivity" : "precision"
        (panel.xRange, panel.yRange) = (0...1, 0...1)
        panel.isSquare = true
        panel.hasDiagonal = isROC
        panel.hasMarkers = false
        var figure = CurveFigure([panel])
        figure.title = options.title ?? ""
        return figure
    }

    /// Points that a reader can tell apart; the ends stay.
    private static func thinned(_ points: [(Double, Double)]) -> [(Double, Double)] {
        var kept: [(Double, Double)] = []
        for (index, point) in points.enumerated() {
            if let last = kept.last, index < points.count - 1, abs(point.0 - last.0) < 5e-4, abs(point.1 - last.1) < 5e-4 { continue }
            kept.append(point)
        }
        return kept
    }
}
