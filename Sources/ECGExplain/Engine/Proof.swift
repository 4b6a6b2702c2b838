// SPDX-License-Identifier: GPL-3.0-or-later

/// What methods promise of their maps, and how far a map is from it.
struct Proof: Sendable {
    let methods: [Method]
    let settings: AttributionSettings

    init(_ methods: [Method], _ settings: AttributionSettings) { (self.methods, self.settings) = (methods, settings) }

    /// What an item's contributions should add up to; nil where the method promises nothing.
    private func promised(_ method: Method, _ now: ItemState.Changing) -> Double? {
        guard let first = now.baseScores.first else { return nil }
        switch method.completeness {
        case nil: return nil
        case .baseline: return now.score - first
        case .baselines: return now.score - now.baseScores.reduce(0, +) / Double(now.baseScores.count)
        case .noisy: return now.noisyScore - first
        // only in expectation: any one map is some way off, and that proves nothing
        case .expected: return nil
        }
    }

    /// How far an item's contributions are from what they should add up to, relative to it.
    private func residual(_ m: Int, _ now: ItemState.Changing, total: () -> Double) -> Double? {
        guard let promised = promised(methods[m], now) else { return nil }
        let gap = abs(total() - promised)
        return gap == 0 ? 0 : gap / abs(promised)
    }

    /// The residual of a method that adds up its contributions.
    func residual(_ m: Int, _ now: ItemState.Changing) -> Double? { residual(m, now) { now.sums[m].total } }

    /// An item's maps with their evidence.
    ///
    /// - Throws: `ExplainError` for a residual larger than allowed.
    func explanation(_ state: ItemState, _ item: ExplainItem) throws -> Explanation {
        let now = state.now
        var maps: [Explanation.Map] = []
        for (m, method) in methods.enumerated() {
            let values = method.finish(
                now.sums[m],
                Summary(
                    item: state.context, settings: settings, itemScore: now.score, baseScore: now.baseScores.first ?? .nan, layer: now.layer
                ))
            let isSwitched = if case .switchedOn = method.family(settings) { true } else { false }
            // a feature's value stands at each of its samples: its contribution is counted once, not as often as it is drawn
            let residual = residual(m, now) { isSwitched ? switchedTotal(m, values, state.context) : now.sums[m].total }
            if let residual, let most = settings.maxResidual, !(residual <= most) {
                throw ExplainError(.data, "the residual of \(method.name) is \(residual), more than \(most)")
            }
            let isPath = method.family(settings).with(steps: 1) != nil
            maps.append(
                Explanation.Map(
                    method: method.name, values: values, residual: residual,
                    baseScore: method.completeness == nil ? nil : baseScore(method, now), steps: isPath ? now.steps[m] : nil,
                    samples: method.draws.isEmpty ? nil : settings.samples,
                    isMultiplier: method.isMultiplier(settings), readsLayer: method.readsLayer,
                    usesSeed: method.usesSeed(settings)))
        }
        return Explanation(key: item.key, target: now.target, score: now.score, maps: maps)
    }

    private func baseScore(_ method: Method, _ now: ItemState.Changing) -> Double? {
        method.completeness == .baselines || method.completeness == .expected
            ? now.baseScores.reduce(0, +) / Double(max(now.baseScores.count, 1)) : now.baseScores.first
    }

    private func switchedTotal(_ m: Int, _ values: [Float], _ context: ItemContext) -> Double {
        guard let features = context.features[settings.featureKey] else { return .nan }
        return features.features.reduce(0.0) { sum, ranges in
            sum + (ranges.first { !$0.isEmpty }.map { Double(values[$0.lowerBound]) } ?? 0)
        }
    }
}

extension Method {
    /// Whether any of the method's draws come from the seed.
    func usesSeed(_ settings: AttributionSettings) -> Bool {
        name == "random"
            || draws.contains { draw in
                switch draw {
                case .noise: settings.draws.given.noise == nil && settings.noise > 0
                case .alpha: settings.draws.given.alpha == nil
                case .baseline: settings.draws.given.baseline == nil && settings.baseline.count > 1
                case .permutation: settings.draws.given.permutation == nil
                }
            }
    }
}

extension AttributionSettings.Baseline {
    /// How many baselines there are.
    public var count: Int {
        if case .items(let items) = self { return items.count }
        return 1
    }
}
