// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import ECGLearn
import ECGModel
import TestSupport
import Testing

/// Networks out of files and into files.
struct FileTests {
    static func logits(
        _ graph: LayerGraph, parameters: [Float], states: [Float], items: [Float], count: Int, workers: Workers = Workers(count: 2)
    ) throws -> [Float] {
        let executor = try Executor(graph, training: false, batch: count, workers: workers)
        let width = graph.input.count
        let region = executor.inputRegion(items: count)
        for item in 0..<count {
            region[item * width..<(item + 1) * width]
                .transpose(items, offset: item * width, rows: graph.input.channels, columns: graph.input.length)
        }
        let (p, s) = (Region(parameters), Region(states.isEmpty ? [0] : states))
        executor.setParameters(p, states: s)
        return executor.forward(items: count, parameters: p, states: s).elements
    }

    @Test(arguments: ["random-jones-cnn", "random-jones-lstm", "random-storas", "random-arends", "random-xplaim", "mitbih-cnn"])
    func aFileOfPyTorchIsReadWithItsLogits(_ name: String) throws {
        guard let shared = sharedFolder, let x = Npy("\(shared)/oracle/\(name)/ecg.npy"), let y = Npy("\(shared)/oracle/\(name)/logits.npy")
        else {
            print("skipped \(name): no ../shared here")
            return
        }
        let graph = try LayerGraph(try Model(path: "\(shared)/models/\(name).onnx"), leads: x.shape[1], samples: x.shape[2])
        let found = try Self.logits(
            graph, parameters: graph.initialParameters(seed: 0), states: graph.initialStates, items: x.floats, count: x.shape[0])
        // The range of a regression's three values says little: then of their size.
        let scale = max((y.values.max() ?? 0) - (y.values.min() ?? 0), y.values.map(abs).max() ?? 0)
        #expect(zip(found, y.values).allSatisfy { abs(Double($0) - $1) <= 1e-5 * scale } && found.count == y.values.count)
    }

    @Test(arguments: Network.allCases) func aFileThatIsWrittenHasTheSameLogits(_ network: Network) throws {
        let leads = network == .jonesLSTM || network == .jonesCNN ? 1 : 8
        let samples = network == .arends ? 301 : 203
        let graph = try network.graph(.init(leads: leads, samples: samples, outputs: 3, width: 0.5, depth: network == .arends ? 5 : 2))
        let parameters = graph.initialParameters(seed: 7).enumerated().map { $0.element + 0.01 * Float($0.offset % 7 - 3) }
        let states = graph.initialStates.enumerated().map { $0.element + 0.1 * Float($0.offset % 5) }
        let items = Oracle.formula("items", 4 * leads * samples).map { Float($0) }
        let expected = try Self.logits(graph, parameters: parameters, states: states, items: items, count: 4)
        let bytes = try graph.onnx(parameters: parameters, states: states, metadata: [("classes", "[\"a\",\"b\",\"c\"]")], version: "test")
        let model = try Model(bytes: bytes)
        #expect(model.classNames == ["a", "b", "c"])
        let session = try Session(model, itemShape: [leads, samples])
        let prediction = try session.run(Items(shape: [leads, samples], values: items))
        let found = (0..<4).flatMap { Array(prediction.logits(of: $0)) }
        #expect(shareOfRange(found, expected.map { Double($0) }) <= 1e-5, "\(network)")
        // And read again it is the same network.
        let again = try LayerGraph(model, leads: leads, samples: samples)
        let third = try Self.logits(
            again, parameters: again.initialParameters(seed: 0), states: again.initialStates, items: items, count: 4)
        #expect(shareOfRange(third, expected.map { Double($0) }) <= 1e-5, "\(network), read again")
        #expect(
            try again.onnx(parameters: again.initialParameters(seed: 0), states: again.initialStates, metadata: [], version: "test").count
                > 0)
    }

    @Test func whatCannotBeTrainedIsRefusedByName() throws {
        guard let shared = sharedFolder else { return }
        let model = try Model(path: "\(shared)/models/mitbih-cnn.onnx")
        #expect(throws: ModelError.self) { try LayerGraph(model, leads: 3, samples: 430) }
        #expect(throws: (any Error).self) { try LayerGraph(model, leads: 2, samples: 3) }
    }

    @Test func itemsTooShortAreAnErrorAndNoCrash() {
        for network in Network.allCases {
            for samples in [1, 2, 5, 17, 40] {
                let graph = try? network.graph(.init(leads: 2, samples: samples, outputs: 2))
                if let graph { #expect(graph.outputCount == 2) }
            }
        }
        #expect(throws: LearnError.self) { try Network.jonesCNN.graph(.init(leads: 1, samples: 30, outputs: 2)) }
        #expect(throws: LearnError.self) { try Network.storas.graph(.init(leads: 12, samples: 600, outputs: 1, width: 0)) }
    }
}
