// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import ECGModel
import TestSupport
import Testing

/// Networks of the field as PyTorch's exporters and tf2onnx write them (Tests/Oracles/networks.py, keras_networks.py).
@Suite struct NetworkTests {
    private static let all: [ArchivedCase] = {
        do {
            return try ArchivedCase.read("networks.bin") + ArchivedCase.read("keras.bin")
        } catch {
            Issue.record("\(error)")
            return []
        }
    }()

    private func setUp(_ one: ArchivedCase, inDouble: Bool = false) throws -> (session: Session, items: Items) {
        let shape = Array(one.inputs[0].shape.dropFirst())
        let session = try Session(
            Model(bytes: one.model), itemShape: shape, activation: OutputActivation.none, workers: Workers(count: 2), inDouble: inDouble)
        return (session, Items(shape: shape, values: one.inputs[0].floats ?? []))
    }

    /// Runs a case; what it throws is recorded with the case's name.
    private func forEach(_ body: (ArchivedCase) throws -> Void) {
        #expect(Self.all.count > 50)
        for one in Self.all {
            do { try body(one) } catch { Issue.record("\(one.title[0]): \(error)") }
        }
    }

    @Test func outputsAreThoseOfONNXRuntime() {
        forEach { one in
            let (session, items) = try setUp(one)
            let share = shareOfRange(try session.run(items).logits, one.outputs[0].doubles)
            #expect(share < 1e-5, "\(one.title[0]): \(share)")
        }
    }

    @Test func gradientsAreThoseOfAutograd() {
        forEach { one in
            let (session, items) = try setUp(one)
            let last = session.outputShape.elementCount - 1
            let found = try session.reverse(items, targets: [.logit([last])]).targets[0].gradient
            let share = shareOfRange(found.values, one.outputs[1].doubles)
            #expect(share < 1e-4, "\(one.title[0]): \(share)")
        }
    }

    @Test func layoutsAreRecognised() {
        forEach { one in
            let layout = try setUp(one).session.layout
            #expect(layout.rawValue == one.title[1], "\(one.title[0])")
        }
    }

    /// What is kept of a run is not merged with what comes behind it, such as an activation before a concatenation.
    @Test func keptLayersChangeNothing() {
        forEach { one in
            let (session, items) = try setUp(one)
            let plain = try session.reverse(items, targets: [.logit([0])])
            for layer in session.model.layers(itemShape: items.shape) where layer.opType == "Conv" {
                let kept = try session.reverse(items, targets: [.logit([0])], layers: [layer.output])
                let alone = try session.reverse(items, targets: [.logit([0])], layers: [layer.output], inputGradient: false)
                let shares = [
                    shareOfRange(kept.prediction.logits, plain.prediction.logits.map(Double.init)),
                    shareOfRange(kept.targets[0].gradient.values, plain.targets[0].gradient.values.map(Double.init)),
                    shareOfRange(
                        alone.targets[0].layerGradients[0].values, kept.targets[0].layerGradients[0].values.map(Double.init)),
                ]
                #expect(shares.allSatisfy { $0 < 1e-5 }, "\(one.title[0]), \(layer.name): \(shares)")
            }
        }
    }

    /// Items that lie apart are the same items.
    @Test func itemsMayLieApart() throws {
        let (session, items) = try setUp(try #require(Self.all.first { $0.inputs[0].shape[0] > 2 }))
        let apart = Items(shape: items.shape, each: (0..<items.count).map { Array(items[$0]) })
        #expect(apart.count == items.count && apart.values == items.values && apart[1] == items[1])
        #expect(try session.run(apart).logits == session.run(items).logits)
        let first = Items(shape: items.shape, each: [Array(items[0])])
        #expect(first.count == 1 && first[0] == items[0])
        #expect(Items(shape: items.shape, each: []).count == 0)
    }

    /// Several items at once, in chunks and over threads, give the bits of one by itself.
    @Test func bitsDoNotDependOnTheBatch() {
        forEach { one in
            let (session, items) = try setUp(one)
            let all = try session.reverse(items, targets: [.logit([0])])
            for item in 0..<items.count {
                let single = try session.reverse(Items(shape: items.shape, values: Array(items[item])), targets: [.logit([0])])
                #expect(single.prediction.logits == Array(all.prediction.logits(of: item)), "\(one.title[0])")
                #expect(single.targets[0].gradient.values == Array(all.targets[0].gradient[item]), "\(one.title[0])")
            }
        }
    }

    /// The rescale rule adds up through every network that it exists for.
    @Test func multipliersAddUp() {
        forEach { one in
            let (session, items) = try setUp(one, inDouble: true)
            let references = Items(shape: items.shape, values: items.values.map { $0 * 0.8 })
            let found: Attribution
            do {
                found = try session.reverse(items, references: references, targets: [.logit([0])], rules: .rescale).targets[0]
            } catch let error as ModelError where error.kind == .unsupported {
                return
            }
            for item in 0..<items.count {
                let parts = zip(found.gradient[item], zip(items[item], references[item])).map { Double($0) * Double($1.0 - $1.1) }
                let (sum, whole) = (parts.reduce(0, +), Double(found.scores[item] - (found.referenceScores?[item] ?? 0)))
                #expect((sum - whole).magnitude < 1e-4 * max(1, whole.magnitude), "\(one.title[0]), item \(item): \(sum), not \(whole)")
            }
        }
    }

    @Test func weightsBesideTheFileAreThoseInIt() throws {
        let items = Items(shape: [2, 24], values: (0..<96).map { Float($0 % 13) - 6 })
        func logits(_ name: String) throws -> [Float] {
            try Session(Model(path: "\(ArchivedCase.folder)/\(name).onnx"), itemShape: [2, 24]).run(items).logits
        }
        #expect(try logits("external") == logits("internal"))
        let bytes = try #require(Npy.bytes("\(ArchivedCase.folder)/external.onnx"))
        let missing = #expect(throws: ModelError.self) { try Model(bytes: bytes, directory: "/nowhere/") }
        #expect(missing?.kind == .cannotOpen && missing?.message.contains("external.bin") == true)
        #expect(throws: ModelError.self) { try Model(bytes: bytes) }
    }

    /// A layout that is asked for is used where the shapes allow it, and refused with both shapes where they don't.
    @Test func layoutsCanBeSet() throws {
        let path = "\(ArchivedCase.folder)/time-lead.onnx"
        let items = Items(shape: [2, 24], values: (0..<48).map { Float($0 % 7) - 3 })
        let recognised = try Session(Model(path: path), itemShape: [2, 24])
        #expect(recognised.layout == .timeLead)
        #expect(try Session(Model(path: path), itemShape: [2, 24], layout: .timeLead).run(items).logits == recognised.run(items).logits)
        let error = #expect(throws: ModelError.self) { try Session(Model(path: path), itemShape: [2, 24], layout: .leadTime) }
        #expect(error?.message.contains("[2,24]") == true && error?.message.contains("[batch,24,2]") == true)
    }

    /// What is not supported is refused by the name of operator or attribute and node when the model is read.
    @Test func whatIsNotSupportedIsRefusedByName() throws {
        let bytes = try #require(Npy.bytes("\(ArchivedCase.folder)/internal.onnx"))
        func altered(_ from: String, _ to: String) -> [UInt8] {
            let (old, new) = (Array(from.utf8), Array(to.utf8))
            var result = bytes
            var at = 0
            while at + old.count <= result.count {
                if Array(result[at..<at + old.count]) == old { result.replaceSubrange(at..<at + old.count, with: new) }
                at += 1
            }
            return result
        }
        for (from, to, words) in [
            ("MaxPool", "MaxPOOL", ["operator MaxPOOL", "node '/MaxPOOL'"]),
            ("ceil_mode", "ceil_mood", ["attribute 'ceil_mood'", "MaxPool node"]),
        ] {
            let error = #expect(throws: ModelError.self) { try Model(bytes: altered(from, to)) }
            #expect(error?.kind == .unsupported)
            for word in words { #expect(error?.message.contains(word) == true, "\(error?.message ?? "")") }
            // To be described it is read all the same.
            #expect(try Model(bytes: altered(from, to), toDescribe: true).unsupported.count == 1)
        }
    }
}
