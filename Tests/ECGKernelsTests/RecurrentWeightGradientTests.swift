// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Testing

@Suite("Gradients of a recurrent layer's weights")
struct RecurrentWeightGradientTests {
    private struct Problem {
        let kind: Recurrent.Kind
        let inputSize, hiddenSize, items, steps: Int
        let backwards: [Bool]
        let lengths: [Int]?
        let inputWeights, recurrentWeights, bias, input, hidden, cell, outputGradient, finalHidden, finalCell: [Float]

        init(_ kind: Recurrent.Kind, items: Int, steps: Int, inputSize: Int, hiddenSize: Int, using g: inout SeededGenerator) {
            self.kind = kind
            (self.items, self.steps, self.inputSize, self.hiddenSize) = (items, steps, inputSize, hiddenSize)
            backwards = [[false], [true], [false, true]].randomElement(using: &g) ?? [false]
            lengths = Bool.random(using: &g) ? nil : (0..<items).map { _ in Int.random(in: 0...steps, using: &g) }
            let rows = backwards.count * kind.gates * hiddenSize
            inputWeights = randomFloats(rows * inputSize, -0.6...0.6, using: &g)
            recurrentWeights = randomFloats(rows * hiddenSize, -0.4...0.4, using: &g)
            bias = randomFloats(2 * rows, using: &g)
            input = randomFloats(items * steps * inputSize, using: &g)
            let states = backwards.count * items * hiddenSize
            (hidden, cell) = (randomFloats(states, using: &g), randomFloats(states, using: &g))
            outputGradient = randomFloats(items * steps * backwards.count * hiddenSize, using: &g)
            (finalHidden, finalCell) = (randomFloats(states, using: &g), randomFloats(states, using: &g))
        }

        /// Gradients of input weights, recurrent weights, biases and input, after a replacing and an adding call.
        func run(_ set: InstructionSet, _ workers: Workers?) -> (once: [[Float]], twice: [[Float]]) {
            let layer = Recurrent(
                kind: kind, inputSize: inputSize, hiddenSize: hiddenSize, backwards: backwards, inputWeights: inputWeights,
                recurrentWeights: recurrentWeights, bias: bias, instructionSet: set)
            let columns = backwards.count * hiddenSize
            func sequence(_ region: Region<Float>, _ columns: Int) -> Recurrent.Sequence {
                Recurrent.Sequence(region, itemStride: steps * columns, timeStride: columns, directionStride: hiddenSize)
            }
            let isLSTM = kind == .lstm
            let initial = Recurrent.State(hidden: Region(hidden), cell: isLSTM ? Region(cell) : nil)
            let output = sequence(Region(count: items * steps * columns), columns)
            let trace = Region<Float>((0..<layer.traceCount(items: items, steps: steps)).map { _ in Float.nan })
            let scratch = Region<Float>((0..<layer.gradientScratchCount(items: items, steps: steps)).map { _ in Float.nan })
            let gradients = Recurrent.WeightGradients(
                inputWeights: Region(inputWeights), recurrentWeights: Region(recurrentWeights), bias: Region(bias))
            let inputGradient = Region<Float>(count: input.count)
            func step(_ accumulate: Bool) -> [[Float]] {
                layer.forward(
                    items: items, steps: steps, input: sequence(Region(input), inputSize), output: output, initial: initial,
                    lengths: lengths, trace: trace, scratch: scratch, workers: workers)
                layer.gradients(
                    items: items, steps: steps, input: sequence(Region(input), inputSize), output: output,
                    outputGradient: sequence(Region(outputGradient), columns),
                    finalGradient: .init(hidden: Region(finalHidden), cell: isLSTM ? Region(finalCell) : nil), trace: trace,
                    inputGradient: sequence(inputGradient, inputSize), weightGradients: gradients, accumulate: accumulate,
                    initial: initial, lengths: lengths, scratch: scratch, workers: workers)
                return [
                    gradients.inputWeights.elements, gradients.recurrentWeights.elements, gradients.bias?.elements ?? [],
                    inputGradient.elements,
                ]
            }
            return (step(false), step(true))
        }

        /// The sum of all results, each times its gradient, in double precision.
        func loss(_ inputWeights: [Double], _ recurrentWeights: [Double], _ bias: [Double]) -> Double {
            let cellKind: GeneralRecurrent<Double>.Cell =
                switch kind {
                case .lstm: .lstm(coupled: false)
                case .gru: .gru(resetAfter: true)
                case .rnnTanh, .rnnRelu: .rnn
                }
            let general = GeneralRecurrent<Double>(
                cell: cellKind, inputSize: inputSize, hiddenSize: hiddenSize, backwards: backwards,
                activations: backwards.map { _ in kind == .rnnRelu ? [.relu] : cellKind.defaultActivations }, inputWeights: inputWeights,
                recurrentWeights: recurrentWeights, bias: bias)
            let r = general.forward(
                items: items, steps: steps, input: input.map(Double.init), initialHidden: hidden.map(Double.init),
                initialCell: cell.map(Double.init), lengths: lengths)
            func dot(_ a: [Double], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * Double($1.1) } }
            return dot(r.output, outputGradient) + dot(r.finalHidden, finalHidden) + (kind == .lstm ? dot(r.finalCell, finalCell) : 0)
        }
    }

    @Test("agree with finite differences in double precision", arguments: InstructionSet.supported)
    func finiteDifferences(set: InstructionSet) {
        var g = SeededGenerator(41)
        for kind in [Recurrent.Kind.lstm, .gru, .rnnTanh] {
            for _ in 0..<8 {
                let p = Problem(
                    kind, items: .random(in: 1...6, using: &g), steps: .random(in: 1...7, using: &g),
                    inputSize: [1, 3, 17].randomElement(using: &g) ?? 1, hiddenSize: [1, 5, 16, 20].randomElement(using: &g) ?? 1, using: &g
                )
                let found = p.run(set, nil)
                let weights = [p.inputWeights, p.recurrentWeights, p.bias].map { $0.map(Double.init) }
                for (place, values) in weights.enumerated() {
                    let scale = found.once[place].reduce(1e-2) { max($0, abs(Double($1))) }
                    for _ in 0..<5 {
                        let at = Int.random(in: 0..<values.count, using: &g)
                        func loss(_ by: Double) -> Double {
                            var moved = weights
                            moved[place][at] += by
                            return p.loss(moved[0], moved[1], moved[2])
                        }
                        let slope = (loss(1e-5) - loss(-1e-5)) / 2e-5
                        #expect(abs(Double(found.once[place][at]) - slope) < 2e-5 * scale, "\(kind) \(place)")
                        #expect(abs(Double(found.twice[place][at]) - 2 * slope) < 4e-5 * scale, "\(kind) \(place)")
                    }
                }
            }
        }
    }

    @Test("are the same bits with any threads", arguments: InstructionSet.supported)
    func sameBits(set: InstructionSet) {
        var g = SeededGenerator(42)
        let crews = [2, 3].map { Workers(count: $0) }
        for kind in [Recurrent.Kind.lstm, .gru, .rnnRelu] {
            for _ in 0..<3 {
                let p = Problem(
                    kind, items: .random(in: 1...40, using: &g), steps: .random(in: 1...30, using: &g), inputSize: 2, hiddenSize: 20,
                    using: &g)
                let alone = p.run(set, nil)
                for crew in crews {
                    let shared = p.run(set, crew)
                    #expect(shared.once.map(bits) == alone.once.map(bits), "\(kind)")
                }
            }
        }
    }
}
