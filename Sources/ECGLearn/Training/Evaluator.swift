// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import ECGScore

/// Runs items through a network as it will be used: with running statistics and without dropout.
final class Evaluator {
    private let executor: Executor
    private let workers: Workers

    init(_ graph: LayerGraph, batch: Int, workers: Workers) throws {
        executor = try Executor(graph, training: false, batch: batch, workers: workers)
        self.workers = workers
    }

    var byteCount: Int { executor.byteCount }

    func run(
        _ items: [Int], _ data: TrainingData, parameters: Region<Float>, states: Region<Float>,
        _ body: (_ item: Int, _ logits: [Float]) throws -> Void
    ) throws {
        executor.setParameters(parameters, states: states)
        let outputs = executor.graph.outputCount
        for start in stride(from: 0, to: items.count, by: executor.batch) {
            let batch = Array(items[start..<min(start + executor.batch, items.count)])
            try data.load(batch, into: executor.inputRegion(items: batch.count), executor.graph.input, workers) { _, _ in }
            let logits = executor.forward(items: batch.count, parameters: parameters, states: states)
            for (place, item) in batch.enumerated() { try body(item, logits[place * outputs..<(place + 1) * outputs].elements) }
        }
    }
}

extension TrainingData {
    /// Brings items into the memory of a run, [item, time, channel].
    func load(
        _ batch: [Int], into region: Region<Float>, _ extent: LayerGraph.Extent, _ workers: Workers,
        _ change: @escaping @Sendable (_ item: inout [Float], _ place: Int) -> Void
    ) throws {
        let items = try batch.map { try self.items.item($0) }
        let count = extent.count
        workers.run(batch.count) { place, _ in
            var item = items[place]
            change(&item, place)
            region[place * count..<(place + 1) * count].transpose(item, offset: 0, rows: extent.channels, columns: extent.length)
        }
    }
}

/// The figures of validation items.
struct ValidationTally {
    private let loss: Loss
    private let outputs: Int
    private var lossSum = 0.0
    private var count = 0
    private var confusion: ConfusionMatrix
    private var labels: ClassScores
    private var errors = RegressionErrors()

    init(_ loss: Loss, outputs: Int) {
        self.loss = loss
        self.outputs = outputs
        confusion = ConfusionMatrix(classes: outputs)
        labels = ClassScores(classes: (0..<outputs).map(String.init))
    }

    mutating func add(_ logits: [Float], _ target: Loss.Target) {
        let outcome = loss.run(logits: Region(logits), targets: [target], outputs: outputs, weights: nil, gradient: nil)
        lossSum += outcome.losses[0]
        count += 1
        switch target {
        case .class(let label):
            var best = 0
            for (index, value) in logits.enumerated() where value > logits[best] { best = index }
            confusion.add(truth: label, predicted: best)
        case .values(let values):
            if loss == .squaredError {
                for (value, truth) in zip(logits, values) { errors.add(truth: Double(truth), predicted: Double(value)) }
            } else {
                labels.add(group: "", truth: values.map { $0 > 0.5 }, decision: logits.map { $0 >= 0 }, scores: nil)
            }
        }
    }

    func fill(_ figures: inout EpochFigures) {
        figures.validationLoss = lossSum / Double(max(1, count))
        switch loss {
        case .crossEntropy, .focal:
            figures.accuracy = confusion.accuracy
            figures.macroF1 = confusion.macro(confusion.f1)
        case .binary:
            var labels = labels
            labels.arrange()
            let all = labels.figures()
            figures.accuracy = all.accuracy
            figures.macroF1 = all.macro(.f1)
        case .squaredError: figures.meanAbsoluteError = errors.meanAbsolute
        }
    }
}
