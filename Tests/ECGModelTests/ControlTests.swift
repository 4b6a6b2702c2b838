// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import ECGModel
import TestSupport
import Testing

/// Graphs inside nodes (Tests/Oracles/loops.py): loops and choices that are known when the items' shape is run, all others are refused by name.
@Suite struct ControlTests {
    private func cases() throws -> [ArchivedCase] { try ArchivedCase.read("loops.bin") }

    private func session(_ one: ArchivedCase) throws -> Session {
        try Session(Model(bytes: one.model), itemShape: [1, 4], activation: OutputActivation.none)
    }

    @Test func outputsAreThoseOfONNXRuntime() throws {
        let runs = try cases().filter { ["runs", "alone"].contains($0.title[1]) }
        #expect(runs.count >= 9)
        for one in runs {
            let items = Items(shape: [1, 4], values: one.inputs[0].floats ?? [])
            let session = try session(one)
            let share = shareOfRange(try session.run(items).logits, one.outputs[0].doubles)
            #expect(share < 1e-6, "\(one.title[0]): \(share)")
            #expect(session.takesItemsAlone == (one.title[1] == "alone"), "\(one.title[0])")
        }
    }

    @Test func othersAreRefusedByName() throws {
        let refused = try cases().filter { !["runs", "alone", "few"].contains($0.title[1]) }
        #expect(refused.count >= 12)
        for one in refused {
            let error = #expect(throws: ModelError.self, "\(one.title[0])") { _ = try session(one) }
            guard let error else { continue }
            #expect("\(error.kind)" == one.title[1], "\(one.title[0]): \(error.message)")
            for word in one.title.dropFirst(2) {
                let words = word.replacing("_", with: " ")
                #expect(error.message.contains(words), "\(one.title[0]): \(error.message)")
            }
        }
    }

    /// Each round of a loop is a use of its own: gradients flow back through all of them.
    @Test func gradientsFlowThroughRounds() throws {
        for (name, factor) in [("halved", Float(0.125)), ("stopped", 0.125), ("never", 1), ("taken", 0.5), ("by-shape", 0.5)] {
            let one = try #require(try cases().first { $0.title[0] == name })
            let items = Items(shape: [1, 4], values: one.inputs[0].floats ?? [])
            let gradient = try session(one).reverse(items, targets: [.logit([2])]).targets[0].gradient
            for item in 0..<items.count { #expect(Array(gradient[item]) == [0, 0, factor, 0], "\(name)") }
        }
    }

    /// Graphs that put all items into one row: an item has what it has alone, gradients too.
    @Test func itemsInOneRowAreTakenAlone() throws {
        let rows = try cases().filter { ["one-row", "flat", "summed", "scalar", "new-axis"].contains($0.title[0]) }
        #expect(rows.count == 5)
        for one in rows {
            let items = Items(shape: [1, 4], values: one.inputs[0].floats ?? [])
            let session = try session(one)
            let found = try session.reverse(items, targets: [.logit([0])]).targets[0]
            for item in 0..<items.count {
                let gradient = Array(found.gradient[item])
                #expect(gradient.allSatisfy { $0 == 0 || $0 == 1 } && gradient[0] == 1, "\(one.title[0])")
                let score = one.outputs[0].doubles[item * session.outputShape.elementCount]
                #expect(abs(Double(found.scores[item]) - score) < 1e-6, "\(one.title[0])")
            }
        }
    }

    /// One is turned inside out for its recurrent layer.
    @Test(
        .enabled(if: sharedFolder != nil, "the shared models are not here"),
        arguments: ["random-jones-lstm", "random-arends", "mitbih-cnn"])
    func networksKeepItemsApart(_ name: String) throws {
        guard let shared = sharedFolder else { return }
        let model = try Model(path: "\(shared)/models/\(name).onnx")
        let shape = try #require(model.inputs.first?.shape?.dropFirst())
        #expect(try !Session(model, itemShape: Array(shape)).takesItemsAlone)
    }

    /// A graph that keeps nine items has nothing for a tenth.
    @Test func itemsBeyondThoseThatAGraphTakesAreRefused() throws {
        let one = try #require(try cases().first { $0.title[1] == "few" })
        let session = try Session(
            Model(bytes: one.model), itemShape: [1, 4], activation: OutputActivation.none, workers: Workers(count: 1), chunk: 16)
        func ones(_ count: Int) -> Items { Items(shape: [1, 4], values: [Float](repeating: 1, count: 4 * count)) }
        #expect(try session.run(ones(9)).logits == ones(9).values)
        let errors = [
            #expect(throws: ModelError.self) { _ = try session.run(ones(16)) },
            #expect(throws: ModelError.self) { _ = try session.reverse(ones(16), targets: [.logit([0])]) },
        ]
        for error in errors { #expect(error?.message.contains("'out' of shape [9,1,4]") == true, "\(error?.message ?? "")") }
    }

    @Test func gradientsFlowWithinTheTriangle() throws {
        let one = try #require(try cases().first { $0.title[0] == "lower-triangle" })
        let items = Items(shape: [1, 4], values: one.inputs[0].floats ?? [])
        for place in 0..<4 {
            let gradient = try session(one).reverse(items, targets: [.logit([place])]).targets[0].gradient
            #expect(Array(gradient[0]) == (0..<4).map { $0 == place ? 1 : 0 }, "\(place)")
        }
    }
}
