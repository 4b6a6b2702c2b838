// SPDX-License-Identifier: GPL-3.0-or-later
import ECGModel
import Synchronization

/// Explains items by any number of methods, which share forward and reverse passes wherever they look at the same points.
///
/// Items are taken a chunk at a time and their points in batches that fit the memory allowed, however many samples or steps there
/// are. An item's maps don't depend on its chunk, on its batch or on the threads.
public final class Explainer {
    public let methods: [Method]
    public let settings: AttributionSettings
    public let network: Network
    let families: [PointFamily]
    private let deliver: Delivery
    /// What the network says of baselines that all items of a shape share.
    private var baselineScores: [[Int]: PointScores] = [:]

    /// Whether these methods and settings need a layer of the network.
    public static func needsLayer(_ methods: [Method], _ settings: AttributionSettings) -> Bool {
        settings.target == .layerMean || methods.contains { $0.readsLayer }
    }

    public init(_ network: Network, methods: [Method], settings: AttributionSettings) {
        (self.network, self.methods, self.settings) = (network, methods, settings)
        deliver = Delivery(methods, settings)
        var families: [PointFamily] = []
        for family in deliver.families where !families.contains(family) { families.append(family) }
        self.families = families
    }

    /// The maps of items, in their order.
    ///
    /// - Parameter number: the first item's number in the run, for draws that are given by item.
    /// - Throws: `ExplainError` for items that lack what a method needs, a residual beyond the allowed one, or memory that doesn't suffice
    ///   for a single item; `ModelError` for shapes that the network doesn't take and methods that an operator has no rule for.
    public func explain(_ items: [ExplainItem], from number: Int) throws -> [Explanation] {
        var explanations: [Explanation] = []
        var rest = items[...]
        while let first = rest.first {
            let most = chunkSize(first.shape)
            let chunk = rest.prefix(most).prefix { $0.shape == first.shape }
            explanations += try explainChunk(Array(chunk), from: number + explanations.count)
            rest = rest.dropFirst(chunk.count)
        }
        return explanations
    }

    private func explainChunk(_ items: [ExplainItem], from first: Int) throws -> [Explanation] {
        let divisions = Set(
            families.compactMap { family -> FeatureKey? in
                switch family {
                case .switchedOff(let key), .switchedOn(let key): key
                default: nil
                }
            })
        var states: [ItemState] = []
        for (i, item) in items.enumerated() {
            let context = try ItemContext(item, number: first + i, settings: settings, divisions: divisions)
            for method in methods {
                try settings.draws.check(
                    method, samples: settings.samples, item: first + i, shape: item.shape, baselines: context.baselines.count,
                    features: context.features[settings.featureKey]?.count ?? 0)
            }
            let sums = methods.map { Sums(rows: $0.rows(settings), size: item.values.count) }
            states.append(ItemState(context, label: item.label, sums: sums, steps: methods.map { _ in settings.steps }))
        }
        try runItems(states)
        if methods.contains(where: { $0.completeness != nil }) { try scoreBaselines(states) }
        for family in families {
            switch family {
            case .none, .item: continue
            default: try runFamily(family, states)
            }
        }
        let needsNoisyScores = methods.contains { $0.completeness == .noisy }
        if needsNoisyScores && !families.contains(.noisy) { try runFamily(.noisy, states) }
        if settings.stepsAuto { try refine(states) }
        return try zip(states, items).map { try explanation($0, $1) }
    }

    // MARK: The item itself

    /// The passes at the items: their targets and scores, and all methods that look at nothing else.
    private func runItems(_ states: [ItemState]) throws {
        var rules = Set(families.compactMap { family in if case .item(let rule) = family { rule } else { nil } })
        let readsLayer = methods.contains { $0.readsLayer }
        if readsLayer { rules.insert(.gradient) }
        let shape = states[0].context.shape
        let size = states[0].context.values.count
        let deliver = deliver
        for batch in try batches(states) {
            let points = batch.flatMap(\.context.values)
            // which class is predicted must be known before its probability can be reversed
            if rules.isEmpty || (settings.target == .predicted && settings.score == .probability) {
                let scores = try network.scores(points, shape: shape, layerMean: settings.target == .layerMean)
                try settle(batch, logits: scores.logits, layerMeans: scores.layerMeans)
            }
            for (turn, rule) in rules.sorted(by: { $0.rawValue < $1.rawValue }).enumerated() {
                let isFirst = turn == 0 && batch[0].now.score.isNaN
                let targets = try isFirst ? targetsBefore(batch) : targetsKnown(batch)
                let result = try network.gradients(
                    points, shape: shape, targets: targets, probability: settings.score == .probability, rules: convention(rule),
                    readsLayer: readsLayer && rule == .gradient)
                if isFirst { try settle(batch, logits: result.logits, layerMeans: result.scores.map(Double.init)) }
                network.workers.run(batch.count) { i, _ in
                    deliver(
                        .item(rule), 0, of: 1, Point(input: []), Array(result.gradients[i * size..<(i + 1) * size]), score: .nan,
                        to: batch[i])
                }
                for (i, layer) in result.layers.enumerated() { batch[i].changing.withLock { $0.layer = layer } }
            }
        }
    }

    private func convention(_ rule: Rule) -> Rules { Rules(rule, reluOnly: settings.captum) }

    /// What a first pass explains, before it has said anything.
    private func targetsBefore(_ states: [ItemState]) throws -> PointTargets {
        switch settings.target {
        case .layerMean: return .layerMean
        case .predicted: return .predicted
        case .index, .label: return .classes(try states.map { try target([], $0) ?? 0 })
        }
    }

    /// What later passes explain.
    private func targetsKnown(_ states: [ItemState]) -> PointTargets {
        settings.target == .layerMean ? .layerMean : .classes(states.map { $0.now.target ?? 0 })
    }

    /// Notes the items' targets and scores.
    private func settle(_ states: [ItemState], logits: [Float], layerMeans: [Double]) throws {
        let scoring = try scoring(states[0])
        let classes = logits.count / states.count
        for (i, state) in states.enumerated() {
            let own = logits[i * classes..<(i + 1) * classes]
            let target = try target(own, state)
            let score = target.map { scoring.value(own, target: $0) } ?? layerMeans[i]
            state.changing.withLock { ($0.target, $0.score) = (target, score) }
        }
    }

    private func target(_ logits: ArraySlice<Float>, _ state: ItemState) throws -> Int? {
        let classes = try network.classCount(state.context.shape)
        switch settings.target {
        case .layerMean: return nil
        case .index(let index):
            guard (0..<classes).contains(index) else {
                throw ExplainError(.usage, "there is no class \(index): the network has \(classes) outputs")
            }
            return index
        case .label:
            guard let label = state.label, label < classes else { throw ExplainError(.data, "the label is none of the network's classes") }
            return label
        case .predicted:
            // the first of equals, and the first of all where nothing is a number
            return logits.indices.reduce(logits.startIndex) { logits[$1] > logits[$0] ? $1 : $0 } - logits.startIndex
        }
    }

    private func scoring(_ state: ItemState) throws -> Scoring {
        Scoring(score: settings.score, activation: try network.session(state.context.shape).activation)
    }

    /// States in batches that fit the memory.
    private func batches(_ states: [ItemState]) throws -> [[ItemState]] {
        let most = try batchSize(states[0].context, paired: false)
        return stride(from: 0, to: states.count, by: most).map { Array(states[$0..<min($0 + most, states.count)]) }
    }

    // MARK: Baselines

    private func scoreBaselines(_ states: [ItemState]) throws {
        let shared = if case .mean = settings.baseline { false } else { true }
        let scoring = try scoring(states[0])
        for state in states {
            let context = state.context
            let scores: PointScores
            if shared, let known = baselineScores[context.shape] {
                scores = known
            } else {
                scores = try baselineScores(context)
                if shared { baselineScores[context.shape] = scores }
            }
            let classes = scores.logits.count / context.baselines.count
            state.changing.withLock { now in
                now.baseScores = context.baselines.indices.map { i in
                    guard let target = now.target else { return scores.layerMeans[i] }
                    return scoring.value(scores.logits[i * classes..<(i + 1) * classes], target: target)
                }
            }
        }
    }

    private func baselineScores(_ context: ItemContext) throws -> PointScores {
        let most = try batchSize(context, paired: false)
        var (logits, means): ([Float], [Double]) = ([], [])
        for from in stride(from: 0, to: context.baselines.count, by: most) {
            let batch = context.baselines[from..<min(from + most, context.baselines.count)]
            let scores = try network.scores(Array(batch.joined()), shape: context.shape, layerMean: settings.target == .layerMean)
            logits += scores.logits
            means += scores.layerMeans
        }
        return PointScores(logits: logits, layerMeans: means)
    }

    // MARK: Families of points

    /// The rule by which a family is reversed; nil for families that only look forward.
    private func rule(_ family: PointFamily) -> Rule? {
        switch family {
        // where only the scores of the noisy copies are wanted, there is nothing to reverse
        case .noisy: families.contains(.noisy) ? .gradient : nil
        case .path, .noisyPath, .between: .gradient
        case .pairs: .rescale
        case .item(let rule): rule
        case .none, .switchedOff, .switchedOn: nil
        }
    }

    /// Runs all points of a family for some items, in batches over items and points.
    func runFamily(_ family: PointFamily, _ states: [ItemState]) throws {
        let counts = states.map { state in
            min(PointSource.count(family, item: state.context, settings: settings), deliver.mostPoints(family))
        }
        for state in states {
            state.changing.withLock { $0.source = PointSource(family, item: state.context, settings: settings) }
        }
        let most = try batchSize(states[0].context, paired: rule(family) == .rescale)
        var (item, point) = (0, 0)
        while item < states.count {
            var spans: [PointSpan] = []
            var filled = 0
            while item < states.count, filled < most {
                let take = min(counts[item] - point, most - filled)
                if take > 0 { spans.append(PointSpan(state: states[item], first: point, count: take, total: counts[item], start: filled)) }
                filled += take
                point += take
                if point >= counts[item] { (item, point) = (item + 1, 0) }
            }
            if filled > 0 { try run(spans, filled, family) }
        }
    }

    /// Makes a batch of points, runs it, and gives each point to its methods.
    private func run(_ spans: [PointSpan], _ filled: Int, _ family: PointFamily) throws {
        let rule = rule(family)
        let shape = spans[0].state.context.shape
        let size = spans[0].state.context.values.count
        // long spans are made by several threads, in parts that don't depend on how many there are
        let parts = spans.flatMap { $0.parts(of: 8) }
        let made = Mutex([[Point]](repeating: [], count: parts.count))
        network.workers.run(parts.count) { i, _ in
            var source = parts[i].state.now.source
            let points = (0..<parts[i].count).compactMap { source?.point(parts[i].first + $0) }
            made.withLock { $0[i] = points }
        }
        var points = made.withLock { $0.flatMap { $0 } }
        let input = points.flatMap(\.input)
        let references = rule == .rescale ? points.flatMap(\.reference) : nil
        for i in points.indices { (points[i].input, points[i].reference) = ([], []) }

        let scores: PointScores
        var gradients: [Float]?
        if let rule {
            let targets: PointTargets =
                settings.target == .layerMean
                ? .layerMean : .classes(spans.flatMap { span in [Int](repeating: span.state.now.target ?? 0, count: span.count) })
            let result = try network.gradients(
                input, references: references, shape: shape, targets: targets, probability: settings.score == .probability,
                rules: convention(rule))
            scores = PointScores(logits: result.logits, layerMeans: result.scores.map(Double.init))
            gradients = result.gradients
        } else {
            scores = try network.scores(input, shape: shape, layerMean: settings.target == .layerMean)
        }
        let classes = scores.logits.count / filled
        let (deliver, scoring, reversed, described) = (deliver, try scoring(spans[0].state), gradients, points)
        network.workers.run(spans.count) { i, _ in
            let span = spans[i]
            let target = span.state.now.target
            for k in span.start..<span.start + span.count {
                let score = target.map { scoring.value(scores.logits[k * classes..<(k + 1) * classes], target: $0) } ?? scores.layerMeans[k]
                let gradient = reversed.map { Array($0[k * size..<(k + 1) * size]) } ?? []
                deliver(family, span.first + k - span.start, of: span.total, described[k], gradient, score: score, to: span.state)
            }
        }
    }
}

/// Some consecutive points of one item in a batch.
struct PointSpan: Sendable {
    let state: ItemState
    let first: Int
    let count: Int
    /// Points of the item in all batches.
    let total: Int
    /// Where they start in the batch.
    let start: Int

    /// The same points in pieces of at most `most`.
    func parts(of most: Int) -> [PointSpan] {
        stride(from: 0, to: count, by: most).map {
            PointSpan(state: state, first: first + $0, count: min(most, count - $0), total: total, start: start + $0)
        }
    }
}
