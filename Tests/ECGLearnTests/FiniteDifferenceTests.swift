// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import ECGLearn
import Testing

/// The gradient of whole networks, dropout and batch statistics included, against the slope of the loss along random directions.
struct FiniteDifferenceTests {
    @Test(arguments: Network.allCases) func gradientIsTheSlopeOfTheLoss(_ network: Network) throws {
        let leads = network == .jonesLSTM || network == .jonesCNN ? 1 : 2
        let samples = network == .arends ? 64 : network == .jonesCNN ? 90 : 70
        let graph = try network.graph(
            .init(leads: leads, samples: samples, outputs: 3, width: 0.25, depth: 2, dropout: network == .jonesLSTM ? nil : 0.2))
        let items = 6
        let executor = try Executor(graph, training: true, batch: items, seed: 3, workers: Workers(count: 2))
        let parameters = Region(graph.initialParameters(seed: 11))
        let states = Region(graph.initialStates.isEmpty ? [0] : graph.initialStates)
        let x = Oracle.formula("items", items * leads * samples).map { Float(2 * $0) }
        let targets = (0..<items).map { Loss.Target.class($0 % 3) }
        func run() -> (loss: Double, gradients: [Double]) {
            executor.inputRegion(items: items).copy(from: x)
            executor.setParameters(parameters, states: states)
            _ = executor.forward(items: items, step: 5, parameters: parameters, states: states)
            var loss = 0.0
            let gradients = executor.reverse(items: items, step: 5, parameters: parameters, states: states) { z, g in
                loss =
                    Loss.crossEntropy.run(logits: z, targets: targets, outputs: 3, weights: nil, gradient: g).losses.reduce(0, +)
                    / Double(items)
            }
            return (loss, gradients[0..<graph.parameterCount].elements.map { Double($0) })
        }
        let start = parameters.elements
        let gradients = run().gradients
        for direction in 0..<4 {
            // Along the gradient itself, with a random part, so that the slope is not lost in rounding.
            let random = Oracle.formula("direction \(direction)", start.count)
            let norm = gradients.reduce(0) { $0 + $1 * $1 }.squareRoot()
            let spread = random.reduce(0) { $0 + $1 * $1 }.squareRoot()
            let d = zip(gradients, random).map { $0 / norm + Double(direction) * 0.3 * $1 / spread }
            let h = 2e-3
            func moved(_ by: Double) -> Double {
                parameters.copy(from: zip(start, d).map { Float(Double($0) + by * $1) })
                return run().loss
            }
            let slope = (moved(h) - moved(-h)) / (2 * h)
            parameters.copy(from: start)
            let expected = zip(gradients, d).reduce(0) { $0 + $1.0 * $1.1 }
            #expect(abs(slope - expected) <= 0.02 * abs(expected) + 1e-3, "\(network) \(direction): \(slope) and \(expected)")
        }
    }
}
