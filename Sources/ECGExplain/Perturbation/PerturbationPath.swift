// SPDX-License-Identifier: GPL-3.0-or-later
import ECGRandom

/// An item with its maps, to be perturbed in their order.
public struct PerturbationItem: Sendable {
    public var key: String
    /// Flat [lead, time], or stacked.
    public var values: [Float]
    public var shape: [Int]
    /// Leads that share no neighbours: rows of the item, or what a stacked item holds one after the other.
    public var leads: Int
    /// Samples of a lead that may be replaced; nil for all.
    public var samples: Range<Int>?
    /// A map for each method, flat and as large as the item.
    public var maps: [[Float]]

    public init(key: String, values: [Float], shape: [Int], leads: Int, samples: Range<Int>? = nil, maps: [[Float]]) {
        (self.key, self.values, self.shape, self.leads, self.samples, self.maps) = (key, values, shape, leads, samples, maps)
    }
}

/// What all curves of an item have in common.
package struct PerturbationGround: Sendable {
    package let item: PerturbationItem
    let settings: PerturbationSettings
    /// Points that may be replaced, ascending.
    package let points: [Int32]
    /// The noise of each point: the same for every method and order, so that curves differ by their order alone.
    package let noise: [Float]
    /// What stands in each point's place under the scheme `point`.
    let replacement: [Float]

    package init(_ item: PerturbationItem, _ settings: PerturbationSettings) {
        (self.item, self.settings) = (item, settings)
        let length = item.values.count / max(item.leads, 1)
        let samples = (item.samples ?? 0..<length).clamped(to: 0..<length)
        points = (0..<item.leads).flatMap { lead in samples.map { Int32(lead * length + $0) } }
        let (low, high) = item.values.reduce(into: (Float.infinity, -Float.infinity)) { range, value in
            if value.isFinite { range = (min(range.0, value), max(range.1, value)) }
        }
        let range = high > low ? Double(high) - Double(low) : 0
        let sigma = Float(settings.scheme == .point ? settings.noise * range : settings.noise)
        let drawn = RandomSource(seed: settings.seed, key: item.key, purpose: "perturbation").normals(from: 0, count: item.values.count)
        noise = drawn.map { $0 * sigma }
        switch (settings.scheme, settings.noiseForm) {
        case (.point, .add): replacement = zip(item.values, noise).map { $0 + $1 }
        case (.point, .zero): replacement = [Float](repeating: 0, count: item.values.count)
        case (.point, _): replacement = noise
        case (.road, _): replacement = []
        }
    }

    /// Interpolated values with noise where points are removed.
    func imputed(_ values: [Float], _ removed: [Bool]) -> [Float] {
        var result = LinearImputation.impute(values, removed: removed, leads: item.leads)
        for i in result.indices where removed[i] {
            result[i] = settings.noiseForm == .add ? result[i] + noise[i] : result[i] * (1 + noise[i])
        }
        return result
    }

    /// The item before any step: as it is, or, for insertion, with everything replaced.
    var start: [Float] {
        guard settings.insertion else { return item.values }
        if settings.scheme == .road { return imputed(item.values, allRemoved) }
        var values = item.values
        for point in points { values[Int(point)] = replacement[Int(point)] }
        return values
    }

    var allRemoved: [Bool] {
        var removed = [Bool](repeating: false, count: item.values.count)
        for point in points { removed[Int(point)] = true }
        return removed
    }
}

/// An item on its way along one curve.
package struct PerturbationPath: Sendable {
    private let ground: PerturbationGround
    private let order: [Int32]
    /// Points that are not replaced yet, where the order is found anew at each step.
    private var remaining: [Int32] = []
    private var step = 0
    package private(set) var values: [Float]
    /// For `road`: what is removed now.
    private var removed: [Bool]

    package init(_ ground: PerturbationGround, order: [Int32]) {
        (self.ground, self.order) = (ground, order)
        values = ground.start
        let settings = ground.settings
        removed = settings.scheme == .point ? [] : settings.insertion ? ground.allRemoved : [Bool](repeating: false, count: values.count)
    }

    /// Goes a step along the curve.
    package mutating func advance() {
        let settings = ground.settings
        let from = settings.replaced(after: step, of: order.count)
        step += 1
        replace(order[from..<settings.replaced(after: step, of: order.count)])
    }

    /// Goes a step along the curve by a map of the item as it is now, among the points that are left.
    package mutating func advance(by map: [Float], mostFirst: Bool) {
        let settings = ground.settings
        let all = ground.points.count
        if step == 0 { remaining = ground.points }
        let count = settings.replaced(after: step + 1, of: all) - settings.replaced(after: step, of: all)
        step += 1
        let tie =
            settings.ties == .random ? PointOrder.lot(remaining.count, seed: settings.seed, key: ground.item.key, purpose: "ties") : nil
        let fresh = PointOrder.ranked(map, remaining, settings.ranking, mostFirst: mostFirst, tie: tie).prefix(count)
        let gone = Set(fresh)
        remaining.removeAll { gone.contains($0) }
        replace(fresh)
    }

    private mutating func replace(_ fresh: ArraySlice<Int32>) {
        let settings = ground.settings
        switch settings.scheme {
        case .point:
            for point in fresh { values[Int(point)] = settings.insertion ? ground.item.values[Int(point)] : ground.replacement[Int(point)] }
        case .road where settings.imputation == .previous && !settings.insertion:
            var now = [Bool](repeating: false, count: values.count)
            for point in fresh { now[Int(point)] = true }
            values = ground.imputed(values, now)
        case .road:
            for point in fresh { removed[Int(point)] = !settings.insertion }
            values = ground.imputed(ground.item.values, removed)
        }
    }
}
