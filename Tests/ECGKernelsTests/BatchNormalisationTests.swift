// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Testing

@Suite("Batch normalisation in training")
struct BatchNormalisationTests {
    private struct Problem {
        let rows, channels: Int
        let x, scale, shift, upstream: [Float]
        let activation: Activation
        static let epsilon: Float = 1e-3

        init(rows: Int, channels: Int, activation: Activation, using g: inout SeededGenerator) {
            (self.rows, self.channels, self.activation) = (rows, channels, activation)
            // Means far from zero are what a naive variance fails on.
            let means = randomFloats(channels, -30...30, using: &g)
            x = randomFloats(rows * channels, using: &g).enumerated().map { $1 + means[$0 % channels] }
            scale = randomFloats(channels, 0.5...1.5, using: &g)
            shift = randomFloats(channels, using: &g)
            upstream = randomFloats(rows * channels, using: &g)
        }

        struct Outcome {
            var output, statistics, mean, variance, input, scale, shift: [Float]
        }

        func run(_ set: InstructionSet, _ workers: Workers?) -> Outcome {
            let output = Region<Float>(count: x.count)
            let statistics = Region<Float>(count: 2 * channels)
            let (mean, variance) = (Region((0..<channels).map { _ in Float(0.5) }), Region((0..<channels).map { _ in Float(2) }))
            let scratch = Region<Float>((0..<BatchNormalisation.scratchCount(rows: rows, channels: channels)).map { _ in Float.nan })
            BatchNormalisation.forward(
                rows: rows, channels: channels, input: Region(x), scale: Region(scale), shift: Region(shift), epsilon: Self.epsilon,
                activation: activation, output: output, statistics: statistics,
                running: BatchNormalisation.Running(mean: mean, variance: variance, momentum: 0.1), scratch: scratch, instructionSet: set,
                workers: workers)
            let gradient = Region(upstream)
            let (scaleGradient, shiftGradient) = (Region<Float>(count: channels), Region<Float>(count: channels))
            BatchNormalisation.gradient(
                rows: rows, channels: channels, input: Region(x), scale: Region(scale), shift: Region(shift), activation: activation,
                statistics: statistics, outputGradient: gradient, inputGradient: gradient, scaleGradient: scaleGradient,
                shiftGradient: shiftGradient, scratch: scratch, instructionSet: set, workers: workers)
            return Outcome(
                output: output.elements, statistics: statistics.elements, mean: mean.elements, variance: variance.elements,
                input: gradient.elements, scale: scaleGradient.elements, shift: shiftGradient.elements)
        }

        /// Mean and variance (divided by n) of each channel.
        func moments(_ x: [Double]) -> ([Double], [Double]) {
            var (mean, variance) = ([Double](repeating: 0, count: channels), [Double](repeating: 0, count: channels))
            for (at, value) in x.enumerated() { mean[at % channels] += value / Double(rows) }
            for (at, value) in x.enumerated() {
                variance[at % channels] += (value - mean[at % channels]) * (value - mean[at % channels]) / Double(rows)
            }
            return (mean, variance)
        }

        func forward(_ x: [Double], _ scale: [Double], _ shift: [Double]) -> [Double] {
            let (mean, variance) = moments(x)
            return x.enumerated().map { at, value in
                let c = at % channels
                let y = (value - mean[c]) / (variance[c] + Double(Self.epsilon)).squareRoot() * scale[c] + shift[c]
                return activation == .identity || y > 0 ? y : y * Double(activation.slope)
            }
        }

        func loss(_ x: [Double], _ scale: [Double], _ shift: [Double]) -> Double {
            zip(forward(x, scale, shift), upstream).reduce(0) { $0 + $1.0 * Double($1.1) }
        }
    }

    private static func problems(using g: inout SeededGenerator) -> [Problem] {
        [(1, 3), (2, 1), (40, 5), (128, 16), (300, 32), (517, 48), (1000, 64), (259, 70), (400, 128)].flatMap { rows, channels in
            [Activation.identity, .relu, .leakyRelu(slope: 0.3)].map {
                Problem(rows: rows, channels: channels, activation: $0, using: &g)
            }
        }
    }

    @Test("equals plain sums, with PyTorch's running figures, on every instruction set", arguments: InstructionSet.supported)
    func equalsReference(set: InstructionSet) {
        var g = SeededGenerator(21)
        for problem in Self.problems(using: &g) {
            let found = problem.run(set, nil)
            let x = problem.x.map(Double.init)
            let (mean, variance) = problem.moments(x)
            // A mean of 30 is known to 1e-6, which two values close to each other see.
            #expect(
                relativeError(found.output, problem.forward(x, problem.scale.map(Double.init), problem.shift.map(Double.init)))
                    < (problem.rows <= 2 ? 1e-3 : 2e-5))
            #expect(relativeError(found.mean, mean.map { 0.9 * 0.5 + 0.1 * $0 }) < 1e-6)
            let unbiased = Double(problem.rows) / Double(max(1, problem.rows - 1))
            #expect(relativeError(found.variance, variance.map { 0.9 * 2 + 0.1 * $0 * unbiased }) < 1e-5)
        }
    }

    @Test("has the gradient of finite differences in double precision", arguments: InstructionSet.supported)
    func finiteDifferences(set: InstructionSet) {
        var g = SeededGenerator(22)
        for problem in Self.problems(using: &g) where problem.rows > 2 {
            let found = problem.run(set, nil)
            let (x, scale, shift) = (problem.x.map(Double.init), problem.scale.map(Double.init), problem.shift.map(Double.init))
            func slope(_ f: (Double) -> Double) -> Double { (f(1e-5) - f(-1e-5)) / 2e-5 }
            func moved(_ values: [Double], _ place: Int, _ by: Double) -> [Double] {
                var values = values
                values[place] += by
                return values
            }
            for _ in 0..<3 {
                let at = Int.random(in: 0..<x.count, using: &g)
                let c = Int.random(in: 0..<problem.channels, using: &g)
                let expected = slope { problem.loss(moved(x, at, $0), scale, shift) }
                #expect(abs(Double(found.input[at]) - expected) < 1e-4 * 5)
                let expectedScale = slope { problem.loss(x, moved(scale, c, $0), shift) }
                #expect(abs(Double(found.scale[c]) - expectedScale) < 1e-4 * max(1, abs(expectedScale)))
                let expectedShift = slope { problem.loss(x, scale, moved(shift, c, $0)) }
                #expect(abs(Double(found.shift[c]) - expectedShift) < 1e-4 * max(1, abs(expectedShift)))
            }
        }
    }

    @Test("is the same bits with any threads", arguments: InstructionSet.supported)
    func sameBits(set: InstructionSet) {
        var g = SeededGenerator(23)
        let crew = Workers(count: 3)
        for problem in Self.problems(using: &g) {
            let (alone, shared) = (problem.run(set, nil), problem.run(set, crew))
            for part in [\Problem.Outcome.output, \.statistics, \.mean, \.variance, \.input, \.scale, \.shift] {
                #expect(bits(alone[keyPath: part]) == bits(shared[keyPath: part]))
            }
        }
    }
}
