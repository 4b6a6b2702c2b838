// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Testing

/// What every algorithm of a convolution must hold.
enum ConvolutionExpectations {
    /// Forward, input gradient and an input gradient added to what is there equal the plain loops in float64.
    static func equalsReference(
        _ shape: ConvolutionShape, _ algorithm: Convolution.Algorithm, _ set: InstructionSet, using g: inout SeededGenerator
    ) {
        let items = Int.random(in: 1...3, using: &g)
        let weights = randomFloats(shape.weightCount, using: &g)
        let bias = Bool.random(using: &g) ? randomFloats(shape.outputChannels, using: &g) : nil
        let input = randomFloats(items * shape.inputLength * shape.inputChannels, using: &g)
        let layer = Convolution(shape: shape, weights: weights, bias: bias, algorithm: algorithm, instructionSet: set)
        #expect(layer.algorithm == algorithm)
        let scratch = Region<Float>(count: layer.scratchCount(items: items))
        let output = Region<Float>(count: items * shape.outputLength * shape.outputChannels)
        layer.forward(items: items, input: Region(input), output: output, scratch: scratch)
        let expected = Reference.convolution(
            shape, items: items, input: input.map(Double.init), weights: weights.map(Double.init), bias: bias?.map(Double.init))
        #expect(relativeError(output.elements, expected) < 4e-6, "\(shape)")

        let upstream = randomFloats(output.count, using: &g)
        let gradient = Region<Float>((0..<input.count).map { _ in Float(7) })
        layer.inputGradient(items: items, outputGradient: Region(upstream), inputGradient: gradient, scratch: scratch)
        let expectedGradient = Reference.convolutionInputGradient(
            shape, items: items, outputGradient: upstream.map(Double.init), weights: weights.map(Double.init))
        #expect(relativeError(gradient.elements, expectedGradient) < 4e-6, "\(shape)")

        layer.inputGradient(items: items, outputGradient: Region(upstream), inputGradient: gradient, accumulate: true, scratch: scratch)
        #expect(relativeError(gradient.elements, expectedGradient.map { 2 * $0 }) < 4e-6, "\(shape)")
    }

    /// An item's bits are the same alone and among `items`, with one thread and with each of the crews.
    static func sameBits(
        _ shape: ConvolutionShape, _ algorithm: Convolution.Algorithm?, items: Int, crews: [Workers], _ set: InstructionSet,
        using g: inout SeededGenerator
    ) {
        let perInput = shape.inputLength * shape.inputChannels
        let perOutput = shape.outputLength * shape.outputChannels
        let layer = Convolution(
            shape: shape, weights: randomFloats(shape.weightCount, using: &g), bias: randomFloats(shape.outputChannels, using: &g),
            activation: .leakyRelu(slope: 0.3), algorithm: algorithm, instructionSet: set)
        let input = Region(randomFloats(items * perInput, using: &g))
        let upstream = Region(randomFloats(items * perOutput, using: &g))
        let scratch = Region<Float>(count: layer.scratchCount(items: items, threads: crews.map(\.count).max() ?? 1))
        func run(_ first: Int, _ count: Int, _ workers: Workers?) -> ([UInt32], [UInt32]) {
            let output = Region<Float>(count: count * perOutput)
            let gradient = Region<Float>(count: count * perInput)
            layer.forward(
                items: count, input: input[first * perInput..<(first + count) * perInput], output: output, scratch: scratch,
                workers: workers)
            layer.inputGradient(
                items: count, outputGradient: upstream[first * perOutput..<(first + count) * perOutput], inputGradient: gradient,
                scratch: scratch, workers: workers)
            return (bits(output.elements), bits(gradient.elements))
        }
        let whole = run(0, items, nil)
        #expect(run(3, 1, nil).0 == Array(whole.0[3 * perOutput..<4 * perOutput]), "\(shape)")
        for workers in crews {
            #expect(run(0, items, workers) == whole, "\(shape)")
            let alone = run(3, 1, workers)
            #expect(alone.0 == Array(whole.0[3 * perOutput..<4 * perOutput]), "\(shape)")
            #expect(alone.1 == Array(whole.1[3 * perInput..<4 * perInput]), "\(shape)")
        }
    }

    /// Reads and writes rows wider than the channels and touches nothing between them, adds a residual before or after each activation.
    static func stores(
        _ shape: ConvolutionShape, _ algorithm: Convolution.Algorithm, outputRowStride stride: Int, _ set: InstructionSet,
        using g: inout SeededGenerator
    ) {
        let (inputs, channels, rows) = (shape.inputChannels, shape.outputChannels, shape.outputLength)
        let inputStride = inputs + 4
        for activation in [Activation.identity, .relu, .leakyRelu(slope: 0.3)] {
            for position in [Residual.Position.beforeActivation, .afterActivation] {
                let weights = randomFloats(shape.weightCount, using: &g)
                let input = randomFloats(shape.inputLength * inputStride, using: &g)
                let added = randomFloats(rows * channels, using: &g)
                let layer = Convolution(shape: shape, weights: weights, activation: activation, algorithm: algorithm, instructionSet: set)
                #expect(layer.algorithm == algorithm)
                let output = Region<Float>((0..<rows * stride).map { _ in Float(-3) })
                layer.forward(
                    items: 1, input: Region(input), inputRowStride: inputStride, output: output, outputRowStride: stride,
                    residual: Residual(Region(added), position), scratch: Region(count: layer.scratchCount(items: 1)))
                let dense = (0..<shape.inputLength).flatMap { row in (0..<inputs).map { Double(input[row * inputStride + $0]) } }
                let sum = Reference.convolution(shape, items: 1, input: dense, weights: weights.map(Double.init))
                var expected = [Double](repeating: -3, count: rows * stride)
                for row in 0..<rows {
                    for c in 0..<channels {
                        let other = added[row * channels + c]
                        let value = Float(sum[row * channels + c])
                        expected[row * stride + c] = Double(
                            position == .beforeActivation ? activation(value + other) : activation(value) + other)
                    }
                }
                #expect(relativeError(output.elements, expected) < 4e-6)
            }
        }
    }

    /// NaN, infinity and absurd samples reach as far as the kernel does, forward and reverse.
    /// - Parameter round: a number from 0 on, of which the samples and the activation depend.
    static func wildSamples(
        _ shape: ConvolutionShape, _ algorithm: Convolution.Algorithm, _ round: Int, _ set: InstructionSet, using g: inout SeededGenerator
    ) {
        let items = 3
        let weights = randomFloats(shape.weightCount, using: &g)
        let bias = randomFloats(shape.outputChannels, using: &g)
        func layer(_ algorithm: Convolution.Algorithm) -> Convolution {
            Convolution(
                shape: shape, weights: weights, bias: bias, activation: round % 2 == 0 ? .relu : .identity, algorithm: algorithm,
                instructionSet: set)
        }
        let (own, direct) = (layer(algorithm), layer(.direct))
        let scratch = Region<Float>(count: max(own.scratchCount(items: items), direct.scratchCount(items: items)))
        let value = [Float.nan, .infinity, -.infinity, 1e30, 3e38][round % 5]
        var input = randomFloats(items * shape.inputLength * shape.inputChannels, using: &g)
        var upstream = randomFloats(items * shape.outputLength * shape.outputChannels, using: &g)
        // In the first and the last item; the one between must not notice.
        for item in [0, 2] {
            input[(item * shape.inputLength + .random(in: 0..<shape.inputLength, using: &g)) * shape.inputChannels] = value
            upstream[(item * shape.outputLength + .random(in: 0..<shape.outputLength, using: &g)) * shape.outputChannels] = value
        }
        func forward(_ layer: Convolution) -> [Float] {
            let output = Region<Float>(count: upstream.count)
            layer.forward(items: items, input: Region(input), output: output, scratch: scratch)
            return output.elements
        }
        func reverse(_ layer: Convolution, accumulate: Bool) -> [Float] {
            let gradient = Region<Float>((0..<input.count).map { _ in Float(0.25) })
            layer.inputGradient(
                items: items, outputGradient: Region(upstream), inputGradient: gradient, accumulate: accumulate, scratch: scratch)
            return gradient.elements
        }
        for (found, expected) in [
            (forward(own), forward(direct)), (reverse(own, accumulate: false), reverse(direct, accumulate: false)),
            (reverse(own, accumulate: true), reverse(direct, accumulate: true)),
        ] {
            let size = expected.filter { abs($0) < 1e9 }.map { abs($0) }.max() ?? 1
            let agree = zip(found, expected).allSatisfy { found, expected in
                if expected.isNaN || found.isNaN { return expected.isNaN && found.isNaN }
                return abs(expected) < 1e9 ? abs(found - expected) < 1e-5 * max(size, 1) : found == expected
            }
            #expect(agree, "\(shape) with \(value)")
        }
    }
}
