// SPDX-License-Identifier: GPL-3.0-or-later
import ECGModel

extension Explainer {
    /// The passes at the items: their targets and scores, and all methods that look at nothing else. Every rule's reverse run starts from one forward run.
    func runItems(_ states: [ItemState]) throws {
        let (rules, passes) = itemPasses
        let shape = states[0].context.shape
        let size = states[0].context.values.count
        let deliver = deliver
        let room = try room(states[0].context, passes)
        for batch in batches(states, most: room.points) {
            let points = Items(shape: shape, each: batch.map(\.context.values))
            // which class is predicted must be known before its probability can be reversed
            if passes.isEmpty || (settings.target == .predicted && settings.score == .probability) {
                let scores = try network.scores(points, layerMean: settings.target == .layerMean, sharing: room.sharing)
                try settle(batch, logits: scores.logits, layerMeans: scores.layerMeans)
            }
            guard !passes.isEmpty else { continue }
            let isFirst = batch[0].now.score.isNaN
            let result = try network.gradients(
                points, targets: isFirst ? targetsBefore(batch) : targetsKnown(batch),
                probability: settings.score == .probability, passes: passes, sharing: room.sharing)
            if isFirst { try settle(batch, logits: result.logits, layerMeans: result.scores.map(Double.init)) }
            network.workers.run(batch.count) { i, _ in
                for (rule, gradients) in zip(rules, result.gradients) {
                    deliver(
                        .item(rule), 0, of: 1, Point(input: []), Array(gradients[i * size..<(i + 1) * size]), score: .nan, to: batch[i])
                }
                if i < result.layerRows.count { batch[i].changing.withLock { $0.layer = result.layerRows[i] } }
            }
        }
    }

    /// The reverse runs at the items themselves, and the rules of those that come first.
    var itemPasses: (rules: [Rule], passes: [NetworkPass]) {
        let rules = Set(families.compactMap { family in if case .item(let rule) = family { rule } else { nil } })
            .sorted { $0.rawValue < $1.rawValue }
        var passes = rules.map { NetworkPass(rules: convention($0)) }
        if methods.contains(where: { $0.readsLayer }) {
            if let gradient = rules.firstIndex(of: .gradient) {
                passes[gradient].toLayer = true
            } else {
                // Grad-CAM alone needs no gradient before its layer
                passes.append(NetworkPass(rules: convention(.gradient), toItems: false, toLayer: true))
            }
        }
        return (rules, passes)
    }

    /// The reverse run at the points of a family.
    func passes(_ rule: Rule?) -> [NetworkPass] { rule.map { [NetworkPass(rules: convention($0))] } ?? [] }

    func convention(_ rule: Rule) -> Rules { Rules(rule, reluOnly: settings.captum) }

    /// What a first pass explains, before it has said anything.
    func targetsBefore(_ states: [ItemState]) throws -> PointTargets {
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
    func settle(_ states: [ItemState], logits: [Float], layerMeans: [Double]) throws {
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

    func scoring(_ state: ItemState) throws -> Scoring {
        Scoring(score: settings.score, activation: try network.session(state.context.shape).activation)
    }

    /// States in batches that fit the memory.
    private func batches(_ states: [ItemState], most: Int) -> [[ItemState]] {
        stride(from: 0, to: states.count, by: most).map { Array(states[$0..<min($0 + most, states.count)]) }
    }

    func scoreBaselines(_ states: [ItemState]) throws {
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
        let room = try room(context, [])
        var (logits, means): ([Float], [Double]) = ([], [])
        for from in stride(from: 0, to: context.baselines.count, by: room.points) {
            let batch = context.baselines[from..<min(from + room.points, context.baselines.count)]
            let scores = try network.scores(
                Items(shape: context.shape, each: Array(batch)), layerMean: settings.target == .layerMean, sharing: room.sharing)
            logits += scores.logits
            means += scores.layerMeans
        }
        return PointScores(logits: logits, layerMeans: means)
    }
}
