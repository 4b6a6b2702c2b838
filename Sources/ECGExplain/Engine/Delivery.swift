// SPDX-License-Identifier: GPL-3.0-or-later

/// Gives points to the methods that look at them.
struct Delivery: Sendable {
    let methods: [Method]
    /// The family of each method.
    let families: [PointFamily]
    let settings: AttributionSettings

    init(_ methods: [Method], _ settings: AttributionSettings) {
        (self.methods, self.settings) = (methods, settings)
        families = methods.map { $0.family(settings) }
    }

    /// The most points that any method takes of a family; all of them where only their scores are wanted.
    func mostPoints(_ family: PointFamily) -> Int {
        methods.indices.filter { families[$0].isSame(as: family) }.map { methods[$0].most ?? .max }.max() ?? .max
    }

    /// Gives a point to every method of its family.
    func callAsFunction(
        _ family: PointFamily, _ number: Int, of count: Int, _ point: Point, _ gradient: [Float], score: Double, to state: ItemState
    ) {
        let arrival = ItemState.Arrival(point: point, gradient: gradient, score: score)
        state.changing.withLock { add(arrival, family, number, of: count, state.context, to: &$0) }
    }

    /// Gives a point and those that waited for it; sums are taken in the points' order, since they would depend on the threads otherwise.
    func inTurn(_ arrival: ItemState.Arrival, _ family: PointFamily, _ number: Int, of count: Int, to state: ItemState) {
        state.changing.withLock { now in
            now.early[number] = arrival
            while let next = now.early.removeValue(forKey: now.due) {
                add(next, family, now.due, of: count, state.context, to: &now)
                now.due += 1
            }
        }
    }

    private func add(
        _ arrival: ItemState.Arrival, _ family: PointFamily, _ number: Int, of count: Int, _ item: ItemContext,
        to now: inout ItemState.Changing
    ) {
        if family == .noisy { now.noisyScore += arrival.score / Double(settings.samples) }
        let probe = Probe(
            number: number, count: count, point: arrival.point, item: item, settings: settings, score: arrival.score,
            gradient: arrival.gradient, itemScore: now.score, baseScore: now.baseScores.first ?? .nan)
        for m in methods.indices where number < methods[m].most ?? .max && families[m].isSame(as: family) {
            methods[m].add(&now.sums[m], probe)
        }
    }
}
