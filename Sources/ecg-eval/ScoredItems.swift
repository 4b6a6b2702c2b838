// SPDX-License-Identifier: GPL-3.0-or-later
import ECGScore
import ECGStream
import ECGTool

/// Reads scored items into `ClassScores`.
struct ScoredItems {
    let tool: EvalTool
    private var declared: [String]?
    /// Items of a class that is not among those asked for, by class.
    private(set) var strangers = 0
    /// Items that are of none of the classes, where each class is for itself.
    private(set) var outsiders = 0
    private(set) var isMultiLabel = false
    private var waiting: [Item] = []
    private var hasScores: Bool?

    struct Item {
        let key: String
        let group: String
        let truth: [String]
        let predicted: String?
        let scores: [Double]?
    }

    init(tool: EvalTool) {
        self.tool = tool
        declared = tool.classes.map(EvalTool.list)
    }

    /// Takes a record, or throws what is wrong with it.
    mutating func take(_ record: Record) throws {
        let truth: [String]
        guard let value = record.meta.value(at: tool.truth), !value.isNull else {
            throw ToolError(.data, "the item has no '\(tool.truth)'", record: record.key)
        }
        if let names = value.strings {
            truth = names
            isMultiLabel = true
        } else {
            truth = [value.string ?? value.text]
        }
        let name = tool.scores ?? (record["probabilities"] != nil || tool.threshold != nil ? "probabilities" : "logits")
        let tensor = record[name]
        if tensor == nil, tool.scores != nil || tool.threshold != nil {
            throw ToolError(.data, "the item has no tensor '\(name)'", record: record.key)
        }
        if let known = hasScores, known != (tensor != nil) {
            throw ToolError(.data, "some items have scores and others have none", record: record.key)
        }
        if let tensor {
            // Scores of other programs come as items of one row: ecg-read scores.npy | ecg-eval --scores signal.
            guard tensor.shape.last == tensor.count, !tensor.shape.isEmpty else {
                throw ToolError(.data, "'\(name)' has the shape \(tensor.shape), not one score a class", record: record.key)
            }
            let scores = tensor.doubles()
            if let place = scores.firstIndex(where: { $0.isNaN }) {
                throw ToolError(.data, "score \(place) of '\(name)' is not a number", record: record.key)
            }
            if declared == nil { declared = record.meta["classes"]?.strings }
            if let declared, declared.count != scores.count {
                throw ToolError(.data, "'\(name)' has \(scores.count) scores for \(declared.count) classes", record: record.key)
            }
            if declared == nil { throw ToolError(.data, "the item does not name its classes; use --classes", record: record.key) }
        } else if declared == nil {
            declared = record.meta["classes"]?.strings
        }
        let predicted = record.meta.value(at: tool.predicted).flatMap { $0.isNull ? nil : $0.string ?? $0.text }
        if tensor == nil, predicted == nil {
            throw ToolError(.data, "the item has neither scores nor '\(tool.predicted)'", record: record.key)
        }
        if let declared, let stranger = truth.first(where: { !declared.contains($0) }), !isMultiLabel, declared.count > 1 {
            // Each class is for itself against the rest, and this item is of the rest.
            if tool.threshold != nil {
                outsiders += 1
            } else if tool.classes != nil {
                // Asked for on the command line, the choice is no fault of the item's.
                strangers += 1
                return
            } else {
                throw ToolError(
                    .data, "the true class '\(stranger)' is not among the classes \(declared.joined(separator: ","))", record: record.key)
            }
        }
        if let declared, let predicted, !declared.contains(predicted), !isMultiLabel, declared.count > 1, tool.threshold == nil {
            throw ToolError(
                .data, "the class '\(predicted)' that was found is not among the classes \(declared.joined(separator: ","))",
                record: record.key)
        }
        hasScores = tensor != nil
        waiting.append(
            Item(key: record.key, group: tool.unit(record), truth: truth, predicted: predicted, scores: tensor?.doubles()))
    }

    /// All items with their decisions, and the confusion matrix where classes exclude each other.
    func gathered() -> (scores: ClassScores, confusion: ConfusionMatrix?) {
        let found = Set(waiting.flatMap { $0.truth + [$0.predicted].compactMap { $0 } })
        let names = declared ?? found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        var scores = ClassScores(classes: names)
        let exclusive = !isMultiLabel && names.count > 1 && tool.threshold == nil
        var confusion = ConfusionMatrix(classes: exclusive ? names.count : 2)
        var index: [String: Int] = [:]
        for (place, name) in names.enumerated() { index[name] = place }
        for item in waiting {
            var truth = [Bool](repeating: false, count: names.count)
            for name in item.truth { if let place = index[name] { truth[place] = true } }
            var decision = [Bool](repeating: false, count: names.count)
            if exclusive {
                let place = item.predicted.flatMap { index[$0] } ?? item.scores.map(Self.highest) ?? 0
                decision[place] = true
                confusion.add(truth: truth.firstIndex(of: true) ?? 0, predicted: place)
            } else if let values = item.scores {
                for (place, value) in values.enumerated() { decision[place] = value >= 0.5 }
            } else if let place = item.predicted.flatMap({ index[$0] }) {
                decision[place] = true
            }
            scores.add(group: item.group, truth: truth, decision: decision, scores: item.scores)
        }
        return (scores, exclusive ? confusion : nil)
    }

    /// The first of the highest scores.
    private static func highest(_ scores: [Double]) -> Int {
        var best = 0
        for (index, score) in scores.enumerated() where score > scores[best] { best = index }
        return best
    }
}
