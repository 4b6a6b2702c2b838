// SPDX-License-Identifier: GPL-3.0-or-later
import ECGModel
import TestSupport
import Testing

/// The fast float32 plans against the same graph in float64 by plain loops, layer by layer.
@Suite struct PrecisionTests {
    @Test(.enabled(if: sharedFolder != nil, "the shared models are not here"), arguments: ["mitbih-cnn", "random-jones-lstm"])
    func everyLayerAndItsGradientAgreeWithFloat64(_ name: String) throws {
        guard let shared = sharedFolder, let ecg = Npy("\(shared)/oracle/\(name)/ecg.npy") else { return }
        let shape = Array(ecg.shape.dropFirst())
        let model = try Model(path: "\(shared)/models/\(name).onnx")
        let items = Items(shape: shape, values: Array(ecg.floats.prefix(2 * shape.elementCount)))
        let fast = try Session(model, itemShape: shape)
        let exact = try Session(model, itemShape: shape, inDouble: true)
        var compared = 0
        // One layer at a time: what is asked for is not fused away.
        for layer in model.layers().map(\.name) {
            let found: Attributions
            do {
                found = try fast.reverse(items, targets: [.logit([0])], layers: [layer])
            } catch let error as ModelError where error.message.contains("has no part for each item") {
                // a recurrent layer's values by time come before they are turned
                continue
            }
            compared += 1
            let reference = try exact.reverse(items, targets: [.logit([0])], layers: [layer])
            #expect(shareOfRange(found.layers[0].values, reference.layers[0].values.map { Double($0) }) < 1e-4, "output of \(layer)")
            let (gradient, yardstick) = (found.targets[0].layerGradients[0].values, reference.targets[0].layerGradients[0].values)
            #expect(shareOfRange(gradient, yardstick.map { Double($0) }) < 1e-4, "gradient at \(layer)")
        }
        #expect(compared >= 3)
    }
}
