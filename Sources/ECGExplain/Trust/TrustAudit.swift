// SPDX-License-Identifier: GPL-3.0-or-later
import ECGModel
import ECGRandom
import ECGScore

/// Runs every check over items and adds them up, a chunk of items at a time; no map is kept.
public final class TrustAudit {
    public struct Settings: Sendable {
        public var attribution = AttributionSettings()
        public var perturbation = PerturbationSettings(.road)
        /// Copies of an item with noise, for consistency, infidelity and sensitivity.
        public var copies = 3
        /// Standard deviation of that noise, as a share of the item's range.
        public var noise = 0.02
        public var checks = Set(TrustCheck.allCases)
        public var limits = TrustLimits()
        public var resamplings = 200
        public var level = 0.95

        public init() {
            // a third of the points in ten steps: as far as paper 003 goes, in a third of the passes
            (perturbation.steps, perturbation.share) = (10, 0.03)
        }
    }

    /// The methods, and last the control that must fail.
    public let methods: [Method]
    public static let control = "random"

    private let settings: Settings
    private let explainer: Explainer
    private let relabelled: Explainer
    private let perturber: Perturber
    /// Models that were trained alike.
    private let others: [Explainer]
    /// The model with all its layers drawn anew.
    private let randomised: Explainer?
    private var sums: TrustSums
    private let residuals = GroupedValues()
    private var number = 0

    /// - Parameters:
    ///   - network: the model in question.
    ///   - others: models that were trained alike; may be none.
    ///   - randomised: the model with its weights drawn anew; nil leaves the check out.
    public init(_ network: Network, methods: [Method], others: [Network], randomised: Network?, settings: Settings) {
        let control = Method.named(Self.control).map { [$0] } ?? []
        let methods = methods.filter { $0.name != Self.control } + control
        (self.methods, self.settings) = (methods, settings)
        explainer = Explainer(network, methods: methods, settings: settings.attribution)
        // everything else explains the class that the item's own map explains
        var given = settings.attribution
        given.target = .label
        relabelled = Explainer(network, methods: methods, settings: given)
        self.others = others.map { Explainer($0, methods: methods, settings: given) }
        self.randomised = settings.checks.contains(.weights) ? randomised.map { Explainer($0, methods: methods, settings: given) } : nil
        perturber = Perturber(network, methods: methods.map(\.name), settings: settings.perturbation)
        sums = TrustSums(figures: methods.count * TrustCheck.allCases.count)
        for _ in methods { _ = residuals.addGroup() }
    }

    public var records: Int { sums.records }

    /// Items that are best added together.
    public func chunkSize(_ shape: [Int]) -> Int { min(explainer.chunkSize(shape), 16) }

    /// Adds items of one shape.
    ///
    /// - Parameter records: the recording that each comes from.
    /// - Throws: as `Explainer.explain` and `Perturber.perturb`.
    public func add(_ items: [ExplainItem], records: [String]) throws {
        guard let first = items.first else { return }
        let found = try explainer.explain(items, from: number)
        let labelled = zip(items, found).map { item, explanation in
            var item = item
            item.label = explanation.target
            return item
        }
        let outputs = try explainer.network.classCount(first.shape)
        // a figure that throws leaves nothing half added
        var added: [(TrustCheck, Int, Int, Double?)] = []
        func note(_ check: TrustCheck, _ method: Int, _ item: Int, _ value: Double?) { added.append((check, method, item, value)) }
        let maps = try comparable(found, items)
        func compare(_ check: TrustCheck, _ others: [Explanation]) throws {
            let theirs = try comparable(others, items)
            for i in items.indices {
                for m in methods.indices { note(check, m, i, maps[i][m].correlation(with: theirs[i][m])) }
            }
        }
        if settings.checks.contains(.faithfulness) { try faithfulness(items, found, note) }
        if settings.checks.contains(.consistency) {
            for other in others { try compare(.consistency, try other.explain(labelled, from: number)) }
        }
        if let randomised { try compare(.weights, try randomised.explain(labelled, from: number)) }
        if settings.checks.contains(.logit), outputs > 1 {
            let moved = labelled.map { item in
                var item = item
                // another class by lot, a function of the key
                let step = 1 + RandomSource(seed: seed, key: item.key, purpose: "logit").integer(0, below: outputs - 1)
                item.label = ((item.label ?? 0) + step) % outputs
                return item
            }
            try compare(.logit, try relabelled.explain(moved, from: number))
        }
        if !settings.checks.isDisjoint(with: [.infidelity, .sensitivity])
            || (settings.checks.contains(.consistency) && others.isEmpty)
        {
            try nearby(labelled, found, maps, note)
        }
        for (check, method, item, value) in added { sums.add(value, to: place(method, check), record: records[item]) }
        if settings.checks.contains(.completeness) {
            for explanation in found {
                for (m, map) in explanation.maps.enumerated() {
                    if let residual = map.residual, residual.isFinite { try residuals.add(residual, to: m) }
                }
            }
        }
        number += items.count
    }

    private var seed: UInt64 { settings.perturbation.seed }

    private func place(_ method: Int, _ check: TrustCheck) -> Int {
        method * TrustCheck.allCases.count + (TrustCheck.allCases.firstIndex(of: check) ?? 0)
    }

    /// Maps ready to be correlated, [item][method].
    private func comparable(_ explanations: [Explanation], _ items: [ExplainItem]) throws -> [[ComparableMap]] {
        try zip(explanations, items).map { explanation, item in
            try explanation.maps.map { try ComparableMap($0.values, leads: item.layout.leads, AgreementSettings()) }
        }
    }

    // MARK: Faithfulness

    /// How much more the score falls, on the average of the steps, than when points are replaced by lot.
    private func faithfulness(_ items: [ExplainItem], _ found: [Explanation], _ note: (TrustCheck, Int, Int, Double?) -> Void) throws {
        let outcomes = try perturber.perturb(
            zip(items, found).map { item, explanation in
                PerturbationItem(
                    key: item.key, values: item.values, shape: item.shape, leads: item.layout.leads, maps: explanation.maps.map(\.values))
            })
        let steps = settings.perturbation.steps
        for (i, outcome) in outcomes.enumerated() {
            let classes = outcome.whole.count
            let target = found[i].target ?? 0
            func harm(_ curve: [Float]?) -> Double? {
                guard let curve else { return nil }
                let sum = (0..<steps).reduce(0.0) { sum, step in
                    let change = Double(outcome.whole[target]) - Double(curve[step * classes + target])
                    // a regression is harmed either way, a probability where it falls
                    return sum + (classes == 1 ? abs(change) : change)
                }
                return sum / Double(steps)
            }
            guard let byLot = harm(outcome.curves[perturber.curves.count - 1]) else { continue }
            for (c, curve) in perturber.curves.enumerated() where curve.order == .morf {
                guard let m = methods.firstIndex(where: { $0.name == curve.method }) else { continue }
                note(.faithfulness, m, i, harm(outcome.curves[c]).map { $0 - byLot })
            }
        }
    }

    // MARK: Items nearby

    /// Consistency without other models, infidelity and sensitivity, all from the same copies with noise.
    private func nearby(
        _ items: [ExplainItem], _ found: [Explanation], _ maps: [[ComparableMap]], _ note: (TrustCheck, Int, Int, Double?) -> Void
    ) throws {
        var infidelity = [[Infidelity]](repeating: [Infidelity](repeating: Infidelity(), count: methods.count), count: items.count)
        var changed = [[[[Float]]]](repeating: [[[Float]]](repeating: [], count: methods.count), count: items.count)
        var agreement = [[RunningMoments]](
            repeating: [RunningMoments](repeating: RunningMoments(), count: methods.count), count: items.count)
        for copy in 0..<settings.copies {
            var perturbations: [[Float]] = []
            let copies = items.map { item in
                let (low, high) = item.values.reduce(into: (Float.infinity, -Float.infinity)) { $0 = (min($0.0, $1), max($0.1, $1)) }
                let sigma = Float(settings.noise) * (high > low ? high - low : 0)
                let noise = RandomSource(seed: seed, key: item.key, purpose: "copies")
                    .normals(from: copy * item.values.count, count: item.values.count).map { $0 * sigma }
                perturbations.append(noise)
                var copy = item
                copy.values = zip(item.values, noise).map { $0 - $1 }
                return copy
            }
            let theirs = try relabelled.explain(copies, from: number)
            let compared = try comparable(theirs, items)
            for i in items.indices {
                let change = found[i].score - theirs[i].score
                for m in methods.indices {
                    let map = found[i].maps[m].values
                    var product = 0.0
                    for t in map.indices { product += Double(map[t]) * Double(perturbations[i][t]) }
                    infidelity[i][m].add(product: product, change: change)
                    changed[i][m].append(theirs[i].maps[m].values)
                    if let r = maps[i][m].correlation(with: compared[i][m]) { agreement[i][m].add(r) }
                }
            }
        }
        for i in items.indices {
            for m in methods.indices {
                if settings.checks.contains(.infidelity) { note(.infidelity, m, i, infidelity[i][m].unexplained) }
                if settings.checks.contains(.sensitivity) {
                    note(.sensitivity, m, i, maxSensitivity(found[i].maps[m].values, changed: changed[i][m]))
                }
                if settings.checks.contains(.consistency), others.isEmpty { note(.consistency, m, i, agreement[i][m].mean) }
            }
        }
    }

    // MARK: The end

    /// Every method's figures, check by check; the control last.
    public func figures() throws -> [TrustFigure] {
        try methods.indices.flatMap { m in
            try TrustCheck.allCases.filter { settings.checks.contains($0) }.map { check in
                let method = methods[m].name
                if check == .completeness {
                    let median = try residuals.quantiles([0.5], of: m).first
                    return TrustFigure(
                        method: method, check: check, value: median, interval: nil, limit: median.flatMap { _ in settings.limits[check] },
                        items: residuals.count(m), of: number)
                }
                let figure = place(m, check)
                let value = sums.mean(figure)
                return TrustFigure(
                    method: method, check: check, value: value,
                    interval: value.flatMap { _ in
                        sums.interval(figure, resamplings: settings.resamplings, level: settings.level, seed: seed)
                    }, limit: value.flatMap { _ in settings.limits[check] }, items: sums.items(figure), of: number)
            }
        }
    }
}
