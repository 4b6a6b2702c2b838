// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import ECGKernels
import ECGModel
import ECGRandom
import ECGScore
import Testing

/// Orders, replacements and curves; the fixture's numbers come from SciPy and scikit-learn (Tests/Oracles/perturbation.py).
@Suite struct PerturbationTests {
    @Test func gapsAreFilledAsByROADsLinearSystem() throws {
        let fixture = try Fixture("perturbation.txt")
        let (values, removed, expected) = (fixture.rows("gap", "values"), fixture.rows("gap", "removed"), fixture.rows("gap", "expect"))
        #expect(values.count == 5)
        for i in values.indices {
            let found = LinearImputation.impute(values[i].map { Float($0) }, removed: removed[i].map { $0 == 1 }, leads: 2)
            for (a, b) in zip(found, expected[i]) { #expect(abs(Double(a) - b) < 1e-6) }
        }
    }

    @Test func pointsAreOrderedByValueAndTies() {
        let map: [Float] = [0.5, -3, 0, 2, -0.0, 0.5]
        let points: [Int32] = [0, 1, 2, 3, 4, 5]
        #expect(PointOrder.ranked(map, points, .absolute, mostFirst: true, tie: nil) == [1, 3, 0, 5, 2, 4])
        #expect(PointOrder.ranked(map, points, .absolute, mostFirst: false, tie: nil) == [2, 4, 0, 5, 3, 1])
        #expect(PointOrder.ranked(map, points, .signed, mostFirst: true, tie: nil) == [3, 0, 5, 2, 4, 1])
        #expect(PointOrder.ranked(map, points, .absolute, mostFirst: true, tie: [5, 4, 3, 2, 1, 0]) == [1, 3, 5, 0, 4, 2])
        // points that may not be replaced have no place
        #expect(PointOrder.ranked(map, [0, 2, 5], .absolute, mostFirst: true, tie: [2, 1, 0]) == [5, 0, 2])
        let lot = PointOrder.random(points, seed: 1, key: "a")
        #expect(lot.sorted() == points && lot != PointOrder.random(points, seed: 1, key: "b"))
    }

    private func item(_ key: String = "a", leads: Int = 2, length: Int = 100) -> PerturbationItem {
        let random = RandomSource(seed: 3, key: key)
        let values = random.normals(from: 0, count: leads * length)
        return PerturbationItem(
            key: key, values: values, shape: [leads, length], leads: leads, maps: [random.normals(from: 10_000, count: leads * length)])
    }

    @Test func aStepOfPointAddsNoiseToOnePoint() {
        let item = item(length: 5000)
        let ground = PerturbationGround(item, PerturbationSettings(.point))
        var path = PerturbationPath(ground, order: ground.points.reversed())
        for step in 1...50 {
            path.advance()
            let changed = item.values.indices.filter { path.values[$0] != item.values[$0] }
            #expect(changed == Array((10_000 - step)..<10_000))
        }
        let range = (item.values.max() ?? 0) - (item.values.min() ?? 0)
        let variance = ground.noise.reduce(0.0) { $0 + Double($1 * $1) } / 10_000
        #expect(abs(variance.squareRoot() / Double(range) - 0.2) < 0.005)
    }

    @Test func insertionEndsWhereDeletionBegins() {
        for scheme in PerturbationSettings.Scheme.allCases {
            var settings = PerturbationSettings(scheme)
            settings.insertion = true
            settings.share = 0.25
            let ground = PerturbationGround(item(), settings)
            var path = PerturbationPath(ground, order: ground.points)
            #expect(path.values != ground.item.values)
            for _ in 0..<(scheme == .point ? 200 : 4) { path.advance() }
            #expect(path.values == ground.item.values)
        }
    }

    @Test func noiseOfRoadMultipliesOrAdds() {
        let item = item()
        var settings = PerturbationSettings(.road)
        func after(_ form: PerturbationSettings.Noise) -> (PerturbationGround, [Float]) {
            settings.noiseForm = form
            let ground = PerturbationGround(item, settings)
            var path = PerturbationPath(ground, order: [50, 150])
            settings.share = 1
            path = PerturbationPath(PerturbationGround(item, settings), order: [50, 150])
            path.advance()
            return (ground, path.values)
        }
        let between = (item.values[49] + item.values[51]) / 2
        let (ground, times) = after(.times)
        #expect(abs(times[50] - between * (1 + ground.noise[50])) < 1e-6)
        let (_, add) = after(.add)
        #expect(abs(add[50] - (between + ground.noise[50])) < 1e-6)
        #expect(times[49] == item.values[49] && times[149] == item.values[149])
    }

    @Test func stepwiseImputationKeepsWhatTheStepBeforePut() {
        var settings = PerturbationSettings(.road)
        (settings.imputation, settings.noise, settings.share) = (.previous, 0, 0.5)
        let item = PerturbationItem(key: "a", values: [0, 4, 8, 100, 16, 20], shape: [1, 6], leads: 1, maps: [])
        var path = PerturbationPath(PerturbationGround(item, settings), order: [3, 2])
        path.advance()
        #expect(path.values == [0, 4, 8, 12, 16, 20])
        path.advance()
        #expect(path.values == [0, 4, 8, 12, 16, 20])
    }

    // MARK: Figures

    private func column(_ outputs: [Double], _ width: Int, _ truths: [PerturbationTruth], _ change: (inout CurveRules) -> Void = { _ in })
        -> CurveColumn
    {
        var rules = CurveRules(areasTo: [15])
        change(&rules)
        return CurveColumn(
            outputs.map { Float($0) }, width: width, truths: truths, records: truths.indices.map { Int32($0 % 7) }, recordCount: 7,
            rules: rules)
    }

    @Test func figuresAreScikitLearns() throws {
        let fixture = try Fixture("perturbation.txt")
        let classes = try fixture.row("classes", "truth").map { PerturbationTruth.label(Int($0)) }
        let outputs = try fixture.row("classes", "outputs")
        let several = column(outputs, 4, classes)
        for metric in [CurveMetric.auroc, .auprc, .accuracy, .probability] {
            let expected = try fixture.row("classes", metric.rawValue)[0]
            #expect(abs((several.figures(metric, [])[0] ?? .nan) - expected) < 1e-6, "\(metric)")
        }
        let positive = classes.map { PerturbationTruth.positive($0 == .label(2)) }
        let scores = stride(from: 2, to: outputs.count, by: 4).map { outputs[$0] }
        let threshold = try #require(column(scores, 1, positive).youdenThreshold)
        let one = column(scores, 1, positive) { $0.threshold = threshold }
        for metric in CurveMetric.ofClasses {
            let expected = try fixture.row("positive", metric.rawValue)[0]
            #expect(abs((one.figures(metric, [])[0] ?? .nan) - expected) < 1e-6, "\(metric)")
        }
        let truths = try fixture.row("values", "truth").map { PerturbationTruth.value($0) }
        let said = try fixture.row("values", "outputs")
        for metric in CurveMetric.ofValues {
            let expected = try fixture.row("values", metric.rawValue)[0]
            #expect(abs((column(said, 1, truths).figures(metric, [])[0] ?? .nan) - expected) < 1e-9, "\(metric)")
        }
        let signed = column(said, 1, truths) { $0.signedShare = true }.figures(.mape, [])[0] ?? .nan
        #expect(abs(signed - (try fixture.row("values", "signed")[0])) < 1e-9)
        let area = try #require(trapezoidArea(try fixture.row("area", "values").map { $0 }))
        #expect(abs(area - (try fixture.row("area", "expect")[0])) < 1e-12)
    }

    /// Drawing every record once is the figure itself; a record that is not drawn counts nothing.
    @Test func resamplingsCountRecords() throws {
        let fixture = try Fixture("perturbation.txt")
        let classes = try fixture.row("classes", "truth").map { PerturbationTruth.label(Int($0)) }
        let outputs = try fixture.row("classes", "outputs")
        let several = column(outputs, 4, classes)
        let once = [Int](repeating: 1, count: 7)
        let kept = classes.indices.filter { $0 % 7 != 0 }
        let part = column(kept.flatMap { outputs[$0 * 4..<$0 * 4 + 4] }, 4, kept.map { classes[$0] })
        for metric in CurveMetric.ofClasses + [.probability] {
            let figures = several.figures(metric, [once, [0] + once.dropFirst(), once.map { $0 * 3 }])
            #expect(abs((figures[1] ?? .nan) - (figures[0] ?? 0)) < 1e-12)
            #expect(abs((figures[3] ?? .nan) - (figures[0] ?? 0)) < 1e-12)
            #expect(abs((figures[2] ?? .nan) - (part.figures(metric, [])[0] ?? 0)) < 1e-12)
        }
    }

    @Test func truthOfZeroHasNoRelativeError() {
        let found = column([1, 3], 1, [.value(0), .value(2)])
        #expect(found.figures(.mape, [])[0] == 0.5)
        #expect(found.figures(.mae, [])[0] == 1)
    }

    // MARK: With the network

    private func network(threads: Int) throws -> Network {
        try Network(Model(path: exampleModel), layer: nil, needsLayer: false, workers: Workers(count: threads))
    }

    private func beats(_ count: Int) -> [PerturbationItem] {
        (0..<count).map { i in
            let random = RandomSource(seed: 9, key: "\(i)")
            let values = (0..<860).map { Float(random.uniform(UInt64($0))) }
            let maps = (0..<2).map { random.normals(from: 5000 * ($0 + 1), count: 860) }
            return PerturbationItem(key: "\(i)", values: values, shape: [2, 430], leads: 2, maps: maps)
        }
    }

    @Test func outcomesDependNeitherOnBatchNorThreadsNorOtherMethods() throws {
        var settings = PerturbationSettings(.road)
        settings.steps = 5
        settings.orders = [.morf, .lerf]
        let items = beats(5)
        let together = try Perturber(network(threads: 3), methods: ["a", "b"], settings: settings).perturb(items)
        #expect(together[0].curves.count == 5)
        settings.maxMemory = 1 << 16
        let alone = Perturber(try network(threads: 1), methods: ["b"], settings: settings)
        for (i, item) in items.enumerated() {
            var one = item
            one.maps = [item.maps[1]]
            let found = try alone.perturb([one])[0]
            #expect(found.start == together[i].start)
            #expect(found.curves[0] == together[i].curves[2] && found.curves[1] == together[i].curves[3], "\(i)")
            #expect(found.curves[2] == together[i].curves[4], "the random order of \(i)")
        }
    }

    /// An order that is found anew from maps that stay the same is the order of the map.
    @Test func recomputedMapsThatStayTheSameGiveTheSameCurves() throws {
        for scheme in PerturbationSettings.Scheme.allCases {
            var settings = PerturbationSettings(scheme)
            (settings.steps, settings.ties) = (4, .first)
            settings.orders = [.morf, .lerf]
            let items = beats(3)
            let once = try Perturber(network(threads: 2), methods: ["a", "b"], settings: settings).perturb(items)
            var asked = 0
            let anew = try Perturber(network(threads: 2), methods: ["a", "b"], settings: settings) { method, perturbed in
                asked += perturbed.count
                #expect(perturbed.allSatisfy { $0.values != items[$0.number].values })
                return perturbed.map { items[$0.number].maps[method] }
            }.perturb(items)
            #expect(asked == 3 * 4 * 3, "three items, four curves, three steps after the first")
            for (x, y) in zip(once, anew) { #expect(x.curves == y.curves) }
        }
    }

    @Test func sparseMapsAreLeftOutWhenAsked() throws {
        var settings = PerturbationSettings(.point)
        (settings.steps, settings.skipSparse) = (3, true)
        var item = beats(1)[0]
        item.maps = [[Float](repeating: 0, count: 860), item.maps[1]]
        item.maps[0][5] = 1
        let found = try Perturber(network(threads: 1), methods: ["sparse", "full"], settings: settings).perturb([item])[0]
        #expect(found.curves[0] == nil && found.curves[1] != nil && found.curves[2] != nil)
        item.maps[1][0] = .nan
        #expect(throws: ExplainError.self) {
            try Perturber(network(threads: 1), methods: ["sparse", "full"], settings: settings).perturb([item])
        }
    }

    /// What waits on disk and what waits in memory give the same curves, and a single record gives no intervals.
    @Test func curvesDoNotDependOnWhereOutputsWait() throws {
        var settings = PerturbationSettings(.road)
        settings.steps = 4
        let perturber = Perturber(try network(threads: 2), methods: ["a", "b"], settings: settings)
        let items = beats(6)
        let outcomes = try perturber.perturb(items)
        func summary(limit: Int, records: Int) throws -> (points: [CurveSummary.Point], areas: [CurveSummary.Area]) {
            var rules = CurveRules(areasTo: [2, 4, 9])
            rules.resamplings = 20
            let summary = CurveSummary(curves: perturber.curves, steps: 4, keep: 0..<8, rules: rules, limit: limit)
            for (i, outcome) in outcomes.enumerated() { try summary.add(outcome, truth: .label(i % 2), record: "\(i % records)") }
            return try summary.summary([.accuracy, .probability], workers: Workers(count: 2))
        }
        let (memory, disk, one) = (
            try summary(limit: 1 << 20, records: 3), try summary(limit: 1, records: 3), try summary(limit: 9, records: 1)
        )
        #expect(memory.points.map(\.value) == disk.points.map(\.value) && memory.points.map(\.interval) == disk.points.map(\.interval))
        #expect(memory.areas.map(\.overRandomInterval) == disk.areas.map(\.overRandomInterval))
        #expect(memory.points.count == 3 * 2 * 5 && memory.areas.count == 12)
        #expect(one.points.map(\.value) == memory.points.map(\.value) && one.points.allSatisfy { $0.interval == nil })
        #expect(memory.areas[8].overRandom == nil && memory.areas[0].overRandom != nil)
    }
}
