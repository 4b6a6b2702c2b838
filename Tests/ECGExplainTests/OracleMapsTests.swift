// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import ECGKernels
import ECGModel
import TestSupport
import Testing

/// Maps against what Captum computed with the trained network (the shared folder's oracle/mitbih-cnn).
@Suite struct OracleMapsTests {
    private static let isThere: Bool = sharedFolder.map { Npy("\($0)/oracle/mitbih-cnn/ecg.npy") != nil } ?? false

    private func array(_ name: String) -> Npy? { sharedFolder.flatMap { Npy("\($0)/oracle/mitbih-cnn/\(name).npy") } }

    /// The maps of the first items, explained for their labels.
    private func maps(_ methods: [String], items count: Int, _ change: (inout AttributionSettings) -> Void = { _ in }) throws
        -> [Explanation]
    {
        let folder = try #require(sharedFolder)
        let ecg = try #require(array("ecg"))
        let targets = try #require(array("target")).values
        let size = ecg.shape[1] * ecg.shape[2]
        var settings = AttributionSettings()
        settings.target = .label
        change(&settings)
        let chosen = try methods.map { try #require(Method.named($0)) }
        let network = try Network(
            Model(path: "\(folder)/models/mitbih-cnn.onnx"), layer: nil, needsLayer: Explainer.needsLayer(chosen, settings),
            workers: Workers(count: 2))
        let items = (0..<count).map { i in
            ExplainItem(
                key: "\(i)", values: Array(ecg.floats[i * size..<(i + 1) * size]), shape: Array(ecg.shape[1...]), label: Int(targets[i]))
        }
        return try Explainer(network, methods: chosen, settings: settings).explain(items, from: 0)
    }

    /// The largest difference of each item's map, as a share of its range.
    private func differences(_ found: [Explanation], _ map: Int, _ reference: String) throws -> [Double] {
        let oracle = try #require(array(reference))
        let size = oracle.values.count / oracle.shape[0]
        return found.enumerated().map { i, item in
            shareOfRange(Array(item.maps[map].values.prefix(size)), Array(oracle.values[i * size..<(i + 1) * size]))
        }
    }

    /// Rules that meet no kink between float32 and the frequency domain's rounding: every item, tightly. Of those with kinks, nearly every item: a
    /// kink may lie as near to zero as any rounding.
    @Test(.enabled(if: isThere, "the shared oracle is not here")) func mapsAreCaptums() throws {
        let found = try maps(
            ["saliency", "input-x-gradient", "guided-backprop", "deconvolution", "deeplift", "gradcam", "guided-gradcam"], items: 32
        ) { $0.captum = true }
        let references = [
            "saliency", "input_x_gradient", "guided_backprop", "deconvolution", "deeplift", "gradcam_linear", "guided_gradcam",
        ]
        for (m, reference) in references.enumerated() {
            let differences = try differences(found, m, reference)
            #expect(differences.filter { $0 < 1e-4 }.count >= 31, "\(reference)")
        }
    }

    @Test(.enabled(if: isThere, "the shared oracle is not here")) func perturbationMapsAreCaptums() throws {
        let occluded = try maps(["occlusion"], items: 4) { ($0.window, $0.stride) = (.samples(8), .samples(8)) }
        #expect(try differences(occluded, 0, "occlusion_8").allSatisfy { $0 < 1e-5 })
        let permutations = try #require(array("shapley_permutations"))
        let switched = try maps(["feature-ablation", "shapley-sampling"], items: 4) {
            ($0.features, $0.window, $0.samples) = (.windows, .samples(10), 10)
            var given = Draws.Given()
            given.permutation = .init(shape: permutations.shape, elements: permutations.values.map { Int($0) })
            $0.draws = Draws(seed: 0, given: given)
        }
        #expect(try differences(switched, 0, "feature_ablation_mask10").allSatisfy { $0 < 1e-5 })
        #expect(try differences(switched, 1, "shapley_sampling_given_permutations").allSatisfy { $0 < 1e-5 })
        #expect(switched.allSatisfy { ($0.maps[1].residual ?? 1) < 1e-5 })
    }

    @Test(.enabled(if: isThere, "the shared oracle is not here")) func smoothgradIsCaptumsWithTheSameNoise() throws {
        let noise = try #require(array("noise"))
        let found = try maps(["smoothgrad", "smoothgrad-signed"], items: 4) {
            var given = Draws.Given()
            given.noise = .init(shape: noise.shape, elements: noise.floats)
            $0.draws = Draws(seed: 0, given: given)
        }
        // In 25 noisy copies of an item a kink may lie as near to zero as any rounding: of four items in one.
        for (map, reference) in ["smoothgrad_given_noise", "smoothgrad_signed_given_noise"].enumerated() {
            let differences = try differences(found, map, reference)
            #expect(differences.filter { $0 < 1e-6 }.count >= 3 && differences.allSatisfy { $0 < 1e-3 }, "\(reference): \(differences)")
        }
        #expect(found.allSatisfy { !$0.maps[0].usesSeed })
    }

    /// DeepLIFT's contributions add up whatever the baseline; integrated gradients' after enough steps; a demand beyond reach is an error.
    @Test(.enabled(if: isThere, "the shared oracle is not here")) func contributionsAddUp() throws {
        let found = try maps(["deeplift", "integrated-gradients"], items: 2) { ($0.baseline, $0.stepsAuto) = (.mean, true) }
        for item in found {
            #expect((item.maps[0].residual ?? 1) < 1e-5)
            #expect((item.maps[1].residual ?? 1) < 0.01)
        }
        #expect(throws: ExplainError.self) { try maps(["integrated-gradients"], items: 1) { ($0.steps, $0.maxResidual) = (2, 1e-9) } }
    }

    @Test(.enabled(if: isThere, "the shared oracle is not here")) func mapsDependNeitherOnMemoryNorOnNeighbours() throws {
        let all = try maps(["smoothgrad", "random"], items: 3) { $0.samples = 5 }
        let one = try maps(["smoothgrad", "random"], items: 1) { ($0.samples, $0.maxMemory) = (5, 32 << 20) }
        #expect(all[0].maps.map(\.values) == one[0].maps.map(\.values))
    }
}
