// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import ECGModel
import TestSupport
import Testing

/// Networks that end in linear layers (Tests/Oracles/tails.py), which become one matrix, and begin with layers of no layout of their own.
@Suite struct TailTests {
    private func cases() throws -> [ArchivedCase] { try ArchivedCase.read("tails.bin") }

    private func setUp(_ one: ArchivedCase) throws -> (session: Session, items: Items) {
        let shape = Array(one.inputs[0].shape.dropFirst())
        return (
            try Session(Model(bytes: one.model), itemShape: shape, activation: OutputActivation.none, workers: Workers(count: 2)),
            Items(shape: shape, values: one.inputs[0].floats ?? [])
        )
    }

    @Test func outputsAndGradientsAreThoseOfTheLayersByThemselves() throws {
        for one in try cases() {
            let (session, items) = try setUp(one)
            let found = try session.reverse(items, targets: [.logit([session.outputShape.elementCount - 1])])
            #expect(shareOfRange(found.prediction.logits, one.outputs[0].doubles) < 1e-6, "\(one.title[0])")
            #expect(shareOfRange(found.targets[0].gradient.values, one.outputs[1].doubles) < 1e-6, "\(one.title[0])")
            #expect(try session.run(items).logits == found.prediction.logits, "\(one.title[0])")
        }
    }

    @Test func convolutionsWithNoActivationBehindThemAreGone() throws {
        for one in try cases() {
            let (session, items) = try setUp(one)
            let steps = try session.stepTimes(items).map { String($0.name.prefix { $0 != " " }) }
            let left = steps.filter { ["Conv", "Slice", "Pad", "Layout"].contains($0) }.sorted()
            #expect(left.joined(separator: "+") == one.title[1], "\(one.title[0])")
        }
    }

    /// Where the layers' own values are wanted they are computed one by one, with the same results.
    @Test func layersThatAreReadStay() throws {
        for one in try cases() {
            let (session, items) = try setUp(one)
            guard let node = session.model.graph.nodes.last(where: { $0.opType == "Conv" }), let output = node.outputs[0] else {
                Issue.record("\(one.title[0]): no convolution")
                continue
            }
            let layer = session.model.graph.valueNames[output]
            let last = session.outputShape.elementCount - 1
            let found = try session.reverse(items, targets: [.logit([last])], layers: [layer])
            #expect(shareOfRange(found.targets[0].gradient.values, one.outputs[1].doubles) < 1e-6, "\(one.title[0])")
            #expect(shareOfRange(found.prediction.logits, one.outputs[0].doubles) < 1e-6, "\(one.title[0])")
            #expect(try session.layers([layer], of: items)[0].values.contains { $0 != 0 }, "\(one.title[0])")
        }
    }

    @Test func multipliersAddUp() throws {
        for one in try cases() {
            let (session, items) = try setUp(one)
            let references = Items(shape: items.shape, values: [Float](repeating: 0, count: items.itemCount))
            let found = try session.reverse(items, references: references, targets: [.logit([0])], rules: .rescale).targets[0]
            for item in 0..<items.count {
                let sum = zip(found.gradient[item], items[item]).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
                let difference = Double(found.scores[item]) - Double(found.referenceScores?[item] ?? .nan)
                #expect(abs(sum - difference) < 1e-5 * max(1, abs(difference)), "\(one.title[0]): \(sum) \(difference)")
            }
        }
    }
}
