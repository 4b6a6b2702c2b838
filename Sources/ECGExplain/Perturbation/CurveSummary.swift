// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import ECGRandom
import ECGScore
import ECGSpill

/// Gathers the outcomes of perturbation, and makes curves and areas of them, with intervals by bootstrap over records.
public final class CurveSummary {
    /// A figure at one step of a curve.
    public struct Point: Sendable {
        public let curve: PerturbationCurve
        public let step: Int
        public let metric: CurveMetric
        public let value: Double?
        public let interval: ClosedRange<Double>?
    }

    /// The area under a curve from step 0, by trapezoids a step wide.
    public struct Area: Sendable {
        public let curve: PerturbationCurve
        public let metric: CurveMetric
        /// The last step that counts.
        public let to: Int
        public let area: Double?
        public let interval: ClosedRange<Double>?
        /// The area less that of the random order, in the same resamplings; nil for the random order itself.
        public let overRandom: Double?
        public let overRandomInterval: ClosedRange<Double>?
        /// Items of the curve.
        public let items: Int
    }

    private struct AreaPlace: Hashable {
        let metric: CurveMetric
        let to: Int
    }

    public let curves: [PerturbationCurve]
    private let store: CurveStore
    private let keep: Range<Int>
    private var rules: CurveRules
    private var truths: [PerturbationTruth] = []
    private var records: [Int32] = []
    private var numbers: [String: Int32] = [:]

    /// - Parameters:
    ///   - keep: the outputs that the figures need: one for a regression or a class against the rest, else all.
    ///   - limit: outputs held in memory.
    public init(curves: [PerturbationCurve], steps: Int, keep: Range<Int>, rules: CurveRules, limit: Int = 1 << 24) {
        (self.curves, self.keep, self.rules) = (curves, keep, rules)
        store = CurveStore(curves: curves.count, steps: steps, width: keep.count, limit: limit)
    }

    public var items: Int { store.count }
    public var recordCount: Int { numbers.count }

    /// Adds an item's outcome. - Parameter record: the recording it comes from.
    public func add(_ outcome: PerturbationOutcome, truth: PerturbationTruth, record: String) throws(SpillError) {
        try store.add(outcome, keep: keep)
        truths.append(truth)
        let next = Int32(numbers.count)
        records.append(numbers[record, default: next])
        if numbers[record] == nil { numbers[record] = next }
    }

    /// All curves and areas, in the order of the curves.
    public func summary(_ metrics: [CurveMetric], workers: Workers) throws -> (points: [Point], areas: [Area]) {
        guard store.count > 0 else { return ([], []) }
        let draws = resamplings()
        let width = store.width
        let (truths, records, recordCount) = (truths, records, numbers.count)
        func column(_ outputs: [Float], _ rules: CurveRules) -> CurveColumn {
            CurveColumn(outputs, width: width, truths: truths, records: records, recordCount: recordCount, rules: rules)
        }
        var rules = rules
        if let given = rules.givenThreshold {
            rules.threshold = given
        } else if case .positive = truths.first {
            rules.threshold = column(try store.wholes(), rules).youdenThreshold ?? 0.5
        }
        let settled = rules
        let steps = store.steps
        let atOnce = max(1, min(64, (1 << 24) / max(store.count * width, 1)))
        var points: [Point] = []
        var areas: [Area] = []
        var ofRandom: [AreaPlace: [Double?]] = [:]
        // the random order first: the others are measured against it
        for c in curves.indices.reversed() {
            // [step][metric][resampling]
            var figures: [[[Double?]]] = []
            var items = 0
            for first in stride(from: 0, through: steps, by: atOnce) {
                let columns = try (first...min(first + atOnce - 1, steps)).map { step in
                    // the start is that of the curve's own items
                    let outputs = try store.column(curve: c, step: step)
                    guard step == 0, steps > 0 else { return column(outputs, settled) }
                    let own = try store.column(curve: c, step: 1)
                    return column(outputs.indices.map { own[$0].isNaN ? .nan : outputs[$0] }, settled)
                }
                items = columns.first?.items ?? 0
                figures += workers.map(columns.count) { i in metrics.map { columns[i].figures($0, draws) } }
            }
            var curvePoints: [Point] = []
            var curveAreas: [Area] = []
            for (m, metric) in metrics.enumerated() {
                for step in 0...steps {
                    let row = figures[step][m]
                    curvePoints.append(
                        Point(
                            curve: curves[c], step: step, metric: metric, value: row[0],
                            interval: percentileInterval(row.dropFirst(), level: settled.level)))
                }
                for to in settled.areasTo where to <= steps {
                    let rows: [Double?] = (0...draws.count).map { draw in
                        let values = (0...to).map { figures[$0][m][draw] }
                        guard let area = trapezoidArea(values) else { return nil }
                        return settled.aboveStart ? area - Double(to) * (values[0] ?? .nan) : area
                    }
                    let place = AreaPlace(metric: metric, to: to)
                    if curves[c] == .random { ofRandom[place] = rows }
                    let over = curves[c] == .random ? nil : ofRandom[place]
                    let differences: [Double?] =
                        over.map { random in zip(rows, random).map { a, b in a.flatMap { a in b.map { a - $0 } } } } ?? []
                    curveAreas.append(
                        Area(
                            curve: curves[c], metric: metric, to: to, area: rows[0],
                            interval: percentileInterval(rows.dropFirst(), level: settled.level), overRandom: differences.first ?? nil,
                            overRandomInterval: percentileInterval(differences.dropFirst(), level: settled.level), items: items))
                }
            }
            points = curvePoints + points
            areas = curveAreas + areas
        }
        return (points, areas)
    }

    /// How often each record counts in each resampling; none for a single record, which says nothing of others.
    private func resamplings() -> [[Int]] {
        let groups = numbers.count
        guard groups > 1 else { return [] }
        let random = RandomSource(seed: rules.seed, purpose: "bootstrap")
        return Bootstrap(groups: groups, count: rules.resamplings) { resampling, draw in
            random.integer(UInt64(resampling) << 32 | UInt64(draw), below: groups)
        }.draws
    }
}
