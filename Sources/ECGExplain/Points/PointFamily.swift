// SPDX-License-Identifier: GPL-3.0-or-later
import ECGModel

/// Which division of an item a method switches.
struct FeatureKey: Hashable, Sendable {
    let division: FeatureSet.Division
    /// Occlusion's windows overlap by default, those of the other methods don't.
    let overlapping: Bool
}

/// The places around an item where methods look at the network. Methods of one family share its passes.
enum PointFamily: Hashable, Sendable {
    /// No pass at all.
    case none
    /// The item itself, reversed by a rule.
    case item(Rule)
    /// The item with noise.
    case noisy
    /// The straight line from the baseline to the item.
    case path(steps: Int)
    /// The line from the baseline to the item with noise, for each draw.
    case noisyPath(steps: Int)
    /// One place on the line from a drawn baseline to the item with noise, for each draw.
    case between
    /// The item against each baseline (DeepLIFT).
    case pairs
    /// The item with each feature switched off; forward only.
    case switchedOff(FeatureKey)
    /// The baseline with features switched on one after the other, in each draw's order; forward only.
    case switchedOn(FeatureKey)

    /// Whether the network is asked for the gradient at points that are seen by no other family: then they are made as they are run.
    var isStreamed: Bool {
        switch self {
        case .noisy, .path, .noisyPath, .between: true
        default: false
        }
    }

    /// Whether two families differ in their steps at most.
    func isSame(as other: PointFamily) -> Bool {
        switch (self, other) {
        case (.path, .path), (.noisyPath, .noisyPath): true
        default: self == other
        }
    }

    /// The same family with another number of steps; nil if it has none.
    func with(steps: Int) -> PointFamily? {
        switch self {
        case .path: .path(steps: steps)
        case .noisyPath: .noisyPath(steps: steps)
        default: nil
        }
    }
}

/// One point of a family: what the network gets, and how methods read it.
struct Point: Sendable {
    /// The network's input, flat [lead, time].
    var input: [Float]
    /// Where the point's path ends, and where it starts: the factor of the input is `end − base`.
    var end: [Float] = []
    var base: [Float] = []
    /// The reference of a pair.
    var reference: [Float] = []
    /// What the point counts in an integral or mean.
    var weight = 1.0
}

/// Makes the points of a family for one item, in order; neighbours share what they have in common.
struct PointSource: Sendable {
    let family: PointFamily
    let item: ItemContext
    let settings: AttributionSettings
    private let rule: (places: [Double], weights: [Double])
    /// The noisy item of the draw at hand.
    private var drawn: (number: Int, values: [Float])?
    /// The order of the draw at hand.
    private var order: (number: Int, features: [Int])?

    init(_ family: PointFamily, item: ItemContext, settings: AttributionSettings) {
        (self.family, self.item, self.settings) = (family, item, settings)
        switch family {
        case .path(let steps), .noisyPath(let steps): rule = settings.quadrature.rule(steps)
        default: rule = ([], [])
        }
    }

    /// How many points the family has for this item.
    static func count(_ family: PointFamily, item: ItemContext, settings: AttributionSettings) -> Int {
        switch family {
        case .none: 0
        case .item: 1
        case .noisy, .between: settings.samples
        case .path(let steps): steps
        case .noisyPath(let steps): settings.samples * steps
        case .pairs: item.baselines.count
        case .switchedOff(let key): item.features[key]?.count ?? 0
        // the ends of a draw's row are the baseline and the item, which are known
        case .switchedOn(let key): settings.samples * max((item.features[key]?.count ?? 0) - 1, 0)
        }
    }

    /// The family's point `k`.
    mutating func point(_ k: Int) -> Point {
        switch family {
        case .none, .item:
            return Point(input: item.values)
        case .noisy:
            return Point(input: noisy(k), weight: 1 / Double(settings.samples))
        case .path:
            let base = item.baselines[0]
            return Point(
                input: Self.between(base, item.values, Float(rule.places[k])), end: item.values, base: base, weight: rule.weights[k])
        case .noisyPath(let steps):
            let base = item.baselines[0]
            let end = noisy(k / steps)
            return Point(
                input: Self.between(base, end, Float(rule.places[k % steps])), end: end, base: base,
                weight: rule.weights[k % steps] / Double(settings.samples))
        case .between:
            let base = item.baselines[settings.draws.baseline(key: item.key, item: item.number, draw: k, of: item.baselines.count)]
            let end = noisy(k)
            let place = settings.draws.alpha(key: item.key, item: item.number, draw: k)
            return Point(input: Self.between(base, end, Float(place)), end: end, base: base, weight: 1 / Double(settings.samples))
        case .pairs:
            return Point(input: item.values, end: item.values, base: item.baselines[k], reference: item.baselines[k])
        case .switchedOff(let key):
            var input = item.values
            item.features[key]?.copy(k, from: item.baselines[0], into: &input)
            return Point(input: input)
        case .switchedOn(let key):
            guard let features = item.features[key] else { return Point(input: item.values) }
            let (draw, last) = k.quotientAndRemainder(dividingBy: features.count - 1)
            var input = item.baselines[0]
            for feature in permutation(draw, features.count)[...last] { features.copy(feature, from: item.values, into: &input) }
            return Point(input: input)
        }
    }

    private mutating func noisy(_ draw: Int) -> [Float] {
        if let drawn, drawn.number == draw { return drawn.values }
        let values = settings.draws.noisy(item.values, key: item.key, item: item.number, draw: draw, sigma: item.sigma)
        drawn = (draw, values)
        return values
    }

    private mutating func permutation(_ draw: Int, _ count: Int) -> [Int] {
        if let order, order.number == draw { return order.features }
        let features = settings.draws.permutation(key: item.key, draw: draw, of: count)
        order = (draw, features)
        return features
    }

    private static func between(_ base: [Float], _ end: [Float], _ place: Float) -> [Float] {
        var point = base
        precondition(point.count == end.count)
        for i in 0..<point.count { point[i] += place * (end[i] - point[i]) }
        return point
    }
}
