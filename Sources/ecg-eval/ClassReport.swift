// SPDX-License-Identifier: GPL-3.0-or-later
import ECGRandom
import ECGScore
import ECGStream
import ECGTool

/// The figures of a classifier as a table.
struct ClassReport {
    let tool: EvalTool

    /// Reads the input to its end and makes the table that the options ask for.
    func table(_ stage: Stage) throws -> Table {
        let thresholds = try tool.threshold.map { try self.thresholds($0, stage) }
        var items = ScoredItems(tool: tool)
        try stage.forEach { try items.take($0) }
        if items.strangers > 0 { stage.warnAtEnd("\(items.strangers) items of other classes than --classes are left out") }
        if items.outsiders > 0 { stage.warnAtEnd("\(items.outsiders) items are of none of the classes, and count against each") }
        var (scores, confusion) = items.gathered()
        if let thresholds, scores.count > 0 {
            let values = try thresholds(scores.classes)
            scores.decide(thresholds: values)
        }
        scores.arrange()
        if tool.confusion { return matrix(scores, confusion) }
        return tool.intervals ? try long(scores, confusion, stage) : wide(scores, confusion)
    }

    /// The threshold of each class.
    private func thresholds(_ text: String, _ stage: Stage) throws -> ([String]) throws -> [Double] {
        if let value = Double(text) { return { $0.map { _ in value } } }
        let path = tool.validation ?? ""
        var items = ScoredItems(tool: tool)
        let reader = try StreamReader([.file(path)], limits: stage.limits)
        while let frame = try reader.nextFrame() {
            if frame.kind == .abort { throw ToolError(.aborted, "the validation stream ends with ABORT", place: path) }
            if frame.kind == .record { try items.take(try Record(frame)) }
        }
        var (scores, _) = items.gathered()
        scores.arrange()
        let found = scores.youdenThresholds
        return { classes in
            guard classes == scores.classes else {
                throw ToolError(
                    .data,
                    "the validation stream has the classes \(scores.classes.joined(separator: ",")), not \(classes.joined(separator: ","))",
                    place: path)
            }
            return try zip(classes, found).map { name, threshold in
                guard let threshold else {
                    throw ToolError(
                        .data, "no threshold for class '\(name)': the validation stream has no items of it, or no others", place: path)
                }
                stage.inform("threshold of class \(name): \(threshold)")
                return threshold
            }
        }
    }

    // MARK: Tables

    private func wide(_ scores: ClassScores, _ confusion: ConfusionMatrix?) -> Table {
        let figures = scores.figures()
        var table = Table(columns: ["class", "n"] + ClassFigure.allCases.map(\.rawValue) + ["accuracy", "kappa", "agreement"])
        for (index, name) in scores.classes.enumerated() {
            table.add(
                [.text(name), .integer(figures.support(index))] + ClassFigure.allCases.map { cell(figures.value($0, index)) }
                    + [.missing, .missing, .missing])
        }
        let kappa = kappa(figures, confusion)
        let macro = ClassFigure.allCases.map { cell(figures.macro($0, present: !tool.allClasses)) }
        table.add(
            [.text("macro"), .integer(scores.count)] + macro
                + [cell(figures.accuracy), cell(kappa), kappa.map { .text(kappaBand($0)) } ?? .missing])
        return table
    }

    private func long(_ scores: ClassScores, _ confusion: ConfusionMatrix?, _ stage: Stage) throws -> Table {
        let present = !tool.allClasses
        // The matrix of a resampling is not kept by record: kappa follows from counts of pairs, which the figures of two classes hold.
        let names =
            scores.classes.indices.flatMap { index in ClassFigure.allCases.map { (scores.classes[index], $0.rawValue) } }
            + ClassFigure.allCases.map { ("macro", $0.rawValue) } + [("all", "accuracy"), ("all", "kappa")]
        func row(_ figures: ClassScores.Figures) -> [Double?] {
            scores.classes.indices.flatMap { index in ClassFigure.allCases.map { figures.value($0, index) } }
                + ClassFigure.allCases.map { figures.macro($0, present: present) } + [figures.accuracy, kappa(figures, confusion)]
        }
        let all = scores.figures()
        let values = row(all)
        var intervals: [ClosedRange<Double>?] = values.map { _ in nil }
        if scores.groups.count > 1 {
            let random = RandomSource(seed: stage.seed, purpose: "bootstrap over records")
            let bootstrap = Bootstrap(groups: scores.groups.count, count: tool.resamples) { resampling, draw in
                random.integer(UInt64(resampling) << 32 | UInt64(draw), below: scores.groups.count)
            }
            intervals = bootstrap.intervals(level: tool.level) { row(scores.figures(times: $0)) }
        } else if scores.count > 0 {
            stage.warnAtEnd("all items are of one record: no intervals")
        }
        var table = Table(columns: ["class", "n", "figure", "value", "low", "high"])
        for (place, (name, figure)) in names.enumerated() {
            let count = scores.classes.firstIndex(of: name).map { place < names.count - 8 ? all.support($0) : scores.count } ?? scores.count
            table.add([
                .text(name), .integer(count), .text(figure), cell(values[place]), cell(intervals[place]?.lowerBound),
                cell(intervals[place]?.upperBound),
            ])
        }
        return table
    }

    private func matrix(_ scores: ClassScores, _ confusion: ConfusionMatrix?) -> Table {
        if let confusion {
            var table = Table(columns: ["true"] + scores.classes)
            for (row, name) in scores.classes.enumerated() {
                table.add([.text(name)] + scores.classes.indices.map { .integer(confusion[row, $0]) })
            }
            return table
        }
        let figures = scores.figures()
        var table = Table(columns: ["class", "true positive", "false positive", "false negative", "true negative"])
        for (index, name) in scores.classes.enumerated() {
            let outcomes = figures.outcomes(index)
            table.add([
                .text(name), .integer(outcomes.truePositives), .integer(outcomes.falsePositives), .integer(outcomes.falseNegatives),
                .integer(outcomes.trueNegatives),
            ])
        }
        return table
    }

    /// Kappa of classes that exclude each other needs no more than each class's counts: both margins, and how many are right.
    private func kappa(_ figures: ClassScores.Figures, _ confusion: ConfusionMatrix?) -> Double? {
        guard let accuracy = figures.accuracy, figures.total > 0 else { return nil }
        let total = Double(figures.total)
        var expected = 0.0
        if let confusion {
            for index in 0..<confusion.classes {
                let outcomes = figures.outcomes(index)
                expected += Double(figures.support(index)) / total * (Double(outcomes.truePositives + outcomes.falsePositives) / total)
            }
        } else if figures.isSingle {
            let outcomes = figures.outcomes(0)
            let (truth, taken) = (Double(figures.support(0)) / total, Double(outcomes.truePositives + outcomes.falsePositives) / total)
            expected = truth * taken + (1 - truth) * (1 - taken)
        } else {
            return nil
        }
        return expected == 1 ? nil : (accuracy - expected) / (1 - expected)
    }

    private func cell(_ value: Double?) -> Table.Cell { value.map { .number($0) } ?? .missing }
}
