// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import ECGLearn
import Glibc
import Testing

/// The papers' networks against PyTorch's, layer by layer: the same logits, gradients and running statistics from the same weights.
struct NetworkTests {
    struct Made {
        var executor: Executor
        var parameters: Region<Float>
        var states: Region<Float>
        var graph: LayerGraph
    }

    /// A network with the oracle's weights.
    static func made(_ words: [String], training: Bool, threads: Int = 2) throws -> (Made, items: [Float]) {
        let network = try #require(Network(rawValue: words[1]))
        let (leads, samples, outputs, items) = (
            try #require(Int(words[2])), try #require(Int(words[3])), try #require(Int(words[4])), try #require(Int(words[5]))
        )
        let graph = try network.graph(.init(leads: leads, samples: samples, outputs: outputs, dropout: network.hasDropout ? 0 : nil))
        let parameters = Region<Float>(count: graph.parameterCount)
        for parameter in graph.parameters {
            parameters[parameter.range].copy(from: parameter.imported(Oracle.weight(parameter.name, parameter.shape)))
        }
        let states = Region<Float>(count: max(1, graph.stateCount))
        for state in graph.states { states[state.range].copy(from: Oracle.weight(state.name, [state.count])) }
        let executor = try Executor(graph, training: training, batch: items, workers: Workers(count: threads))
        let x = Oracle.formula("input", items * leads * samples).map { Float(2 * $0) }
        let region = executor.inputRegion(items: items)
        for item in 0..<items {
            region[item * leads * samples..<(item + 1) * leads * samples]
                .transpose(x, offset: item * leads * samples, rows: leads, columns: samples)
        }
        executor.setParameters(parameters, states: states)
        return (Made(executor: executor, parameters: parameters, states: states, graph: graph), x)
    }

    /// Paper 001 lets the rate of its CNN fall on plateaus, and keeps that of its LSTM.
    @Test func aRecipeIsThePapers() {
        #expect(Network.jonesCNN.recipe.schedule == .plateau(factor: 0.1, patience: 2, minimum: 1e-6))
        #expect(Network.jonesLSTM.recipe.schedule == .constant)
        #expect(Network.storas.recipe.schedule == .plateau(factor: 0.5, patience: 10, minimum: 0))
    }

    @Test func logitsEqualPyTorchs() throws {
        let oracle = try Oracle()
        for (words, logits) in zip(oracle.lines("network"), oracle.lines("logits")) {
            let (made, _) = try Self.made(words.words, training: false)
            let items = try #require(Int(words.words[5]))
            let found = made.executor.forward(items: items, parameters: made.parameters, states: made.states).elements
            let expected = try logits.numbers(1)
            let range = (expected.max() ?? 0) - (expected.min() ?? 0)
            #expect(found.count == expected.count)
            for (a, b) in zip(found, expected) { #expect(abs(Double(a) - b) <= 2e-5 * range, "\(words.words[1]): \(a) and \(b)") }
        }
    }

    @Test func gradientsAndRunningStatisticsEqualPyTorchs() throws {
        let oracle = try Oracle()
        var index = try #require(oracle.lines.firstIndex { $0.words[0] == "network" })
        while index < oracle.lines.count, oracle.lines[index].words[0] == "network" {
            let words = oracle.lines[index].words
            let name = words[1]
            let (made, _) = try Self.made(words, training: true)
            let (outputs, items) = (try #require(Int(words[4])), try #require(Int(words[5])))
            _ = made.executor.forward(items: items, parameters: made.parameters, states: made.states)
            let isClass = outputs > 1
            let targets: [Loss.Target] = (0..<items).map { isClass ? .class($0 % outputs) : .values([0.3 * Float($0)]) }
            var loss = 0.0
            let gradients = made.executor.reverse(items: items, step: 0, parameters: made.parameters, states: made.states) { z, g in
                let result = (isClass ? Loss.crossEntropy : .squaredError).run(
                    logits: z, targets: targets, outputs: outputs, weights: nil, gradient: g)
                loss = result.losses.reduce(0, +) / result.weight
            }
            let expected = try oracle.lines[index + 2].numbers(1)[0]
            #expect(abs(loss - expected) <= 2e-5 * max(1, abs(expected)), "\(name) loss")
            index += 3
            while index < oracle.lines.count, ["gradient", "state"].contains(oracle.lines[index].words[0]) {
                let line = oracle.lines[index]
                let (norm, product) = (try line.numbers(2)[0], try line.numbers(2)[1])
                if line.words[0] == "gradient" {
                    let parameter = try #require(made.graph.parameters.first { $0.name == line.words[1] }, "\(name) \(line.words[1])")
                    let g = parameter.exported(gradients[parameter.range].elements).map { Double($0) }
                    let found = g.reduce(0) { $0 + $1 * $1 }.squareRoot()
                    let dot = zip(g, Oracle.formula(line.words[1] + "#", g.count)).reduce(0) { $0 + $1.0 * $1.1 }
                    // A bias before a batch normalisation has no effect, and its gradient is rounding alone.
                    #expect(abs(found - norm) <= 2e-3 * norm + 1e-4, "\(name) |\(line.words[1])|: \(found) and \(norm)")
                    #expect(abs(dot - product) <= 2e-3 * norm + 1e-4, "\(name) \(line.words[1]): \(dot) and \(product)")
                } else {
                    let state = try #require(made.graph.states.first { $0.name == line.words[1] }, "\(name) \(line.words[1])")
                    let s = made.states[state.range].elements.map { Double($0) }
                    let test = Oracle.formula(line.words[1] + "#", s.count)
                    let before = Oracle.weight(state.name, [state.count]).map { Double($0) }
                    let old = zip(before, test).reduce(0) { $0 + $1.0 * $1.1 }
                    let dot = zip(s, test).reduce(0) { $0 + $1.0 * $1.1 }
                    // PyTorch moved by a tenth; the networks that follow Keras move by a hundredth.
                    let share = ["jones-cnn", "xplaim"].contains(name) ? 0.01 : 0.1
                    let batch = (product - 0.9 * old) / 0.1
                    #expect(abs(dot - ((1 - share) * old + share * batch)) <= 1e-4 * max(1, norm), "\(name) \(line.words[1])")
                }
                index += 1
            }
        }
    }

    /// Tallec and Ollivier 2018: forget biases are the logarithms of times from 1 step to the longest, input biases their opposites.
    @Test func unitsCanStartWithLongMemories() throws {
        let graph = try Network.jonesLSTM.graph(.init(leads: 1, samples: 50, outputs: 2, remember: 860))
        let bias = try #require(graph.parameters.first { $0.shape == [1, 8 * 64] })
        let values = Array(graph.initialParameters(seed: 3)[bias.range])
        let times = values[128..<192].map { exp(Double($0)) }
        #expect(times.allSatisfy { (1...859.001).contains($0) })
        #expect((300...560).contains(times.reduce(0, +) / 64))
        #expect(zip(values[..<64], values[128..<192]).allSatisfy { $0 == -$1 })
        #expect(values[64..<128].allSatisfy { $0 == 0 } && values[192...].allSatisfy { $0 == 0 })
    }

    @Test func theSameBitsOnOneAndSeveralThreads() throws {
        for words in try Oracle().lines("network").map(\.words) where ["jones-cnn", "jones-lstm", "arends", "xplaim"].contains(words[1]) {
            let items = try #require(Int(words[5]))
            let outputs = try #require(Int(words[4]))
            let runs = try [1, 3].map { threads -> [Float] in
                let (made, _) = try Self.made(words, training: true, threads: threads)
                _ = made.executor.forward(items: items, parameters: made.parameters, states: made.states)
                return made.executor.reverse(items: items, step: 0, parameters: made.parameters, states: made.states) { z, g in
                    _ = Loss.squaredError.run(
                        logits: z, targets: (0..<items).map { _ in .values([Float](repeating: 0.5, count: outputs)) }, outputs: outputs,
                        weights: nil, gradient: g)
                }.elements + made.states.elements
            }
            #expect(runs[0] == runs[1], "\(words[1])")
        }
    }
}

extension Network {
    /// Those whose paper has dropout, which the oracle sets to 0.
    var hasDropout: Bool { [.jonesCNN, .ribeiro, .arends].contains(self) }
}
