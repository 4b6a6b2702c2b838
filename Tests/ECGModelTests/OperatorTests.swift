// SPDX-License-Identifier: GPL-3.0-or-later
import ECGModel
import TestSupport
import Testing

/// Every operator of the registry over random attributes: forward against ONNX Runtime, in reverse against finite differences in float64.
@Suite struct OperatorTests {
    @Test func everyOperatorHasCases() {
        // Operators with graphs inside, and the triangle, are those of ControlTests.
        let covered = Set(OperatorCase.all.map(\.operatorName)).union(["If", "Loop", "Trilu"])
        #expect(OperatorRegistry.names.filter { !covered.contains($0) } == [])
        // The parts of an Attention are tested with it.
        let domains = OperatorRegistry.entries.filter { $0.domain == "com.microsoft" }.map { "\($0.domain).\($0.opType)" }
        #expect(domains.filter { !covered.contains($0) } == [])
    }

    @Test func resultsAreThoseOfONNXRuntime() throws {
        for one in OperatorCase.all where one.kind != .special {
            let found = try evaluated(one)
            #expect(found.count == one.outputs.count, "\(one.name)")
            for (index, (own, expected)) in zip(found, one.outputs).enumerated() {
                #expect(own.shape == expected.shape && own.type == expected.type, "\(one.name), output \(index): \(own.shape) \(own.type)")
                guard own.shape == expected.shape else { continue }
                let wrong = difference(own.doubles, expected.doubles, relative: 2e-5)
                #expect(wrong == nil, "\(one.name), output \(index): \(wrong ?? "")")
            }
        }
    }

    /// Functions that are computed by approximations; the others give every number exactly, the smallest too.
    static let approximate: Set<String> = [
        "Celu", "Conv", "Elu", "Erf", "Exp", "Gelu", "GlobalLpPool", "LayerNormalization", "Log", "LogSoftmax", "LpPool", "LSTM", "GRU",
        "RNN", "Mish",
        "MatMul", "ReduceLogSum", "ReduceLogSumExp", "Selu", "Sigmoid", "Softmax", "Softplus", "Swish", "Tanh",
    ]

    /// Maxima where ONNX Runtime loses a NaN, and sometimes the numbers beside it, by the order of its instructions, and makes -3.4e38 of windows of NaN or of
    /// -infinity. Here a NaN is the extremum of its window (as in PyTorch), so that a bad input stays visible.
    static let keepsNaN: Set<String> = ["MaxPool", "GlobalMaxPool", "ReduceMax", "ReduceMin"]

    /// NaN and infinities where ONNX Runtime has them.
    @Test func specialNumbersAreTreatedAsByONNXRuntime() throws {
        for one in OperatorCase.all where one.kind == .special {
            let smallest = Self.approximate.contains(one.operatorName) ? 1e-6 : 1.5e-45
            for (index, (own, expected)) in zip(try evaluated(one), one.outputs).enumerated() {
                let (found, reference) = (own.doubles, expected.doubles)
                let input = one.inputs.map(\.doubles)
                for place in found.indices {
                    let (a, b) = (found[place], reference[place])
                    if Self.keepsNaN.contains(one.operatorName), a.isNaN || b == -Double(Float.greatestFiniteMagnitude) { continue }
                    let agrees = a == b || (a.isNaN && b.isNaN) || (a - b).magnitude <= 1e-5 * b.magnitude + smallest
                    let given = input.map { $0.count == found.count ? "\($0[place])" : "" }.joined(separator: ", ")
                    #expect(agrees, "\(one.name), output \(index), element \(place) (\(given)): \(a), not \(b)")
                }
            }
        }
    }

    /// In float64 the gradient must be that of central differences, for every input by itself.
    @Test func gradientsAreThoseOfFiniteDifferences() throws {
        var generator = Generator(state: 5)
        for one in OperatorCase.all where one.kind == .gradient {
            let wanted = zip(one.fed, one.graph.inputs).filter { $1.type.isFloat }.map(\.0)
            guard !wanted.isEmpty else { continue }
            let seeds = seeds(one, &generator)
            let gradients: [ECGModel.Tensor]
            do {
                gradients = try one.graph.evaluate(one.fed, wanted: wanted.map(\.value), seeds: seeds, inDouble: true).gradients
            } catch {
                Issue.record("\(one.name): \(error)")
                continue
            }
            for (input, gradient) in zip(wanted, gradients) {
                let x = input.tensor.doubles
                // A few places are enough where there are many.
                let places = x.count <= 24 ? Array(x.indices) : (0..<24).map { _ in generator.below(x.count) }
                var (found, expected): ([Double], [Double]) = ([], [])
                for place in places {
                    let step = 1e-5 * max(1, x[place].magnitude)
                    func score(_ offset: Double) throws -> Double {
                        var moved = x
                        moved[place] += offset
                        let fed = one.fed.map { $0.value == input.value ? ($0.value, ECGModel.Tensor(input.tensor.shape, moved)) : $0 }
                        return try product(one.graph.evaluate(fed, inDouble: true), seeds)
                    }
                    expected.append((try score(step) - score(-step)) / (2 * step))
                    found.append(gradient.doubles[place])
                }
                let wrong = difference(found, expected, relative: 1e-6)
                #expect(wrong == nil, "\(one.name), input \(one.graph.valueNames[input.value]): \(wrong ?? "")")
            }
        }
    }

    /// The fast kernels of float32 against the plain loops of float64.
    @Test func gradientsInFloat32AreThoseInFloat64() throws {
        var generator = Generator(state: 6)
        for one in OperatorCase.all where one.kind == .gradient {
            let wanted = zip(one.fed, one.graph.inputs).filter { $1.type.isFloat }.map(\.0.value)
            guard !wanted.isEmpty else { continue }
            let seeds = seeds(one, &generator)
            let fast = try one.graph.evaluate(one.fed, wanted: wanted, seeds: seeds)
            let exact = try one.graph.evaluate(one.fed, wanted: wanted, seeds: seeds, inDouble: true)
            for (index, (found, expected)) in zip(fast.gradients, exact.gradients).enumerated() {
                let wrong = difference(found.doubles, expected.doubles, relative: 5e-5)
                #expect(wrong == nil, "\(one.name), input \(index): \(wrong ?? "")")
            }
        }
    }

    @Test func gradientsStopAtWhatIsNotDifferentiable() throws {
        for one in OperatorCase.all where one.kind == .values {
            for (value, tensor) in one.fed where tensor.type.isFloat {
                let seeds = one.outputs.map { ECGModel.Tensor(type: $0.type, shape: $0.shape) }
                #expect(throws: ModelError.self, "\(one.name)") {
                    try one.graph.evaluate(one.fed, wanted: [value], seeds: seeds)
                }
            }
        }
    }

    /// DeepLIFT's multipliers add up to the difference of the outputs, for every operator that has the rescale rule.
    @Test func multipliersAddUpToTheDifference() throws {
        var generator = Generator(state: 7)
        for one in OperatorCase.all where one.kind == .gradient {
            let wanted = zip(one.fed, one.graph.inputs).filter { $1.type.isFloat }.map(\.0)
            guard !wanted.isEmpty else { continue }
            let references = one.fed.map { value, tensor in
                (
                    value,
                    tensor.type.isFloat ? ECGModel.Tensor(tensor.shape, tensor.doubles.map { $0 * generator.uniform(0.95, 1.1) }) : tensor
                )
            }
            let seeds = seeds(one, &generator)
            let found: Graph.Evaluation
            do {
                found = try one.graph.evaluate(
                    one.fed, references: references, wanted: wanted.map(\.value), seeds: seeds, rules: .rescale, inDouble: true)
            } catch let error as ModelError where error.kind == .unsupported {
                continue
            }
            let difference = try product(found.outputs, seeds) - product(one.graph.evaluate(references, inDouble: true), seeds)
            var sum = 0.0
            for (input, multipliers) in zip(wanted, found.gradients) {
                let reference = references.first { $0.0 == input.value }?.1.doubles ?? []
                for (place, m) in multipliers.doubles.enumerated() { sum += m * (input.tensor.doubles[place] - reference[place]) }
            }
            #expect((sum - difference).magnitude <= 1e-8 * max(1, difference.magnitude), "\(one.name): \(sum), not \(difference)")
        }
    }

    /// A mask makes the same choice for item and reference: what was chosen passes its difference on, and nothing else does.
    @Test func aChoiceThatItemsDoNotMakePassesMultipliers() throws {
        var generator = Generator(state: 11)
        let cases = OperatorCase.all.filter { $0.operatorName == "Where" && $0.kind == .gradient }
        #expect(cases.count > 3)
        for one in cases {
            let wanted = one.graph.inputs.filter(\.type.isFloat).map(\.value)
            let seeds = seeds(one, &generator)
            let multipliers = try one.graph.evaluate(
                one.fed, references: one.fed.map { ($0, ECGModel.Tensor($1.shape, $1.doubles.map { $0 - 1 })) }, wanted: wanted,
                seeds: seeds,
                rules: .rescale, inDouble: true)
            let gradients = try one.graph.evaluate(one.fed, wanted: wanted, seeds: seeds, inDouble: true)
            for (found, expected) in zip(multipliers.gradients, gradients.gradients) {
                #expect(found.doubles == expected.doubles, "\(one.name)")
            }
        }
    }

    private func evaluated(_ one: OperatorCase) throws -> [ECGModel.Tensor] {
        do {
            return try one.graph.evaluate(one.fed)
        } catch {
            Issue.record("\(one.name): \(error)")
            return []
        }
    }

    /// What each element of the floating-point outputs counts.
    private func seeds(_ one: OperatorCase, _ generator: inout Generator) -> [ECGModel.Tensor?] {
        one.outputs.map { output in
            guard output.type.isFloat else { return nil }
            return ECGModel.Tensor(output.shape, (0..<output.count).map { _ in generator.uniform(-1, 1) })
        }
    }

    private func product(_ outputs: [ECGModel.Tensor], _ seeds: [ECGModel.Tensor?]) -> Double {
        zip(outputs, seeds).reduce(0) { sum, pair in
            pair.1.map { seed in sum + zip(pair.0.doubles, seed.doubles).reduce(0) { $0 + $1.0 * $1.1 } } ?? sum
        }
    }

    /// The first element that differs by more than a share of the largest magnitude; nil if none does.
    private func difference(_ found: [Double], _ expected: [Double], relative: Double) -> String? {
        guard found.count == expected.count else { return "\(found.count) elements, not \(expected.count)" }
        let scale = max(1, expected.map(\.magnitude).max() ?? 1)
        for place in found.indices where !((found[place] - expected[place]).magnitude <= relative * scale) {
            return "element \(place) is \(found[place]), not \(expected[place])"
        }
        return nil
    }
}

/// Draws with a fixed seed.
struct Generator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 11
    }

    mutating func uniform(_ low: Double, _ high: Double) -> Double { low + (high - low) * Double(next()) / Double(1 << 53) }
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
