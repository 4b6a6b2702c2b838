// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import ECGKernels
import ECGModel
import ECGStream
import ECGTool

/// Gathers records into chunks, explains them, and writes them with their maps and the evidence.
final class AttrRun {
    private let stage: Stage
    private let model: Model
    private let methods: [Method]
    private var settings: AttributionSettings
    private let options: NetworkOptions
    private let workers: Workers
    /// Made at the first record, whose classes may be needed to understand the target.
    private var explainer: Explainer?
    private var classes: [String]?
    private var waiting: [(record: Record, item: ExplainItem)] = []
    /// The number of the first record that waits.
    private var number = 0

    init(_ stage: Stage, _ model: Model, methods: [Method], settings: AttributionSettings, network: NetworkOptions, workers: Workers) {
        (self.stage, self.model, self.methods, self.settings) = (stage, model, methods, settings)
        (options, self.workers) = (network, workers)
    }

    /// Refuses methods that the network can't be explained by, before any record is read. Where the model leaves a record's length open, any will do.
    func check() throws {
        guard let declared = model.inputs.first?.shape else { return }
        let inner = declared.dropFirst().map { $0 > 0 ? $0 : 512 }
        let shape = options.layout == .timeLead ? inner.reversed() : Array(inner.suffix(max(2, inner.count == 3 ? 2 : inner.count)))
        settings.score = options.score
        settings.target = options.target == "mean" ? .layerMean : .predicted
        let explainer = Explainer(try network(), methods: methods, settings: settings)
        do {
            try explainer.checkRules(shape)
        } catch let error as ModelError where error.kind != .unsupported {
            // what does not suit this shape is said of the record that has it
        }
    }

    private func network() throws -> Network {
        try Network(
            model, layer: options.layer, needsLayer: Explainer.needsLayer(methods, settings), layout: options.layout, workers: workers)
    }

    /// Takes a record; a chunk is explained when it is full.
    func add(_ record: Record) throws {
        let item: ExplainItem
        do {
            let explainer = try prepared(record)
            item = try self.item(record)
            if let first = waiting.first, first.item.shape != item.shape || waiting.count >= explainer.chunkSize(first.item.shape) {
                try flush()
            }
        } catch {
            try flush()
            number += 1
            return try stage.failed(record.key, error)
        }
        waiting.append((record, item))
    }

    /// Explains what still waits.
    func finish() throws { try flush() }

    private func prepared(_ record: Record) throws -> Explainer {
        if let explainer { return explainer }
        classes = options.givenClasses ?? model.classNames ?? record.meta["classes"]?.strings
        settings.target = try options.target(classes: classes)
        settings.score = options.score
        settings.layer = options.layer
        let network = try network()
        if let shape = record[options.inputTensor]?.shape { try options.naming.check(outputs: try network.classCount(shape)) }
        let made = Explainer(network, methods: methods, settings: settings)
        explainer = made
        return made
    }

    private func item(_ record: Record) throws -> ExplainItem {
        guard let tensor = record[options.inputTensor] else {
            throw ToolError(.data, "no tensor '\(options.inputTensor)'", record: record.key)
        }
        return ExplainItem(
            key: record.key, values: tensor.floats(), shape: tensor.shape,
            label: settings.target == .label ? try record.classIndex(among: classes) : nil,
            fs: record.fs, r: record.r, beats: record["ann.sample"]?.ints()?.map { $0 - record.start } ?? [], leads: record.leads)
    }

    private func flush() throws {
        guard let explainer, !waiting.isEmpty else { return }
        let chunk = waiting
        waiting = []
        let first = number
        number += chunk.count
        let explanations: [Explanation]
        let clock = ContinuousClock()
        let start = clock.now
        do {
            explanations = try explainer.explain(chunk.map(\.item), from: first)
        } catch {
            // one by one, so that the error finds its record and the others go on
            for (i, entry) in chunk.enumerated() {
                do {
                    try write(entry.record, try explainer.explain([entry.item], from: first + i)[0])
                } catch {
                    try stage.failed(entry.record.key, error)
                }
            }
            return
        }
        let time = start.duration(to: clock.now).components
        let milliseconds = (Double(time.seconds) * 1e4 + Double(time.attoseconds) / 1e14).rounded() / 10
        stage.inform("\(chunk.count) items explained in \(milliseconds) ms")
        for (entry, explanation) in zip(chunk, explanations) { try write(entry.record, explanation) }
    }

    private func write(_ record: Record, _ explanation: Explanation) throws {
        var record = record
        guard let tensor = record[options.inputTensor] else { return }
        var evidence = record.meta["attr"]?.object ?? [:]
        for map in explanation.maps {
            record["attr/" + map.method] = Tensor("attr/" + map.method, map.values, shape: tensor.shape, axes: tensor.axes)
            evidence[map.method] = .object(proof(map, explanation))
        }
        record.meta["attr"] = .object(evidence)
        try stage.write(record)
    }

    /// What a map carries as evidence.
    private func proof(_ map: Explanation.Map, _ explanation: Explanation) -> JSON.Object {
        var proof: JSON.Object = [:]
        if let target = explanation.target {
            let name = classes.flatMap { $0.indices.contains(target) ? $0[target] : nil }
            proof["target"] = name.map { .string($0) } ?? JSON(target)
            proof["target_index"] = JSON(target)
            proof["of"] = .string(settings.score.rawValue)
        } else {
            proof["target"] = "mean"
        }
        if map.readsLayer || explanation.target == nil, let layer = explainer?.network.layer { proof["layer"] = .string(layer) }
        proof["score"] = JSON(explanation.score)
        if let base = map.baseScore {
            proof["baseline"] = .string(options.baselineName(settings))
            proof["baseline_score"] = JSON(base)
        }
        if let steps = map.steps { proof["steps"] = JSON(steps) }
        if let samples = map.samples { proof["samples"] = JSON(samples) }
        if map.usesSeed { proof["seed"] = JSON(stage.seed) } else if map.samples != nil { proof["draws"] = "given" }
        if settings.multiplier && map.isMultiplier { proof["multiplier"] = true }
        if let residual = map.residual { proof["residual"] = JSON(residual) }
        proof["model"] = .string(model.digest)
        return proof
    }
}

extension NetworkOptions {
    /// The baseline in the evidence.
    func baselineName(_ settings: AttributionSettings) -> String {
        switch settings.baseline {
        case .zero: "zero"
        case .mean: "mean"
        case .items(let items): "file of \(items.count)"
        }
    }
}
