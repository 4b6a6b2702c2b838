// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import ECGKernels
import ECGModel
import TestSupport
import Testing

/// Rules by operator use, on the small networks that Tests/Oracles/attribution_rules.py writes.
@Suite struct RulesTests {
    private static let fixtures = "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/") + "/Fixtures"
    static let gated = ["Reused", "ReluPool", "PoolRelu", "SharedPool", "Overlapping", "Normed"]
    static let complete =
        gated + [
            "Leaky", "Smooth", "Gated", "Attention", "FarScores", "EachSample", "EachLead", "Softmaxed", "LSTM", "LSTMBoth", "LSTMStates",
            "GRU",
            "GRUStates",
        ]

    private func maps(_ name: String, _ methods: [String], threads: Int = 1, _ change: (inout AttributionSettings) -> Void = { _ in })
        throws
        -> [Explanation]
    {
        let fixture = try fixture(name)
        var settings = AttributionSettings()
        // outputs are counted as they are written, [class, sample]
        settings.target = .index(name == "EachSample" ? 104 : 0)
        change(&settings)
        let chosen = try methods.map { try #require(Method.named($0)) }
        let network = try Network(
            Model(path: "\(Self.fixtures)/\(name).onnx"), layer: nil, needsLayer: Explainer.needsLayer(chosen, settings),
            workers: Workers(count: threads))
        let items = (0..<3).map { ExplainItem(key: "\($0)", values: fixture[0][$0], shape: [2, 40]) }
        return try Explainer(network, methods: chosen, settings: settings).explain(items, from: 0)
    }

    /// [what][item][values]: items, baselines, gradient and, where there are any, guided backpropagation and deconvolution.
    private func fixture(_ name: String) throws -> [[[Float]]] {
        let file = try #require(Npy("\(Self.fixtures)/\(name).npy"))
        let size = 80
        return (0..<file.shape[0]).map { what in
            (0..<3).map { Array(file.floats[(what * 3 + $0) * size..<(what * 3 + $0 + 1) * size]) }
        }
    }

    @Test(arguments: complete + ["Chosen"]) func gradientsArePyTorchs(_ name: String) throws {
        let found = try maps(name, ["gradient"]) { $0.score = name == "Softmaxed" ? .probability : .logit }
        let expected = try fixture(name)[2]
        for i in 0..<3 { #expect(shareOfRange(found[i].maps[0].values, expected[i].map { Double($0) }) < 1e-5) }
    }

    /// Reused, functional and in-place activations, and activations beside max pooling: each use by itself.
    @Test(arguments: gated) func activationsAreGatedAtEachUse(_ name: String) throws {
        let found = try maps(name, ["guided-backprop", "deconvolution"])
        let fixture = try fixture(name)
        for i in 0..<3 {
            #expect(shareOfRange(found[i].maps[0].values, fixture[3][i].map { Double($0) }) < 1e-5, "guided backpropagation")
            #expect(shareOfRange(found[i].maps[1].values, fixture[4][i].map { Double($0) }) < 1e-5, "deconvolution")
        }
    }

    /// Products, quotients, softmax, overlapping maxima, normalisation, gates: contributions add up whatever the baseline.
    @Test(arguments: complete) func contributionsAddUp(_ name: String) throws {
        let baselines = try fixture(name)[1]
        let ways: [(inout AttributionSettings) -> Void] = [
            { $0.baseline = .zero }, { $0.baseline = .mean }, { $0.baseline = .items(baselines) },
            { ($0.baseline, $0.score) = (.items(baselines), .probability) },
        ]
        for way in ways {
            for item in try maps(name, ["deeplift", "deeplift-shap"], way) {
                for map in item.maps { #expect((map.residual ?? 1) < 2e-4, "\(map.method) of item \(item.key)") }
            }
        }
    }

    /// A softmax's multipliers stay below what comes from upstream, however far its inputs move, so that a map is not made of what cancels.
    @Test func scoresThatMoveFarDontDrownTheMap() throws {
        for item in try maps("FarScores", ["deeplift"], { _ in }) {
            let map = item.maps[0]
            let difference = abs(item.score - (map.baseScore ?? .nan))
            #expect(map.values.reduce(0) { $0 + abs($1) } < Float(100 * difference), "item \(item.key)")
        }
    }

    @Test func aMethodWithoutARuleIsRefusedByName() throws {
        let error = #expect(throws: ModelError.self) { try maps("Chosen", ["gradient", "deeplift"]) }
        #expect(error?.kind == .unsupported)
        #expect(error?.message.contains("deeplift") == true && error?.message.contains("Where") == true)
    }

    /// Methods that share passes say what each says alone, however the threads share the work.
    @Test(arguments: ["Reused", "SharedPool"]) func sharedPassesChangeNothing(_ name: String) throws {
        let methods = [
            "saliency", "guided-backprop", "deconvolution", "gradcam", "guided-gradcam", "deeplift", "deeplift-shap",
            "integrated-gradients",
            "smoothgrad",
        ]
        let baselines = try fixture(name)[1]
        func change(_ settings: inout AttributionSettings) { (settings.baseline, settings.samples) = (.items(baselines), 3) }
        let together = try maps(name, methods, threads: 3, change)
        for (m, method) in methods.enumerated() {
            let alone = try maps(name, [method], change)
            for i in 0..<3 {
                #expect(together[i].maps[m].values == alone[i].maps[0].values, "\(method)")
                #expect(together[i].maps[m].residual == alone[i].maps[0].residual, "\(method)")
                #expect(together[i].score == alone[i].score, "\(method)")
            }
        }
    }

    /// Points enough for several chunks a thread: whoever is done first, sums are taken in the points' order.
    @Test func mapsDontDependOnTheThreads() throws {
        let methods = ["smoothgrad", "vargrad", "integrated-gradients", "ig-smoothgrad", "gradient-shap"]
        let (once, thrice) = (try maps("Reused", methods) { $0.samples = 70 }, try maps("Reused", methods, threads: 3) { $0.samples = 70 })
        for i in 0..<3 {
            for (one, three) in zip(once[i].maps, thrice[i].maps) {
                #expect(one.values == three.values && one.residual == three.residual, "\(one.method)")
            }
        }
    }

    @Test func predictedTargetsComeFromThePairsToo() throws {
        let alone = try maps("Leaky", ["deeplift-shap"]) { $0.target = .predicted }
        let beside = try maps("Leaky", ["saliency", "deeplift-shap"]) { $0.target = .predicted }
        for (a, b) in zip(alone, beside) {
            #expect(a.target == b.target && a.score == b.score)
            #expect(a.maps[0].values == b.maps[1].values)
            #expect(abs((a.maps[0].residual ?? 1) - (b.maps[1].residual ?? 0)) < 1e-3)
        }
    }

    @Test func tooLittleMemoryNamesTheLeastThatWorks() throws {
        let error = #expect(throws: ExplainError.self) {
            try maps("Leaky", ["deeplift"]) { ($0.maxMemory, $0.residentMemory) = (101 << 20, { 100 << 20 }) }
        }
        #expect(error?.kind == .usage && error?.message.contains("--max-memory") == true && error?.message.contains("MB") == true)
        // without what was in memory before, the same room is enough
        _ = try maps("Leaky", ["deeplift"]) { $0.maxMemory = 1 << 20 }
    }
}
