// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Testing

@Suite("Gradients of a convolution's weights")
struct WeightGradientTests {
    private struct Problem {
        let shape: ConvolutionShape
        let items: Int
        let weights, bias, input, upstream: [Float]

        init(_ shape: ConvolutionShape, items: Int, using g: inout SeededGenerator) {
            self.shape = shape
            self.items = items
            weights = randomFloats(shape.weightCount, using: &g)
            bias = randomFloats(shape.outputChannels, using: &g)
            input = randomFloats(items * shape.inputLength * shape.inputChannels, using: &g)
            upstream = randomFloats(items * shape.outputLength * shape.outputChannels, using: &g)
        }

        /// Weight and bias gradients after a replacing and an adding call.
        func gradients(
            _ algorithm: Convolution.Algorithm?, _ set: InstructionSet, _ workers: Workers?
        ) -> (layer: TrainableConvolution, output: [Float], input: [Float], once: ([Float], [Float]), twice: ([Float], [Float])) {
            let layer = TrainableConvolution(shape: shape, algorithm: algorithm, instructionSet: set)
            layer.setWeights(Region(weights), bias: Region(bias), workers: workers)
            let scratch = Region<Float>((0..<layer.scratchCount(items: items, threads: workers?.count ?? 1)).map { _ in Float.nan })
            let output = Region<Float>(count: upstream.count)
            layer.forward(items: items, input: Region(input), output: output, scratch: scratch, workers: workers)
            let gradient = Region<Float>((0..<input.count).map { _ in Float(7) })
            let weightGradient = Region<Float>((0..<weights.count).map { _ in Float(5) })
            let biasGradient = Region<Float>((0..<bias.count).map { _ in Float(5) })
            func run(_ accumulate: Bool) {
                layer.gradients(
                    items: items, input: Region(input), outputGradient: Region(upstream), inputGradient: gradient,
                    accumulateInput: accumulate, weightGradient: weightGradient, biasGradient: biasGradient, accumulate: accumulate,
                    scratch: scratch, workers: workers)
            }
            run(false)
            let once = (weightGradient.elements, biasGradient.elements)
            let inputOnce = gradient.elements
            run(true)
            return (layer, output.elements, inputOnce, once, (weightGradient.elements, biasGradient.elements))
        }
    }

    /// Shapes in which one side is narrow, wide, deep or a channel each, and long ones of the kind that the frequency domain is for.
    private static let special =
        ConvolutionTests.special + [
            ConvolutionShape(inputChannels: 32, outputChannels: 64, kernel: 16, padLeft: 7, padRight: 8, inputLength: 215),
            ConvolutionShape(inputChannels: 20, outputChannels: 30, kernel: 17, stride: 4, padLeft: 8, padRight: 8, inputLength: 109),
            ConvolutionShape(inputChannels: 48, outputChannels: 48, groups: 48, kernel: 9, padLeft: 4, padRight: 4, inputLength: 70),
            ConvolutionShape(inputChannels: 8, outputChannels: 4, kernel: 31, dilation: 2, padLeft: 30, padRight: 30, inputLength: 128),
        ]

    @Test("equal the plain loop, direct and in the frequency domain", arguments: InstructionSet.supported)
    func equalReference(set: InstructionSet) {
        var g = SeededGenerator(11)
        for shape in Self.special + (0..<60).map({ _ in ConvolutionTests.randomShape(using: &g) }) {
            let problem = Problem(shape, items: .random(in: 1...7, using: &g), using: &g)
            let expected = Reference.convolutionWeightGradient(
                shape, items: problem.items, input: problem.input.map(Double.init), outputGradient: problem.upstream.map(Double.init))
            let expectedInput = Reference.convolutionInputGradient(
                shape, items: problem.items, outputGradient: problem.upstream.map(Double.init), weights: problem.weights.map(Double.init))
            let expectedOutput = Reference.convolution(
                shape, items: problem.items, input: problem.input.map(Double.init), weights: problem.weights.map(Double.init),
                bias: problem.bias.map(Double.init))
            for algorithm in [Convolution.Algorithm.direct, .frequency] {
                let found = problem.gradients(algorithm, set, nil)
                let text: Comment = "\(algorithm) \(found.layer.weightGradientAlgorithm) \(shape) items \(problem.items)"
                #expect(relativeError(found.once.0, expected.weights) < 4e-6, text)
                #expect(relativeError(found.once.1, expected.bias) < 4e-6, text)
                #expect(relativeError(found.twice.0, expected.weights.map { 2 * $0 }) < 4e-6, text)
                #expect(relativeError(found.twice.1, expected.bias.map { 2 * $0 }) < 4e-6, text)
                #expect(relativeError(found.input, expectedInput) < 4e-6, text)
                #expect(relativeError(found.output, expectedOutput) < 4e-6, text)
            }
        }
    }

    @Test("are the same bits with any threads", arguments: InstructionSet.supported)
    func sameBits(set: InstructionSet) {
        var g = SeededGenerator(12)
        let crews = [2, 3, 4].map { Workers(count: $0) }
        for shape in Self.special + (0..<20).map({ _ in ConvolutionTests.randomShape(using: &g) }) {
            let problem = Problem(shape, items: 9, using: &g)
            for algorithm in [Convolution.Algorithm.direct, .frequency, nil] {
                let alone = problem.gradients(algorithm, set, nil)
                for crew in crews {
                    let shared = problem.gradients(algorithm, set, crew)
                    #expect(bits(shared.output) == bits(alone.output), "\(shape)")
                    #expect(bits(shared.input) == bits(alone.input), "\(shape)")
                    #expect(bits(shared.once.0) == bits(alone.once.0), "\(shape)")
                    #expect(bits(shared.once.1) == bits(alone.once.1), "\(shape)")
                }
            }
        }
    }

    @Test("follow the weights of the step, in place")
    func weightsChange() {
        var g = SeededGenerator(13)
        for shape in Self.special {
            for algorithm in [Convolution.Algorithm.direct, .frequency] {
                let layer = TrainableConvolution(shape: shape, algorithm: algorithm)
                let scratch = Region<Float>(count: layer.scratchCount(items: 2))
                for _ in 0..<3 {
                    let problem = Problem(shape, items: 2, using: &g)
                    layer.setWeights(Region(problem.weights), bias: Region(problem.bias))
                    let output = Region<Float>(count: problem.upstream.count)
                    layer.forward(items: 2, input: Region(problem.input), output: output, scratch: scratch)
                    let gradient = Region<Float>(count: problem.input.count)
                    layer.gradients(
                        items: 2, input: Region(problem.input), outputGradient: Region(problem.upstream), inputGradient: gradient,
                        weightGradient: Region(count: problem.weights.count), scratch: scratch)
                    let fresh = problem.gradients(algorithm, .current, nil)
                    #expect(bits(output.elements) == bits(fresh.output), "\(shape)")
                    #expect(bits(gradient.elements) == bits(fresh.input), "\(shape)")
                }
            }
        }
    }

    @Test("agree with finite differences in double precision")
    func finiteDifferences() {
        var g = SeededGenerator(14)
        for _ in 0..<25 {
            var shape = ConvolutionTests.randomShape(using: &g)
            while shape.weightCount > 4000 { shape = ConvolutionTests.randomShape(using: &g) }
            let problem = Problem(shape, items: 2, using: &g)
            let input = problem.input.map(Double.init)
            let bias = problem.bias.map(Double.init)
            // The loss is the product of the result with the upstream gradient.
            func loss(_ weights: [Double], _ bias: [Double]) -> Double {
                zip(Reference.convolution(shape, items: 2, input: input, weights: weights, bias: bias), problem.upstream)
                    .reduce(0) { $0 + $1.0 * Double($1.1) }
            }
            let found = problem.gradients(nil, .current, nil).once
            let scale = found.0.reduce(1e-3) { max($0, abs(Double($1))) }
            let weights = problem.weights.map(Double.init)
            for _ in 0..<6 {
                let place = Int.random(in: 0..<weights.count, using: &g)
                var (up, down) = (weights, weights)
                up[place] += 1e-3
                down[place] -= 1e-3
                let slope = (loss(up, bias) - loss(down, bias)) / 2e-3
                #expect(abs(slope - Double(found.0[place])) < 1e-5 * scale, "\(shape)")
            }
            let channel = Int.random(in: 0..<bias.count, using: &g)
            var (up, down) = (bias, bias)
            up[channel] += 1e-3
            down[channel] -= 1e-3
            let slope = (loss(weights, up) - loss(weights, down)) / 2e-3
            #expect(abs(slope - Double(found.1[channel])) < 1e-5 * max(1, abs(slope)), "\(shape)")
        }
    }

    @Test("of a dense layer equal the plain loop in both layouts, with any threads", arguments: InstructionSet.supported)
    func dense(set: InstructionSet) {
        var g = SeededGenerator(15)
        let crew = Workers(count: 3)
        for _ in 0..<40 {
            let rows = Int.random(in: 1...150, using: &g)
            let inner = [1, 7, 64, 130, 500].randomElement(using: &g) ?? 1
            let columns = [1, 3, 8, 32, 50].randomElement(using: &g) ?? 1
            for transposed in [false, true] {
                let weights = randomFloats(inner * columns, using: &g)
                let x = randomFloats(rows * inner, using: &g)
                let upstream = randomFloats(rows * columns, using: &g)
                var expected = [Double](repeating: 0, count: inner * columns)
                var expectedInput = [Double](repeating: 0, count: rows * inner)
                var expectedBias = [Double](repeating: 0, count: columns)
                for row in 0..<rows {
                    for c in 0..<columns {
                        let value = Double(upstream[row * columns + c])
                        expectedBias[c] += value
                        for k in 0..<inner {
                            let at = transposed ? c * inner + k : k * columns + c
                            expected[at] += Double(x[row * inner + k]) * value
                            expectedInput[row * inner + k] += Double(weights[at]) * value
                        }
                    }
                }
                var first: [UInt32]?
                for workers in [nil, crew] {
                    let layer = TrainableMatrixProduct(inner: inner, columns: columns, transposed: transposed, instructionSet: set)
                    layer.setWeights(Region(weights))
                    let gradient = Region<Float>(count: rows * inner)
                    let weightGradient = Region<Float>(count: inner * columns)
                    let biasGradient = Region<Float>(count: columns)
                    layer.gradients(
                        rows: rows, input: Region(x), outputGradient: Region(upstream), inputGradient: gradient,
                        weightGradient: weightGradient, biasGradient: biasGradient, workers: workers)
                    #expect(relativeError(weightGradient.elements, expected) < 4e-6)
                    #expect(relativeError(biasGradient.elements, expectedBias) < 4e-6)
                    #expect(relativeError(gradient.elements, expectedInput) < 4e-6)
                    let found = bits(weightGradient.elements) + bits(biasGradient.elements)
                    #expect(first ?? found == found)
                    first = found
                }
            }
        }
    }
}
