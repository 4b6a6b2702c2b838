// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import ECGLearn
import Testing

/// Losses, optimisers and learning rates against PyTorch's.
struct LossTests {
    @Test func lossesAndTheirGradientsEqualPyTorchs() throws {
        let z = Region(Oracle.formula("z", 15).map { Float(8 * $0) })
        let labels = [0, 2, 1, 1, 0].map { Loss.Target.class($0) }
        let y = Oracle.formula("y", 15).map { Float($0 > 0 ? 1 : 0) }
        let values = (0..<5).map { Loss.Target.values(Array(y[3 * $0..<3 * $0 + 3])) }
        let weights = [1, 2, 0.5]
        let losses: [String: (Loss, [Loss.Target], [Double]?)] = [
            "cross-entropy": (.crossEntropy, labels, nil), "cross-entropy-weighted": (.crossEntropy, labels, weights),
            "focal": (.focal(gamma: 2), labels, nil), "binary": (.binary, values, nil), "binary-weighted": (.binary, values, weights),
            "squared-error": (.squaredError, values, nil),
        ]
        for line in try Oracle().lines("case") {
            let (loss, targets, weights) = try #require(losses[line.words[1]])
            let gradient = Region<Float>(count: 15)
            let found = loss.run(logits: z, targets: targets, outputs: 3, weights: weights, gradient: gradient)
            let expected = try line.numbers(2)
            #expect(abs(found.losses.reduce(0, +) / found.weight - expected[0]) <= 1e-6 * max(1, expected[0]), "\(line.words[1])")
            for place in 0..<15 {
                #expect(abs(Double(gradient[place]) - expected[place + 1]) <= 1e-6, "\(line.words[1]) \(place)")
            }
        }
    }

    @Test func lossesOfExtremeLogitsAreFinite() {
        let z = Region<Float>([1000, -1000, 0, -1000, 1000, 0])
        let values: [Loss.Target] = [.values([0, 1, 1]), .values([1, 0, 0])]
        for (loss, targets) in [
            (Loss.crossEntropy, [.class(1), .class(0)]), (.focal(gamma: 2), [.class(0), .class(1)]), (.binary, values),
        ] {
            let gradient = Region<Float>(count: 6)
            let found = loss.run(logits: z, targets: targets, outputs: 3, weights: nil, gradient: gradient)
            #expect(found.losses.allSatisfy(\.isFinite) && gradient.elements.allSatisfy(\.isFinite))
        }
    }

    @Test func optimisersEqualPyTorchs() throws {
        let workers = Workers(count: 1)
        let optimisers: [String: Optimiser] = [
            "adam": Optimiser(.adam), "adamw": Optimiser(.adamw, weightDecay: 0.1), "nadam": Optimiser(.nadam),
            "sgd": Optimiser(.sgd, weightDecay: 0.1),
        ]
        for line in try Oracle().lines("optimiser") {
            let optimiser = try #require(optimisers[line.words[1]])
            let parameters = Region(Oracle.formula("p", 4).map { Float($0) })
            var memory = Optimiser.Memory(count: 4)
            for step in 0..<6 {
                let gradients = Region(Oracle.formula("g\(step)", 4).map { Float($0) })
                optimiser.step(parameters, gradients: gradients, memory: &memory, rate: 0.01, decays: [0..<4], workers: workers)
            }
            for (found, expected) in zip(parameters.elements, try line.numbers(2)) {
                #expect(abs(Double(found) - expected) <= 1e-6, "\(line.words[1]): \(found) and \(expected)")
            }
        }
    }

    @Test func schedulesEqualPyTorchs() throws {
        for line in try Oracle().lines("rates") {
            for (step, expected) in try line.numbers(2).enumerated() {
                let schedule: LearningRate = line.words[1] == "cosine" ? .cosine(minimum: 0) : .oneCycle
                // PyTorch's cycle has its peak at step 0.3 · n − 1 of n, and its end at n − 1.
                let share =
                    line.words[1] == "cosine"
                    ? Double(step) / 20 : Double(step) <= 5.3 ? 0.3 * Double(step) / 5.3 : 0.3 + 0.7 * (Double(step) - 5.3) / 14.7
                let found = schedule.rate(base: 0.1, reduced: 0.1, epoch: 0, share: share)
                #expect(abs(found - expected) <= 1e-9, "\(line.words[1]) \(step): \(found) and \(expected)")
            }
        }
    }

    @Test func clippingKeepsTheDirection() {
        let gradients = Region<Float>([3, 4, 0])
        #expect(Optimiser.clip(gradients, norm: 1) == 5)
        #expect(zip(gradients.elements, [0.6, 0.8, 0]).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(Optimiser.clip(gradients, norm: 10) <= 1.000_001)
    }
}
