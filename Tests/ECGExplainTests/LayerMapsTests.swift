// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import ECGKernels
import ECGModel
import TestSupport
import Testing

/// Maps of layers and of switched parts on the network that Tests/Oracles/attribution_layers.py writes, against autograd, SciPy and Captum.
@Suite struct LayerMapsTests {
    private static let fixtures = "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/") + "/Fixtures"
    private static let items = 3
    /// The places of the maps in the fixture.
    private enum Place: Int { case items, baseline, means, cams = 4, parts = 12, occlusion = 18 }
    private let file: Npy

    init() throws { file = try #require(Npy("\(Self.fixtures)/Layers.npy")) }

    private func values(_ what: Int, _ item: Int) -> [Float] {
        Array(file.floats[(what * Self.items + item) * 80..<(what * Self.items + item + 1) * 80])
    }

    private func check(
        _ method: String, _ what: Int, within limit: Double = 1e-5, sourceLocation: SourceLocation = #_sourceLocation,
        _ change: (inout AttributionSettings) -> Void
    ) throws {
        var settings = AttributionSettings()
        settings.target = .index(1)
        settings.baseline = .items([values(Place.baseline.rawValue, 0)])
        change(&settings)
        let chosen = try #require(Method.named(method))
        let network = try Network(
            Model(path: "\(Self.fixtures)/Layers.onnx"), layer: settings.layer, needsLayer: Explainer.needsLayer([chosen], settings),
            workers: Workers(count: 2))
        let items = (0..<Self.items).map { i in
            ExplainItem(
                key: "\(i)", values: values(Place.items.rawValue, i), shape: [2, 40], timing: .init(fs: 20, r: 12, beats: [4, 15, 29]))
        }
        let found = try Explainer(network, methods: [chosen], settings: settings).explain(items, from: 0)
        for i in 0..<Self.items {
            let expected = values(what, i).map { Double($0) }
            #expect(shareOfRange(found[i].maps[0].values, expected) < limit, "\(method) of item \(i)", sourceLocation: sourceLocation)
        }
    }

    /// Paper 001: the absolute gradient of the mean of the last convolution's outputs; a shortcut of one tap behind it is not the one.
    @Test(arguments: [nil, "last-conv", "/last/Conv"]) func meanOfTheLastConvolutionIsAutograds(_ layer: String?) throws {
        try check("saliency", Place.means.rawValue) { ($0.target, $0.layer) = (.layerMean, layer) }
    }

    @Test func meanOfANamedLayerIsAutograds() throws {
        try check("saliency", Place.means.rawValue + 1) { ($0.target, $0.layer) = (.layerMean, "/first/Conv") }
    }

    /// Paper 000: Grad-CAM at the last convolution or a named layer, of the logit or the probability, spread linearly or by spline.
    @Test(arguments: [nil, "/first/Conv"], [AttributionSettings.Score.logit, .probability]) func gradcamIsAutograds(
        _ layer: String?, _ score: AttributionSettings.Score
    ) throws {
        for (k, upsampling) in [Upsampling.linear, .spline].enumerated() {
            try check("gradcam", Place.cams.rawValue + (layer == nil ? 0 : 4) + (score == .logit ? 0 : 2) + k) {
                ($0.layer, $0.score, $0.upsampling) = (layer, score, upsampling)
            }
        }
    }

    /// Feature ablation over each division, from a baseline that is not zero, against Captum's with a mask.
    @Test(arguments: zip([FeatureSet.Division.beats, .windows, .allLeadWindows, .leads, .leadSegments, .segments], 0..<6))
    func featureAblationIsCaptums(_ division: FeatureSet.Division, _ place: Int) throws {
        try check("feature-ablation", Place.parts.rawValue + place, within: 5e-5) {
            ($0.features, $0.window, $0.segment) = (division, .samples(8), 0.25)
        }
    }

    @Test(arguments: zip([FeatureSet.Division.windows, .allLeadWindows], 0..<2)) func occlusionIsCaptums(
        _ division: FeatureSet.Division, _ place: Int
    ) throws {
        try check("occlusion", Place.occlusion.rawValue + place, within: 5e-5) {
            ($0.occlusion, $0.window, $0.stride) = (division, .samples(8), .samples(4))
        }
    }

    /// The same parts for occlusion, which over parts that don't overlap says what feature ablation says.
    @Test(arguments: zip([FeatureSet.Division.beats, .leads, .leadSegments, .segments], [0, 3, 4, 5])) func occlusionTakesEveryDivision(
        _ division: FeatureSet.Division, _ place: Int
    ) throws {
        try check("occlusion", Place.parts.rawValue + place, within: 5e-5) { ($0.occlusion, $0.segment) = (division, 0.25) }
    }
}
