// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import ECGKernels
import ECGModel
import ECGRandom
import Testing

/// The checks of ecg-trust; infidelity and sensitivity against Captum (Tests/Oracles/trust.py).
@Suite struct TrustTests {
    @Test func infidelityIsCaptums() throws {
        let fixture = try Fixture("trust.txt")
        let (products, changes) = (fixture.rows("infidelity", "products"), fixture.rows("infidelity", "changes"))
        let expected = fixture.rows("infidelity", "expect")
        #expect(products.count == 3)
        for i in products.indices {
            var found = Infidelity()
            #expect(found.value == nil && found.normalised == nil)
            for (product, change) in zip(products[i], changes[i]) { found.add(product: product, change: change) }
            #expect(abs((found.value ?? .nan) - expected[i][0]) < 1e-5 * max(1, expected[i][0]))
            #expect(abs((found.normalised ?? .nan) - expected[i][1]) < 1e-5)
            #expect((0...1).contains(found.unexplained ?? .nan))
        }
    }

    @Test func sensitivityIsCaptums() throws {
        let fixture = try Fixture("trust.txt")
        let (maps, copies) = (fixture.rows("sensitivity", "map"), fixture.rows("sensitivity", "copy"))
        let expected = fixture.rows("sensitivity", "expect")
        #expect(maps.count == 3)
        for i in maps.indices {
            let changed = copies[i * 5..<i * 5 + 5].map { $0.map { Float($0) } }
            #expect(abs(maxSensitivity(maps[i].map { Float($0) }, changed: Array(changed)) - expected[i][0]) < 1e-5)
        }
    }

    // MARK: The audit

    private func beats(_ count: Int) -> [ExplainItem] {
        (0..<count).map { i in
            let random = RandomSource(seed: 21, key: "\(i)")
            let values = (0..<860).map { Float(random.uniform(UInt64($0 / 20))) }
            return ExplainItem(key: "\(i)", values: values, shape: [2, 430], timing: .init(fs: 360, r: 136))
        }
    }

    private func figures(
        _ methods: [String], threads: Int = 2, chunks: [Int] = [4], others: Int = 0,
        _ change: (inout TrustAudit.Settings) -> Void = { _ in }
    ) throws -> [TrustFigure] {
        var settings = TrustAudit.Settings()
        settings.copies = 2
        settings.perturbation.steps = 3
        settings.resamplings = 50
        change(&settings)
        let workers = Workers(count: threads)
        let chosen = try methods.map { try #require(Method.named($0)) }
        func network(_ model: Model) throws -> Network {
            try Network(model, layer: nil, needsLayer: Explainer.needsLayer(chosen, settings.attribution), workers: workers)
        }
        let drawn = try LayerRandomisation(ModelFile(path: exampleModel), .init())
        let audit = TrustAudit(
            try network(Model(path: exampleModel)), methods: chosen,
            others: try (0..<others).map { _ in try network(Model(path: exampleModel)) },
            randomised: try network(Model(bytes: drawn.model(drawn.steps.indices).bytes())), settings: settings)
        var items = beats(chunks.reduce(0, +))[...]
        for count in chunks {
            let chunk = Array(items.prefix(count))
            items = items.dropFirst(count)
            try audit.add(chunk, records: chunk.map { "\((Int($0.key) ?? 0) % 2)" })
        }
        return try audit.figures()
    }

    private func figure(_ figures: [TrustFigure], _ method: String, _ check: TrustCheck) throws -> TrustFigure {
        try #require(figures.first { $0.method == method && $0.check == check })
    }

    @Test func everyMethodHasEveryCheckAndTheControlComesLast() throws {
        let found = try figures(["deeplift", "random", "saliency"])
        #expect(found.count == 3 * TrustCheck.allCases.count && found.last?.method == TrustAudit.control)
        let deeplift = try figure(found, "deeplift", .completeness)
        #expect((deeplift.value ?? 1) < 1e-4 && deeplift.passes == true)
        #expect(try figure(found, "saliency", .completeness).passes == nil)
        for check in [TrustCheck.faithfulness, .consistency, .weights, .logit, .infidelity, .sensitivity] {
            let one = try figure(found, "deeplift", check)
            #expect(one.value?.isFinite == true && one.items == 4 && one.interval != nil, "\(check)")
        }
    }

    /// Noise that depends on the key alone is the same whatever the network, the class and the item: it fails what it must.
    @Test func theControlDependsOnNothing() throws {
        let found = try figures(["saliency"], others: 1)
        for check in [TrustCheck.weights, .logit, .consistency] {
            #expect(abs((try figure(found, "random", check).value ?? 0) - 1) < 1e-9, "\(check)")
        }
        #expect(try figure(found, "random", .weights).passes == false && figure(found, "random", .logit).passes == false)
        // the same model again agrees with itself
        #expect(abs((try figure(found, "saliency", .consistency).value ?? 0) - 1) < 1e-6)
    }

    @Test func figuresDependNeitherOnChunksNorThreads() throws {
        let (a, b) = (try figures(["saliency", "gradcam"]), try figures(["saliency", "gradcam"], threads: 1, chunks: [1, 3]))
        for (x, y) in zip(a, b) { #expect(x.value == y.value && x.interval == y.interval && x.items == y.items, "\(x.method) \(x.check)") }
    }

    @Test func checksCanBeLeftOutAndLimitsMoved() throws {
        let found = try figures(["saliency"]) {
            $0.checks = [.weights]
            $0.limits[.weights] = -1
        }
        #expect(found.map(\.check) == [.weights, .weights] && found[0].passes == false)
    }
}
