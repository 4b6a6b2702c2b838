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
}
