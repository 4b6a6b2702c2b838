// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import ECGKernels
import ECGModel
import ECGStream
import ECGTool

/// Gathers records of one shape, perturbs them, and adds them to the curves.
final class PerturbRun {
    private let stage: Stage
    private let tool: PerturbTool
    private let network: Network
    private let settings: PerturbationSettings
    private let smoothing: MapSmoothing?
    private let workers: Workers
    private var methods: [String]?
    private var waiting: [(record: Record, item: PerturbationItem)] = []
    /// Those on their way through the network.
    private var flushing: [(record: Record, item: PerturbationItem)] = []
    private var leftOut = 0
    /// What is to be said once the output was taken: a reader that went away is told nothing.
    private(set) var remarks: [String] = []
    /// Made at the first record, which tells the maps and the outputs.
    private var perturber: Perturber?
    private var truth: Truth?
    private var summary: CurveSummary?

    init(_ stage: Stage, _ tool: PerturbTool) throws {
        (self.stage, self.tool) = (stage, tool)
        workers = Workers(count: stage.threads)
        settings = try tool.scheme.settings(seed: stage.seed)
        smoothing = try tool.scheme.smoothing()
        network = try Network(
            Model(path: tool.model), layer: nil, needsLayer: false, layout: tool.layout, activation: tool.activation, workers: workers)
    }

    /// Takes a record.
    func add(_ record: Record) throws {
        do {
            let item = try self.item(record)
            // a few thousand perturbed copies at a time keep every thread busy
            let most = max(1, min(64, 2048 / max(settings.steps * (perturber?.curves.count ?? 1), 1)))
            if let first = waiting.first, first.item.shape != item.shape || waiting.count >= most { try flush() }
            waiting.append((record, item))
        } catch {
            try flush()
            try stage.failed(record.key, error)
        }
    }

    private func item(_ record: Record) throws -> PerturbationItem {
        guard let tensor = record[tool.inputTensor] else { throw ToolError(.data, "no tensor '\(tool.inputTensor)'", record: record.key) }
        let (leads, length) = try record.layout(of: tensor)
        let methods = try methods(record)
        let maps = try methods.map { method in
            let map = try record.map(method)
            guard map.count == tensor.count else {
                throw ToolError(.data, "map '\(method)' has the shape \(map.shape), and the item \(tensor.shape)", record: record.key)
            }
            let values = map.floats()
            return try smoothing.map { try $0(values, leads: leads) } ?? values
        }
        return PerturbationItem(
            key: record.key, values: tensor.floats(), shape: tensor.shape, leads: leads,
            samples: tool.scheme.withoutPadding ? record.signalSamples(of: length) : nil, maps: maps)
    }

    /// Makes maps anew as the evidence beside the first record's maps says that they were made.
    private func mapper(_ record: Record, _ methods: [String]) throws -> Perturber.Mapper? {
        guard tool.scheme.recompute else { return nil }
        let explainers = try methods.map { name in
            guard let method = Method.named(name) else {
                throw ToolError(.usage, "--recompute knows the methods of ecg-attr, not '\(name)'")
            }
            let evidence = record.meta["attr"]?.object?[name]?.object
            var settings = AttributionSettings()
            settings.target = .label
            settings.layer = evidence?["layer"]?.string
            settings.samples = evidence?["samples"]?.int ?? settings.samples
            settings.steps = evidence?["steps"]?.int ?? settings.steps
            settings.multiplier = evidence?["multiplier"]?.bool ?? false
            settings.score = evidence?["of"]?.string.flatMap { AttributionSettings.Score(rawValue: $0) } ?? .logit
            settings.maxMemory = self.settings.maxMemory
            settings.draws = Draws(seed: stage.seed)
            switch evidence?["baseline"]?.string {
            case nil, "zero": settings.baseline = .zero
            case "mean": settings.baseline = .mean
            default: throw ToolError(.data, "--recompute cannot make the map '\(name)' again: its baseline was a file", record: record.key)
            }
            let own = try Network(
                network.model, layer: settings.layer, needsLayer: Explainer.needsLayer([method], settings), layout: tool.layout,
                activation: tool.activation, workers: workers)
            return Explainer(own, methods: [method], settings: settings)
        }
        return { [unowned self] method, items in
            let made = try items.map { number, values in
                let (record, item) = flushing[number]
                guard let target = record.meta["attr"]?.object?[methods[method]]?.object?["target_index"]?.int else {
                    throw ToolError(
                        .data, "--recompute: the record doesn't say which class '\(methods[method])' explains", record: record.key)
                }
                let timing = FeatureSet.Timing(
                    fs: record.fs, r: record.r, beats: record["ann.sample"]?.ints()?.map { $0 - record.start } ?? [])
                return ExplainItem(
                    key: item.key, values: values, shape: item.shape, label: target, timing: timing,
                    stackedLeads: item.shape.first == 1 && item.leads > 1 ? item.leads : nil)
            }
            return try zip(explainers[method].explain(made, from: 0), items).map { explanation, item in
                let map = explanation.maps[0].values
                return try smoothing.map { try $0(map, leads: flushing[item.number].item.leads) } ?? map
            }
        }
    }

    /// The maps of all records, as the first one has them.
    private func methods(_ record: Record) throws -> [String] {
        if let methods { return methods }
        var found = tool.scheme.map.isEmpty ? record.mapNames : tool.scheme.map
        if found.contains(PerturbationCurve.random.method) {
            // the order by lot says the same and stands there anyway
            found.removeAll { $0 == PerturbationCurve.random.method }
        }
        if found.isEmpty && settings.orders != [.random] {
            throw ToolError(.data, "has no maps to follow: no tensor 'attr/METHOD', but for a random one", record: record.key)
        }
        methods = found
        perturber = Perturber(network, methods: found, settings: settings, mapper: try mapper(record, found))
        return found
    }

    private func flush() throws {
        guard let perturber, !waiting.isEmpty else { return }
        let chunk = waiting
        waiting = []
        flushing = chunk
        do {
            let outcomes = try perturber.perturb(chunk.map(\.item))
            for (entry, outcome) in zip(chunk, outcomes) {
                do { try keep(entry.record, outcome) } catch { try stage.failed(entry.record.key, error) }
            }
        } catch  where chunk.count > 1 {
            // one by one, so that the error finds its record and the others go on
            for entry in chunk {
                flushing = [entry]
                do { try keep(entry.record, try perturber.perturb([entry.item])[0]) } catch { try stage.failed(entry.record.key, error) }
            }
        } catch { try stage.failed(chunk[0].record.key, error) }
    }

    private func keep(_ record: Record, _ outcome: PerturbationOutcome) throws {
        guard let perturber else { return }
        let truth = try self.truth ?? made(record, outputs: outcome.whole.count)
        let answer: PerturbationTruth
        do { answer = try truth.of(record, whole: outcome.whole) } catch is Truth.Missing {
            leftOut += 1
            return
        }
        guard truth.keep.upperBound <= outcome.whole.count else { throw ToolError(.data, "has other outputs", record: record.key) }
        if summary == nil {
            summary = CurveSummary(
                curves: perturber.curves, steps: settings.steps, keep: truth.keep, rules: tool.truth.rules(settings, seed: stage.seed),
                limit: max(settings.maxMemory / 8, 1))
        }
        try summary?.add(outcome, truth: answer, record: record.recordName)
    }

    private func made(_ record: Record, outputs: Int) throws -> Truth {
        let names = tool.truth.givenClasses ?? network.model.classNames ?? record.meta["classes"]?.strings
        let made = try Truth(tool.truth, outputs: outputs, classes: names)
        _ = try made.metrics()
        truth = made
        return made
    }

    /// The curves and areas; empty without records.
    func finish() throws -> (points: [CurveSummary.Point], areas: [CurveSummary.Area]) {
        try flush()
        if leftOut > 0 {
            remarks.append("\(leftOut) records without \(tool.truth.positive == nil ? "a number " : "")'\(tool.truth.truth)' are left out")
        }
        guard let summary, let truth else { return ([], []) }
        if summary.recordCount == 1, tool.truth.resamplings > 0 { remarks.append("all items are of one record: no intervals") }
        return try summary.summary(try truth.metrics(), workers: workers)
    }
}
