// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import ECGKernels
import ECGModel
import TestSupport
import Testing

/// Maps of the papers' networks against what Tests/Oracles/attribution.py kept of Captum's: sixteen values of one item each, where Captum's float32 and float64
/// agree. The whole table is in pipelines/benchmarks/attribution-parity.txt.
@Suite struct ParityTests {
    static let networks = ["jones-lstm", "jones-cnn", "arends", "storas", "xplaim"]
    private static let models = sharedFolder.map { "\($0)/models" }
    private static let isThere = sharedFolder.map { Npy("\($0)/oracle/random-arends/ecg.npy") != nil } ?? false
    private static let rows: [[String]] = {
        let folder = #filePath.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/Fixtures/"
        let text = String(decoding: Npy.bytes(folder + "parity.csv") ?? [], as: UTF8.self)
        return text.split(separator: "\n").map { $0.split(separator: ",").map(String.init) }
    }()

    /// Numbers in 0…1 that the script makes by the same formula.
    private func counted(_ count: Int, _ step: Int, _ offset: Int, _ modulus: Int) -> [Double] {
        (0..<count).map { Double(($0 * step + offset) % modulus) / Double(modulus) }
    }

    private func settings(_ method: String, shape: [Int], items: Int) -> AttributionSettings {
        var settings = AttributionSettings()
        let size = shape.reduce(1, *)
        (settings.target, settings.captum, settings.steps, settings.samples) = (.index(0), true, 20, 5)
        var given = Draws.Given()
        given.noise = .init(shape: [5, items] + shape, elements: counted(5 * items * size, 7919, 13, 1000).map { Float(0.1 * ($0 - 0.5)) })
        given.alpha = .init(shape: [5, items], elements: counted(5 * items, 37, 11, 100))
        let window = shape[1] / 4
        settings.window = .samples(window)
        switch method.split(separator: " ").first {
        case "feature-ablation": settings.stride = .samples(window)
        case "occlusion": settings.stride = .samples(window / 2)
        case "shapley-sampling":
            (settings.stride, settings.samples) = (.samples(window), 2)
            let features = shape[0] * ((shape[1] + window - 1) / window)
            let orders = (0..<2).map { d in
                let keys = counted(features, 31 + 6 * d, d, 97).enumerated().map { $1 + 1e-6 * Double($0) }
                return keys.indices.sorted { keys[$0] < keys[$1] }
            }
            given.permutation = .init(shape: [2, features], elements: orders.flatMap { $0 })
        case "deeplift-shap":
            let values = counted(3 * size, 6007, 5, 900).map { Float(0.2 * ($0 - 0.5)) }
            settings.baseline = .items((0..<3).map { Array(values[$0 * size..<($0 + 1) * size]) })
        default: break
        }
        // the tests beside this one are of the same process
        settings.maxMemory = 4 << 30
        settings.features = .windows
        settings.segment = shape[1] < 2000 ? 0.1 : 1
        if let choice = method.split(separator: " ").dropFirst().first.map(String.init) {
            if let rule = Quadrature(rawValue: choice) { settings.quadrature = rule }
            if let division = FeatureSet.Division(rawValue: choice) { settings.features = division }
        }
        settings.draws = Draws(seed: 0, given: given)
        return settings
    }

    @Test(.enabled(if: isThere, "the shared models are not here"), arguments: networks) func mapsAreCaptums(_ name: String) throws {
        let models = try #require(Self.models)
        let ecg = try #require(Npy("\(models)/../oracle/random-\(name)/ecg.npy"))
        let (shape, size) = (Array(ecg.shape[1...]), ecg.shape[1] * ecg.shape[2])
        let rows = Self.rows.filter { $0[0] == name }
        #expect(rows.count >= 8)
        let model = try Model(path: "\(models)/random-\(name).onnx")
        for row in rows {
            let method = try #require(Method.named(String(row[1].split(separator: " ")[0])))
            let settings = settings(row[1], shape: shape, items: try #require(Int(row[2])))
            let network = try Network(
                model, layer: nil, needsLayer: Explainer.needsLayer([method], settings), workers: Workers(count: 2))
            let number = try #require(Int(row[3]))
            let item = ExplainItem(
                key: "\(number)", values: Array(ecg.floats[number * size..<(number + 1) * size]), shape: shape, timing: .init(fs: 500))
            let map = try Explainer(network, methods: [method], settings: settings).explain([item], from: number)[0].maps[0].values
            let range = try #require(Double(row[4]))
            for (place, text) in row.dropFirst(5).enumerated() {
                let expected = try #require(Double(text))
                // Maps that are differences of logits are no finer than a float32 near one is.
                #expect(abs(Double(map[place * size / 16]) - expected) <= 1e-4 * range + 0x1p-24, "\(row[1]) at \(place)")
            }
        }
    }
}
