// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import ECGKernels
import ECGModel
import TestSupport
import Testing

/// Models with layers drawn anew. That ONNX Runtime runs the files is shown by Tests/Oracles/randomisation.py.
@Suite struct RandomisationTests {
    private func randomisation(_ change: (inout LayerRandomisation.Settings) -> Void = { _ in }) throws -> LayerRandomisation {
        var settings = LayerRandomisation.Settings()
        change(&settings)
        return try LayerRandomisation(ModelFile(path: exampleModel), settings)
    }

    private func values(_ file: ModelFile) throws -> [[Float]] { try file.layers.flatMap { try $0.weights.map { try file.values($0) } } }

    private func outputs(_ file: ModelFile) throws -> [Float] {
        let session = try Session(Model(bytes: file.bytes()), itemShape: [2, 430], workers: Workers(count: 1))
        return try session.run(Items(shape: [2, 430], values: (0..<860).map { Float($0 % 43) / 43 })).logits
    }

    @Test func stepsGoFromTheOutput() throws {
        let steps = try randomisation().steps
        #expect(steps.count == 14)
        #expect(steps.first?.layers.first?.opType == "Gemm" && steps.last?.layers.first?.opType == "Conv")
        #expect(try randomisation { $0.fromOutput = false }.steps.map(\.name) == steps.reversed().map(\.name))
        // with convolutions counted alone, the output's layer goes with the first of them
        let convolutions = try randomisation { $0.counting = .conv }.steps
        #expect(convolutions.count == 13 && convolutions[0].layers.map(\.opType) == ["Gemm", "Conv"])
    }

    @Test func aStepChangesItsLayersAndNoOther() throws {
        let randomisation = try randomisation()
        let original = try ModelFile(path: exampleModel)
        let changed = try randomisation.model([2])
        let drawn = Set(randomisation.steps[2].layers.map(\.name))
        for (a, b) in zip(original.layers, changed.layers) {
            for (x, y) in zip(a.weights, b.weights) {
                #expect(try (original.values(x) != changed.values(y)) == drawn.contains(a.name), "\(a.name)")
            }
        }
        #expect(try outputs(changed) != outputs(original))
        #expect(try outputs(changed).allSatisfy(\.isFinite))
    }

    /// A convolution that is applied to each lead stays one: whichever lead comes first, the answer is the same.
    @Test func aLayerThatIsUsedTwiceIsOneStep() throws {
        let path = "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/") + "/Fixtures/EachLead.onnx"
        let original = try ModelFile(path: path)
        for redraw in LayerRandomisation.Redraw.allCases {
            var settings = LayerRandomisation.Settings()
            settings.redraw = redraw
            let randomisation = try LayerRandomisation(original, settings)
            #expect(randomisation.steps.map(\.count) == [6 * 3 + 3, 6 * 5 + 6])
            let file = try randomisation.model([1])
            let session = try Session(Model(bytes: file.bytes()), itemShape: [2, 40], workers: Workers(count: 1))
            let (a, b) = ((0..<40).map { Float($0 % 7) }, (0..<40).map { Float($0 % 11) - 3 })
            let logits = try session.run(Items(shape: [2, 40], values: a + b + b + a)).logits
            #expect(shareOfRange(Array(logits[..<3]), logits[3...].map { Double($0) }) < 1e-5)
            #expect(try values(file).first != values(original).first)
        }
    }

    @Test func drawsAreAFunctionOfSeedAndTensor() throws {
        let first = try randomisation()
        let (upToThree, third) = (try first.model(0...2), try first.model([2]))
        let layer = first.steps[2].layers[0]
        let weights = layer.weights[0]
        #expect(try upToThree.values(weights) == third.values(weights))
        #expect(try upToThree.bytes() == first.model(0...2).bytes())
        let other = try randomisation { $0.seed = 1 }.model([2])
        #expect(try other.values(weights) != third.values(weights))
    }

    @Test func numbersAreDrawnAsAsked() throws {
        let original = try ModelFile(path: exampleModel)
        for redraw in LayerRandomisation.Redraw.allCases {
            let randomisation = try randomisation { $0.redraw = redraw }
            let changed = try randomisation.model(randomisation.steps.indices)
            for layer in original.layers {
                for weights in layer.weights {
                    let (old, new) = (try original.values(weights), try changed.values(weights))
                    switch redraw {
                    case .permute: #expect(old.sorted() == new.sorted())
                    case .fresh:
                        #expect(new.allSatisfy { abs($0) <= 1 / Float(weights.fanIn).squareRoot() })
                    case .own where old.count > 5000:
                        func deviation(_ values: [Float]) -> Double {
                            let mean = values.reduce(0.0) { $0 + Double($1) } / Double(values.count)
                            return (values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(values.count))
                                .squareRoot()
                        }
                        #expect(abs(deviation(new) / deviation(old) - 1) < 0.05)
                    case .own: break
                    }
                }
            }
        }
    }

    @Test func rewritingNothingKeepsTheModel() throws {
        let file = try ModelFile(path: exampleModel)
        let again = try Model(bytes: file.bytes())
        let original = try Model(path: exampleModel)
        #expect(again.classNames == original.classNames && again.producer == original.producer && again.opset == original.opset)
        #expect(throws: ModelError.self) { try ModelFile(path: "/no/such/model.onnx") }
    }
}
