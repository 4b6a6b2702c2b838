// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import ECGKernels
import ECGModel
import ECGStream
import ECGTool

/// Gathers records of one shape, tries their maps, and prints the verdicts.
final class TrustRun {
    private let stage: Stage
    private let tool: TrustTool
    private let network: Network
    private let others: [Network]
    private let randomised: Network?
    private var settings = TrustAudit.Settings()
    private var audit: TrustAudit?
    private var classes: [String]?
    private var waiting: [(key: String, record: String, item: ExplainItem)] = []
    /// Milliseconds an item of each method, on the first items.
    private var times: [String: Double] = [:]

    init(_ stage: Stage, _ tool: TrustTool) throws {
        (self.stage, self.tool) = (stage, tool)
        settings.attribution = tool.attribution.settings(seed: stage.seed)
        settings.perturbation.steps = tool.steps
        settings.perturbation.share = tool.share
        settings.perturbation.seed = stage.seed
        settings.perturbation.maxMemory = tool.attribution.maxMemory << 20
        (settings.copies, settings.noise) = (tool.copies, tool.noise)
        (settings.checks, settings.limits) = (try tool.checks(), try tool.limits())
        (settings.resamplings, settings.level) = (tool.resamplings, tool.level)
        let workers = Workers(count: stage.threads)
        let needsLayer = Explainer.needsLayer(try tool.methods(), settings.attribution)
        func network(_ model: Model) throws -> Network {
            try Network(model, layer: tool.attribution.layer, needsLayer: needsLayer, layout: tool.attribution.layout, workers: workers)
        }
        func named<Value>(_ path: String, _ body: () throws -> Value) throws -> Value {
            do { return try body() } catch let error as ModelError where error.kind != .cannotOpen {
                throw ToolError(.data, error.message, place: path)
            }
        }
        self.network = try named(tool.model) { try network(Model(path: tool.model)) }
        others = try tool.others.map { path in try named(path) { try network(Model(path: path)) } }
        if settings.checks.contains(.weights) {
            randomised = try named(tool.model) {
                var redraw = LayerRandomisation.Settings()
                (redraw.redraw, redraw.seed) = (tool.redraw, stage.seed)
                let layers = try LayerRandomisation(ModelFile(path: tool.model), redraw)
                return try network(Model(bytes: layers.model(layers.steps.indices).bytes()))
            }
        } else {
            randomised = nil
        }
    }

    /// Takes a record.
    func add(_ record: Record) throws {
        do {
            let audit = try prepared(record)
            let item = try self.item(record)
            if let first = waiting.first, first.item.shape != item.shape || waiting.count >= audit.chunkSize(item.shape) { try flush() }
            waiting.append((record.key, record.recordName, item))
        } catch {
            try flush()
            try stage.failed(record.key, error)
        }
    }

    private func prepared(_ record: Record) throws -> TrustAudit {
        if let audit { return audit }
        classes = tool.attribution.givenClasses ?? network.model.classNames ?? record.meta["classes"]?.strings
        settings.attribution.target = try tool.attribution.target(classes: classes)
        if let shape = record[tool.attribution.inputTensor]?.shape {
            try tool.attribution.naming.check(outputs: try network.classCount(shape))
        }
        let made = TrustAudit(network, methods: try tool.methods(), others: others, randomised: randomised, settings: settings)
        audit = made
        return made
    }

    private func item(_ record: Record) throws -> ExplainItem {
        guard let tensor = record[tool.attribution.inputTensor] else {
            throw ToolError(.data, "no tensor '\(tool.attribution.inputTensor)'", record: record.key)
        }
        _ = try record.layout(of: tensor)
        let values = tensor.floats()
        guard values.allSatisfy(\.isFinite) else { throw ToolError(.data, "holds values that are no numbers", record: record.key) }
        return ExplainItem(
            key: record.key, values: values, shape: tensor.shape,
            label: settings.attribution.target == .label ? try record.classIndex(among: classes) : nil,
            fs: record.fs, r: record.r, beats: record["ann.sample"]?.ints()?.map { $0 - record.start } ?? [], leads: record.leads)
    }

    private func flush() throws {
        guard let audit, !waiting.isEmpty else { return }
        let chunk = waiting
        waiting = []
        do {
            try audit.add(chunk.map(\.item), records: chunk.map(\.record))
        } catch {
            // one by one, so that the error finds its record and the others go on
            for entry in chunk {
                do { try audit.add([entry.item], records: [entry.record]) } catch { try stage.failed(entry.key, error) }
            }
            return
        }
        if tool.time, times.isEmpty { try measure(chunk.map(\.item)) }
    }

    /// What each method takes alone.
    private func measure(_ items: [ExplainItem]) throws {
        guard let audit else { return }
        for method in audit.methods {
            let explainer = Explainer(network, methods: [method], settings: settings.attribution)
            // the first run makes plans and memory
            _ = try explainer.explain(Array(items.prefix(1)), from: 0)
            let clock = ContinuousClock()
            let start = clock.now
            _ = try explainer.explain(items, from: 0)
            let time = start.duration(to: clock.now).components
            times[method.name] = (Double(time.seconds) * 1e3 + Double(time.attoseconds) * 1e-15) / Double(items.count)
        }
    }

    /// Prints the verdicts, and says what fails under `--require`.
    func finish() throws {
        try flush()
        let figures = try audit?.figures() ?? []
        let tables = TrustTables(
            figures, methods: audit?.methods ?? [], attribution: settings.attribution, times: tool.time ? times : nil,
            hasOthers: !others.isEmpty)
        try stage.write(tool.form == .table ? tables.people : tables.figures, as: tool.form)
        if let audit, audit.records == 1 { stage.warnAtEnd("all items are of one record: no intervals, and nothing said of others") }
        guard tool.require else { return }
        for (method, failures) in tables.failures where !failures.isEmpty && method != TrustAudit.control {
            stage.demandNotMet("\(method) fails \(failures.map(\.rawValue).joined(separator: ", "))")
        }
    }
}
