// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Testing

@Suite("Dropout and cross-entropy")
struct DropoutTests {
    @Test("drops by seed, layer, step, item and position alone, on every instruction set", arguments: InstructionSet.supported)
    func mask(set: InstructionSet) {
        let (items, count) = (5, 1003)
        let dropout = Dropout(rate: 0.2, seed: 7, layer: 3)
        var g = SeededGenerator(31)
        let x = randomFloats(items * count, 0.5...1, using: &g)
        for workers in [nil, Workers(count: 3)] {
            let output = Region<Float>(count: x.count)
            dropout.apply(step: 11, items: items, count: count, input: Region(x), output: output, instructionSet: set, workers: workers)
            for at in x.indices {
                let stays = dropout.keeps(step: 11, item: at / count, position: at % count)
                #expect(output[at] == (stays ? x[at] * (1 / (1 - 0.2 as Float)) : 0))
            }
            let part = Region<Float>(count: 2 * count)
            dropout.apply(
                step: 11, firstItem: 3, items: 2, count: count, input: Region(Array(x[(3 * count)...])), output: part, instructionSet: set)
            #expect(bits(part.elements) == bits(Array(output.elements[(3 * count)...])))
        }
    }

    @Test("drops its share, and other values in other steps, layers and seeds")
    func share() {
        let count = 200_000
        func mask(_ dropout: Dropout, _ step: Int, _ item: Int) -> [Bool] {
            (0..<count).map { dropout.keeps(step: step, item: item, position: $0) }
        }
        let masks = [
            mask(Dropout(rate: 0.3, seed: 1, layer: 0), 0, 0), mask(Dropout(rate: 0.3, seed: 2, layer: 0), 0, 0),
            mask(Dropout(rate: 0.3, seed: 1, layer: 1), 0, 0), mask(Dropout(rate: 0.3, seed: 1, layer: 0), 1, 0),
            mask(Dropout(rate: 0.3, seed: 1, layer: 0), 0, 1),
        ]
        for (index, one) in masks.enumerated() {
            // Five standard deviations.
            #expect(abs(Double(one.count { !$0 }) / Double(count) - 0.3) < 5 * (0.21 / Double(count)).squareRoot())
            for other in masks[(index + 1)...] {
                let both = Double(zip(one, other).count { !$0 && !$1 }) / Double(count)
                #expect(abs(both - 0.09) < 5 * (0.09 * 0.91 / Double(count)).squareRoot())
            }
        }
        #expect(mask(Dropout(rate: 0, seed: 1, layer: 0), 0, 0).allSatisfy { $0 })
    }

    @Test("adds a residual, and goes back through the activation before it", arguments: InstructionSet.supported)
    func reverse(set: InstructionSet) {
        var g = SeededGenerator(32)
        let (x, added, signs) = (randomFloats(700, using: &g), randomFloats(700, using: &g), randomFloats(700, using: &g))
        let dropout = Dropout(rate: 0.5, seed: 1, layer: 1)
        for activation in [Activation.identity, .relu, .leakyRelu(slope: 0.3)] {
            let output = Region<Float>(count: 700)
            dropout.apply(
                step: 2, items: 1, count: 700, input: Region(x), gate: (Region(signs), activation), residual: Region(added), output: output,
                instructionSet: set)
            let expected = (0..<700).map { at -> Double in
                let kept = dropout.keeps(step: 2, item: 0, position: at) ? Double(x[at]) * 2 : 0
                return kept * (activation == .identity || signs[at] > 0 ? 1 : Double(activation.slope)) + Double(added[at])
            }
            #expect(relativeError(output.elements, expected) < 1e-6)
        }
    }

    @Test("cross-entropy has the loss of its definition and the gradient of finite differences")
    func crossEntropy() {
        var g = SeededGenerator(33)
        let (items, classes) = (9, 8)
        let logits = randomFloats(items * classes, -9...9, using: &g)
        let targets = (0..<items).map { _ in Int32.random(in: 0..<Int32(classes), using: &g) }
        let weights = randomFloats(classes, 0.2...3, using: &g)
        func losses(_ logits: [Double]) -> [Double] {
            (0..<items).map { item in
                let row = logits[item * classes..<(item + 1) * classes]
                let target = Int(targets[item])
                return Double(weights[target]) * (row.reduce(0) { $0 + expDouble($1) }.logDouble - row[item * classes + target])
            }
        }
        let found = Region<Float>(count: items)
        let gradient = Region<Float>(count: logits.count)
        SoftmaxCrossEntropy.run(
            items: items, classes: classes, logits: Region(logits), targets: Region(targets), weights: Region(weights), scale: 0.25,
            losses: found, gradient: gradient)
        let wide = logits.map(Double.init)
        #expect(relativeError(found.elements, losses(wide)) < 1e-6)
        let slopes = wide.indices.map { at -> Double in
            var (up, down) = (wide, wide)
            up[at] += 1e-5
            down[at] -= 1e-5
            return (losses(up).reduce(0, +) - losses(down).reduce(0, +)) / 2e-5 * 0.25
        }
        #expect(relativeError(gradient.elements, slopes) < 1e-6)
    }
}

private func expDouble(_ x: Double) -> Double { UnaryFunction.exp(x) }

extension Double {
    fileprivate var logDouble: Double { UnaryFunction.log(self) }
}
