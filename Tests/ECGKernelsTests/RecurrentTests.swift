// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Testing

@Suite("Recurrent layers")
struct RecurrentTests {
    private struct Problem {
        var kind: Recurrent.Kind
        var inputSize: Int
        var hiddenSize: Int
        var backwards: [Bool]
        var items: Int
        var steps: Int
        var lengths: [Int]?
        var inputWeights: [Float]
        var recurrentWeights: [Float]
        var bias: [Float]
        var input: [Float]
        var hidden: [Float]
        var cell: [Float]
        var outputGradient: [Float]
        var finalHidden: [Float]
        var finalCell: [Float]

        init(_ kind: Recurrent.Kind, using g: inout SeededGenerator) {
            self.kind = kind
            inputSize = Int.random(in: 1...20, using: &g)
            hiddenSize = [1, 5, 16, 20, 33].randomElement(using: &g) ?? 1
            backwards = [[false], [true], [false, true]].randomElement(using: &g) ?? [false]
            items = Int.random(in: 1...17, using: &g)
            steps = Int.random(in: 1...9, using: &g)
            let (count, most) = (items, steps)
            lengths = Bool.random(using: &g) ? nil : (0..<count).map { _ in Int.random(in: 0...most, using: &g) }
            let rows = backwards.count * kind.gates * hiddenSize
            inputWeights = randomFloats(rows * inputSize, -0.6...0.6, using: &g)
            recurrentWeights = randomFloats(rows * hiddenSize, -0.6...0.6, using: &g)
            bias = randomFloats(2 * rows, using: &g)
            input = randomFloats(items * steps * inputSize, using: &g)
            let states = backwards.count * items * hiddenSize
            hidden = randomFloats(states, using: &g)
            cell = randomFloats(states, using: &g)
            outputGradient = randomFloats(items * steps * backwards.count * hiddenSize, using: &g)
            finalHidden = randomFloats(states, using: &g)
            finalCell = randomFloats(states, using: &g)
        }

        var generalCell: GeneralRecurrent<Double>.Cell {
            switch kind {
            case .lstm: .lstm(coupled: false)
            case .gru: .gru(resetAfter: true)
            case .rnnTanh, .rnnRelu: .rnn
            }
        }
    }

    private struct Outcome: Equatable {
        var output: [Float]
        var finalHidden: [Float]
        var finalCell: [Float]
        var inputGradient: [Float]
        var initialHidden: [Float]
        var initialCell: [Float]
    }

    private func run(_ p: Problem, _ set: InstructionSet, only item: Int? = nil, workers: Workers? = nil) -> Outcome {
        let layer = Recurrent(
            kind: p.kind, inputSize: p.inputSize, hiddenSize: p.hiddenSize, backwards: p.backwards, inputWeights: p.inputWeights,
            recurrentWeights: p.recurrentWeights, bias: p.bias, instructionSet: set)
        let directions = p.backwards.count
        let columns = directions * p.hiddenSize
        let items = item == nil ? p.items : 1
        let first = item ?? 0
        func states(_ values: [Float]) -> Region<Float> {
            let size = p.hiddenSize
            var part: [Float] = []
            for direction in 0..<directions {
                let start = (direction * p.items + first) * size
                part += values[start..<start + items * size]
            }
            return Region(part)
        }
        func sequence(_ region: Region<Float>, _ columns: Int) -> Recurrent.Sequence {
            Recurrent.Sequence(region, itemStride: p.steps * columns, timeStride: columns, directionStride: p.hiddenSize)
        }
        func rows(_ values: [Float], _ columns: Int) -> Region<Float> {
            let row = p.steps * columns
            return Region(Array(values[first * row..<(first + items) * row]))
        }
        let initial = Recurrent.State(hidden: states(p.hidden), cell: p.kind == .lstm ? states(p.cell) : nil)
        let lengths = p.lengths.map { Array($0[first..<first + items]) }
        let count = directions * items * p.hiddenSize
        let final = Recurrent.State(hidden: Region(count: count), cell: Region(count: count))
        let output = Region<Float>(count: items * p.steps * columns)
        let trace = Region<Float>(count: layer.traceCount(items: items, steps: p.steps))
        let scratch = Region<Float>(count: layer.scratchCount(items: items))
        let input = sequence(rows(p.input, p.inputSize), p.inputSize)
        layer.forward(
            items: items, steps: p.steps, input: input, output: sequence(output, columns), initial: initial, final: final, lengths: lengths,
            trace: trace, scratch: scratch, workers: workers)
        let gradient = Region<Float>(count: items * p.steps * p.inputSize)
        let initialGradient = Recurrent.State(hidden: Region(count: count), cell: Region(count: count))
        layer.inputGradient(
            items: items, steps: p.steps, outputGradient: sequence(rows(p.outputGradient, columns), columns),
            finalGradient: .init(hidden: states(p.finalHidden), cell: p.kind == .lstm ? states(p.finalCell) : nil), trace: trace,
            inputGradient: sequence(gradient, p.inputSize), initial: initial, initialGradient: initialGradient, lengths: lengths,
            scratch: scratch, workers: workers)
        return Outcome(
            output: output.elements, finalHidden: final.hidden?.elements ?? [],
            finalCell: p.kind == .lstm ? final.cell?.elements ?? [] : [],
            inputGradient: gradient.elements, initialHidden: initialGradient.hidden?.elements ?? [],
            initialCell: p.kind == .lstm ? initialGradient.cell?.elements ?? [] : [])
    }

    @Test("equal the plain loops in double precision, forward and reverse", arguments: InstructionSet.supported)
    func equalsReference(set: InstructionSet) {
        var g = SeededGenerator(15)
        for kind in [Recurrent.Kind.lstm, .gru, .rnnTanh, .rnnRelu] {
            for _ in 0..<12 {
                let p = Problem(kind, using: &g)
                let outcome = run(p, set)
                let double = { (values: [Float]) in values.map(Double.init) }
                let general = GeneralRecurrent<Double>(
                    cell: p.generalCell, inputSize: p.inputSize, hiddenSize: p.hiddenSize, backwards: p.backwards,
                    activations: p.backwards.map { _ in kind == .rnnRelu ? [.relu] : p.generalCell.defaultActivations },
                    inputWeights: double(p.inputWeights), recurrentWeights: double(p.recurrentWeights), bias: double(p.bias))
                let result = general.forward(
                    items: p.items, steps: p.steps, input: double(p.input), initialHidden: double(p.hidden), initialCell: double(p.cell),
                    lengths: p.lengths)
                let gradient = general.gradient(
                    items: p.items, steps: p.steps, of: result, output: double(p.outputGradient), finalHidden: double(p.finalHidden),
                    finalCell: double(p.finalCell), lengths: p.lengths)
                #expect(relativeError(outcome.output, result.output) < 1e-5)
                #expect(relativeError(outcome.finalHidden, result.finalHidden) < 1e-5)
                #expect(relativeError(outcome.inputGradient, gradient.input) < 1e-4)
                #expect(relativeError(outcome.initialHidden, gradient.initialHidden) < 1e-4)
                if kind == .lstm {
                    #expect(relativeError(outcome.finalCell, result.finalCell) < 1e-5)
                    #expect(relativeError(outcome.initialCell, gradient.initialCell) < 1e-4)
                }
            }
        }
    }

    @Test("give an item the same bits in any batch, with any threads", arguments: InstructionSet.supported)
    func sameBits(set: InstructionSet) {
        var g = SeededGenerator(16)
        let workers = Workers(count: 3)
        for kind in [Recurrent.Kind.lstm, .gru, .rnnTanh] {
            for _ in 0..<6 {
                let p = Problem(kind, using: &g)
                let whole = run(p, set)
                #expect(run(p, set, workers: workers) == whole)
                let last = p.items - 1
                let alone = run(p, set, only: last)
                let rows = p.steps * p.backwards.count * p.hiddenSize
                #expect(alone.output == Array(whole.output[last * rows..<p.items * rows]))
                #expect(alone.inputGradient == Array(whole.inputGradient.suffix(p.steps * p.inputSize)))
            }
        }
    }

    @Test("in their general form have the gradients that finite differences show")
    func generalGradients() {
        var g = SeededGenerator(17)
        let cells: [GeneralRecurrent<Double>.Cell] = [
            .lstm(coupled: false), .lstm(coupled: true), .gru(resetAfter: true), .gru(resetAfter: false), .rnn,
        ]
        for cell in cells {
            for backwards in [[false], [true], [false, true]] {
                let (size, inputs, items, steps) = (3, 2, 2, 4)
                let rows = backwards.count * cell.gates * size
                func values(_ count: Int) -> [Double] { randomFloats(count, using: &g).map(Double.init) }
                let softened = cell.defaultActivations.map {
                    $0 == .tanh ? RecurrentActivation.scaledTanh(alpha: 1.2, beta: 0.7) : .sigmoid
                }
                let layer = GeneralRecurrent<Double>(
                    cell: cell, inputSize: inputs, hiddenSize: size, backwards: backwards, activations: backwards.map { _ in softened },
                    clip: 5,
                    inputWeights: values(rows * inputs), recurrentWeights: values(rows * size), bias: values(2 * rows),
                    peepholes: values(3 * size * backwards.count))
                let states = backwards.count * items * size
                let (hidden, memory) = (values(states), values(states))
                let input = values(items * steps * inputs)
                let (dy, dh, dc) = (values(items * steps * backwards.count * size), values(states), values(states))
                let lengths = [4, 2]
                func loss(_ input: [Double], _ hidden: [Double], _ memory: [Double]) -> Double {
                    let r = layer.forward(
                        items: items, steps: steps, input: input, initialHidden: hidden, initialCell: memory, lengths: lengths)
                    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
                    return dot(r.output, dy) + dot(r.finalHidden, dh) + dot(r.finalCell, dc)
                }
                let result = layer.forward(
                    items: items, steps: steps, input: input, initialHidden: hidden, initialCell: memory, lengths: lengths)
                let gradient = layer.gradient(
                    items: items, steps: steps, of: result, output: dy, finalHidden: dh, finalCell: dc, lengths: lengths)
                func slopes(_ x: [Double], _ f: ([Double]) -> Double) -> [Double] {
                    x.indices.map { i in
                        var (low, high) = (x, x)
                        low[i] -= 1e-6
                        high[i] += 1e-6
                        return (f(high) - f(low)) / 2e-6
                    }
                }
                func same(_ a: [Double], _ b: [Double]) -> Bool { zip(a, b).allSatisfy { abs($0 - $1) < 1e-7 * max(1, abs($1)) } }
                #expect(same(gradient.input, slopes(input) { loss($0, hidden, memory) }), "\(cell)")
                #expect(same(gradient.initialHidden, slopes(hidden) { loss(input, $0, memory) }), "\(cell)")
                if case .lstm = cell { #expect(same(gradient.initialCell, slopes(memory) { loss(input, hidden, $0) }), "\(cell)") }
            }
        }
    }
}
