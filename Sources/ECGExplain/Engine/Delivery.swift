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
        state.changing.withLock { now in
            if family == .noisy { now.noisyScore += score / Double(settings.samples) }
            let probe = Probe(
                number: number, count: count, point: point, item: state.context, settings: settings, score: score, gradient: gradient,
                itemScore: now.score, baseScore: now.baseScores.first ?? .nan)
            for m in methods.indices where number < methods[m].most ?? .max && families[m].isSame(as: family) {
                methods[m].add(&now.sums[m], probe)
            }
        }
    }
}
