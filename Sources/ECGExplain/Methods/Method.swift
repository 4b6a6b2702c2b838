// SPDX-License-Identifier: GPL-3.0-or-later

/// An attribution method: which points it looks at, what it adds up over them, and what it makes of the sum.
///
/// To add one, write a recipe of a few lines in `Methods.swift`; how the points are made and run is the engine's affair, how a gradient passes an
/// operator is the rule's, in ECGModel.
public struct Method: Sendable {
    /// The random numbers that a method uses.
    enum Draw: Sendable { case noise, alpha, baseline, permutation }

    /// What a method's contributions add up to.
    enum Completeness: Sendable {
        /// f(x) − f(x').
        case baseline
        /// The mean over the baselines of f(x) − f(x').
        case baselines
        /// The mean over the draws of f(x + noise) − f(x').
        case noisy
        /// The mean over draws and baselines, but only in expectation: there is no residual to tell.
        case expected
    }

    public let name: String
    /// One line for people.
    public let summary: String
    let draws: Set<Draw>
    let completeness: Completeness?
    /// Its family of points, but for what the settings say: see `family(_:)`.
    private let points: PointFamily
    /// Points that the method takes of its family; nil for all.
    let most: Int?
    /// Rows of sums, each of an item's size.
    private let rowCount: Int
    /// Whether a row of multipliers stands beside the contributions where these are asked for.
    private let keepsMultipliers: Bool
    /// Adds a point.
    let add: @Sendable (inout Sums, Probe) -> Void
    /// Makes the map of an item's shape.
    let finish: @Sendable (Sums, Summary) -> [Float]
    /// Whether it reads the layer's outputs and gradients.
    let readsLayer: Bool

    init(
        _ name: String, _ summary: String, points: PointFamily, most: Int? = nil, draws: Set<Draw> = [], completeness: Completeness? = nil,
        readsLayer: Bool = false, rows: Int = 1, keepsMultipliers: Bool = false,
        add: @escaping @Sendable (inout Sums, Probe) -> Void = { _, _ in },
        finish: @escaping @Sendable (Sums, Summary) -> [Float] = { sums, _ in sums.floats }
    ) {
        (self.name, self.summary, self.points, self.most, self.draws) = (name, summary, points, most, draws)
        (self.completeness, self.readsLayer, rowCount, self.keepsMultipliers) = (completeness, readsLayer, rows, keepsMultipliers)
        (self.add, self.finish) = (add, finish)
    }

    /// The family of points under these settings.
    func family(_ settings: AttributionSettings) -> PointFamily {
        switch points {
        case .path: .path(steps: settings.steps)
        case .noisyPath: .noisyPath(steps: settings.steps)
        case .switchedOn: .switchedOn(settings.featureKey)
        case .switchedOff(let key): .switchedOff(key.overlapping ? settings.occlusionKey : settings.featureKey)
        default: points
        }
    }

    /// How many sums of an item's size the method keeps: none where it looks at no point.
    func rows(_ settings: AttributionSettings) -> Int {
        if case .none = points { return 0 }
        return keepsMultipliers && settings.multiplier ? 2 : rowCount
    }

    /// Whether these settings make the map one of multipliers.
    func isMultiplier(_ settings: AttributionSettings) -> Bool { keepsMultipliers && settings.multiplier }
}

extension AttributionSettings {
    /// What Shapley sampling and feature ablation switch, and what occlusion slides over.
    var featureKey: FeatureKey { FeatureKey(division: features, overlapping: false) }
    var occlusionKey: FeatureKey { FeatureKey(division: occlusion, overlapping: true) }
}

/// What the network said at one point.
struct Probe {
    /// The point's number in its family, and how many there are.
    let number: Int
    let count: Int
    let point: Point
    let item: ItemContext
    let settings: AttributionSettings
    /// The target's score at the point.
    let score: Double
    /// The score's gradient by the family's rule, of the item's shape; empty in forward-only families.
    let gradient: [Float]
    /// The target's score at the item, and at the first baseline.
    let itemScore: Double
    let baseScore: Double
}

/// A method's sums over the points of one item, in double precision.
struct Sums: Sendable {
    var rows: [[Double]]
    /// What Shapley sampling carries from point to point: the last score, and the order of the draw at hand.
    var last = 0.0
    var order: (draw: Int, features: [Int])?

    init(rows: Int, size: Int) {
        self.rows = [[Double]](repeating: [Double](repeating: 0, count: size), count: rows)
    }

    /// Adds to each place of a row what `value` makes of the gradient there.
    @inline(__always)
    mutating func add(_ gradient: [Float], to row: Int = 0, weight: Double = 1, _ value: (Double) -> Double = { $0 }) {
        change(row) { sums in
            precondition(sums.count == gradient.count)
            for i in 0..<sums.count { sums[i] += weight * value(Double(gradient[i])) }
        }
    }

    /// Works on a row by itself: in its place among the others it would be looked up anew for every element.
    @inline(__always)
    private mutating func change(_ row: Int, _ body: (inout [Double]) -> Void) {
        var own: [Double] = []
        swap(&own, &rows[row])
        body(&own)
        swap(&own, &rows[row])
    }

    /// Adds contributions, gradient times the path's length, to row 0, and without that factor to row 1 where multipliers are asked for.
    mutating func addPath(_ p: Probe, weight: Double) {
        let (gradient, end, base) = (p.gradient, p.point.end, p.point.base)
        change(0) { sums in
            precondition(sums.count == gradient.count && sums.count == end.count && sums.count == base.count)
            for i in 0..<sums.count { sums[i] += weight * Double(gradient[i]) * Double(end[i] - base[i]) }
        }
        if rows.count > 1 { add(p.gradient, to: 1, weight: weight) }
    }

    /// The last row: the map, wherever contributions are kept beside it.
    var floats: [Float] { rows[rows.count - 1].map { Float($0) } }
    /// What the contributions add up to.
    var total: Double { rows[0].reduce(0, +) }
}

/// What a recipe needs to finish: the item, the settings and the layer.
struct Summary {
    let item: ItemContext
    let settings: AttributionSettings
    /// The target's score at the item, and at the first baseline; NaN where no method asked for the baseline's.
    let itemScore: Double
    let baseScore: Double
    /// Grad-CAM's row at the item, one value a place of the layer; empty if no method reads the layer.
    let layer: [Double]
}
