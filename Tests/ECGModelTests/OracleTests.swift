// SPDX-License-Identifier: GPL-3.0-or-later
import ECGModel
import TestSupport
import Testing

/// Logits and gradients against what PyTorch computed (bench/export.py of the shared folder).
@Suite struct OracleTests {
    static let networks = ["mitbih-cnn", "random-arends", "random-jones-cnn", "random-jones-lstm", "random-storas", "random-xplaim"]

    private func setUp(_ name: String) throws -> (folder: String, session: Session, items: Items)? {
        guard let shared = sharedFolder, let ecg = Npy("\(shared)/oracle/\(name)/ecg.npy") else { return nil }
        let shape = Array(ecg.shape.dropFirst())
        let session = try Session(Model(path: "\(shared)/models/\(name).onnx"), itemShape: shape)
        return ("\(shared)/oracle/\(name)", session, Items(shape: shape, values: ecg.floats))
    }

    @Test(.enabled(if: sharedFolder != nil, "the shared oracles are not here"), arguments: networks)
    func logitsAreThoseOfPyTorch(_ name: String) throws {
        guard let (folder, session, items) = try setUp(name), let logits = Npy("\(folder)/logits.npy") else { return }
        let found = try session.run(items)
        // A network with one output has a range over its items.
        #expect(shareOfRange(found.logits, logits.values) < 1e-4)
    }

    @Test(.enabled(if: sharedFolder != nil, "the shared oracles are not here"), arguments: networks)
    func gradientsAreThoseOfPyTorch(_ name: String) throws {
        guard let (folder, session, items) = try setUp(name) else { return }
        let isTrained = name == "mitbih-cnn"
        let file = isTrained ? "gradient" : "gradient_of_last_logit"
        guard let gradient = Npy("\(folder)/\(file).npy"), let exact = Npy("\(folder)/\(file)_float64.npy") else { return }
        let target = isTrained ? Npy("\(folder)/target.npy")?.values.map { Int($0) } ?? [] : [session.outputShape.elementCount - 1]
        let found = try session.reverse(items, targets: [.logit(target)]).targets[0].gradient
        var compared = 0
        for item in 0..<items.count {
            let range = item * items.itemCount..<(item + 1) * items.itemCount
            let (reference, yardstick) = (Array(gradient.values[range]), Array(exact.values[range]))
            // A kink lies between float32 and float64 where they differ by more: such an item says nothing.
            guard shareOfRange(reference.map { Float($0) }, yardstick) < 1e-5 else { continue }
            compared += 1
            #expect(shareOfRange(Array(found[item]), reference) < 1e-4, "item \(item)")
        }
        #expect(compared > 0)
    }
}
