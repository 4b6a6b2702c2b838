// SPDX-License-Identifier: GPL-3.0-or-later
import ECGModel

/// Explains items by any number of methods, which share forward and reverse passes wherever they look at the same points.
///
/// Items are taken a chunk at a time and their points in batches that fit the memory allowed, however many samples or steps there
/// are. An item's maps don't depend on its chunk, on its batch or on the threads.
public final class Explainer {
    public let methods: [Method]
    public let settings: AttributionSettings
    public let network: Network
    let families: [PointFamily]
    let deliver: Delivery
    /// Bytes of the process before anything of a shape runs.
    var resident: [[Int]: Int] = [:]
    /// What the network says of baselines that all items of a shape share.
    var baselineScores: [[Int]: PointScores] = [:]
    /// Whether nothing is to be run but items against their baselines, so that scores and targets come from there.
    let onlyPairs: Bool

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
        onlyPairs =
            families.contains(.pairs) && families.allSatisfy { $0 == .pairs || $0 == .none } && !methods.contains { $0.readsLayer }
            && !(settings.target == .predicted && settings.score == .probability)
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
            // before the items' sums are there
            _ = try residentBytes(first.shape)
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
        let drawsNoise = methods.contains { $0.draws.contains(.noise) }
        let (methods, settings) = (methods, settings)
        let states = try network.workers.map(items.count) { i in
            let item = items[i]
            let context = try ItemContext(item, number: first + i, settings: settings, divisions: divisions, drawsNoise: drawsNoise)
            for method in methods {
                try settings.draws.check(
                    method, samples: settings.samples, item: first + i, shape: item.shape, baselines: context.baselines.count,
                    features: context.features[settings.featureKey]?.count ?? 0)
            }
            let sums = methods.map { Sums(rows: $0.rows(settings), size: item.values.count) }
            return ItemState(context, label: item.label, sums: sums, steps: methods.map { _ in settings.steps })
        }
        // where every method compares with baselines, those runs say the scores as well
        if !onlyPairs {
            try runItems(states)
            if methods.contains(where: { $0.completeness != nil }) { try scoreBaselines(states) }
        }
        for family in families {
            switch family {
            case .none, .item: continue
            default: try runFamily(family, states)
            }
        }
        let needsNoisyScores = methods.contains { $0.completeness == .noisy }
        if needsNoisyScores && !families.contains(.noisy) { try runFamily(.noisy, states) }
        if settings.stepsAuto { try refine(states) }
        let proof = Proof(methods, settings)
        return try network.workers.map(states.count) { try proof.explanation(states[$0], items[$0]) }
    }
}
