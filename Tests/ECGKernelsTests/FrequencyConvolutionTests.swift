// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Testing

@Suite("Frequency-domain convolution")
struct FrequencyConvolutionTests {
    /// What the frequency domain takes: one group, any length, kernels beyond the signal, strides, gaps, lopsided padding.
    static func randomShape(using g: inout SeededGenerator) -> ConvolutionShape {
        while true {
            let shape = ConvolutionShape(
                inputChannels: [1, 2, 3, 8, 12, 16, 17, 32, 48, 50].randomElement(using: &g) ?? 1,
                outputChannels: [1, 2, 5, 8, 16, 31, 32, 33, 48, 50, 70, 96].randomElement(using: &g) ?? 1,
                kernel: [1, 2, 3, 5, 7, 10, 16, 17, 40, 50].randomElement(using: &g) ?? 1,
                stride: [1, 1, 1, 2, 3, 4].randomElement(using: &g) ?? 1,
                dilation: [1, 1, 1, 2, 3].randomElement(using: &g) ?? 1, padLeft: .random(in: 0...30, using: &g),
                padRight: .random(in: 0...30, using: &g), inputLength: [1, 2, 5, 27, 40, 61, 100, 300, 433].randomElement(using: &g) ?? 1)
            if shape.isValid { return shape }
        }
    }

    @Test("equals the plain loop on every instruction set, forward and reverse", arguments: InstructionSet.supported)
    func equalsReference(set: InstructionSet) {
        var g = SeededGenerator(11)
        for _ in 0..<50 {
            ConvolutionExpectations.equalsReference(Self.randomShape(using: &g), .frequency, set, using: &g)
        }
    }

    @Test("every transform that can be chosen is exact", arguments: InstructionSet.supported)
    func transforms(set: InstructionSet) throws {
        var g = SeededGenerator(12)
        let shape = ConvolutionShape(inputChannels: 3, outputChannels: 20, kernel: 4, padLeft: 2, padRight: 2, inputLength: 70)
        let weights = randomFloats(shape.weightCount, using: &g)
        let input = randomFloats(70 * 3, using: &g)
        let expected = Reference.convolution(shape, items: 1, input: input.map(Double.init), weights: weights.map(Double.init))
        let problem = FrequencyProblem(shape, .forward)
        for radices in FrequencyTransform.Radices.all where radices.points > 4 {
            let tiling = try #require(FrequencyTiling(problem, radices))
            for (precision, most) in [(FrequencyTransform.Precision.single, 2e-6), (.double, 3e-7)] {
                let layer = FrequencyConvolution(
                    shape, .forward, tiling: tiling, weights: weights, precision: precision, instructionSet: set)
                let output = Region<Float>(count: expected.count)
                let count = FrequencyConvolution.scratchCount(shape, .forward, tiling: tiling, instructionSet: set, items: 1, threads: 1)
                layer.run(
                    items: 1, input: Region(input), inputRowStride: 3, output: output, outputRowStride: 20, scratch: Region(count: count),
                    workers: nil)
                #expect(relativeError(output.elements, expected) < most, "\(radices), \(precision)")
            }
        }
    }

    /// Terms of zero cost a direct sum no rounding, and a transform as many as ever.
    @Test("gives gradients that come through closed gates with the error of direct summation or less", arguments: InstructionSet.supported)
    func gatedGradients(set: InstructionSet) {
        var g = SeededGenerator(20)
        for (inputs, outputs, kernel, stride, length) in [
            (32, 64, 50, 1, 300), (64, 32, 50, 1, 300), (128, 128, 7, 1, 38), (64, 64, 7, 2, 75),
        ] {
            let shape = ConvolutionShape(
                inputChannels: inputs, outputChannels: outputs, kernel: kernel, stride: stride, padLeft: kernel / 2, padRight: kernel / 2,
                inputLength: length)
            let weights = randomFloats(shape.weightCount, using: &g)
            let gates = randomFloats(shape.outputLength * outputs, using: &g)
            let upstream = randomFloats(shape.outputLength * outputs, using: &g)
            let gated = zip(gates, upstream).map { $0 < 0 ? 0 : $1 }
            let exact = Reference.convolutionInputGradient(
                shape, items: 1, outputGradient: gated.map(Double.init), weights: weights.map(Double.init))
            let plain = Reference.convolutionInputGradient(shape, items: 1, outputGradient: gated, weights: weights)
            let layer = Convolution(shape: shape, weights: weights, algorithm: .frequency, instructionSet: set)
            let gradient = Region<Float>(count: length * inputs)
            layer.inputGradient(
                items: 1, outputGradient: Region(gated), inputGradient: gradient, scratch: Region(count: layer.scratchCount(items: 1)))
            func squares(_ found: [Float]) -> Double { zip(found, exact).reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) } }
            let share = (squares(gradient.elements) / exact.reduce(0) { $0 + $1 * $1 }).squareRoot()
            #expect(share < 1.5e-7, "\(shape)")
            #expect(squares(gradient.elements) < squares(plain), "\(shape)")
        }
    }

    @Test("gives an item the same bits in any batch, with any threads", arguments: InstructionSet.supported)
    func sameBits(set: InstructionSet) {
        var g = SeededGenerator(13)
        let crews = [2, 3, 4].map { Workers(count: $0) }
        for round in 0..<16 {
            ConvolutionExpectations.sameBits(
                Self.randomShape(using: &g), .frequency, items: round % 4 == 0 ? 64 : 5, crews: crews, set, using: &g)
        }
    }

    @Test("writes into a wider row, adds a residual, applies the activation", arguments: InstructionSet.supported)
    func stores(set: InstructionSet) {
        var g = SeededGenerator(14)
        for (channels, stride, step) in [(37, 50, 1), (16, 16, 2), (5, 9, 1), (64, 64, 1)] {
            let shape = ConvolutionShape(
                inputChannels: 6, outputChannels: channels, kernel: 7, stride: step, padLeft: 3, padRight: 3, inputLength: 45)
            ConvolutionExpectations.stores(shape, .frequency, outputRowStride: stride, set, using: &g)
        }
    }

    @Test("an item is not disturbed by a louder, infinite or missing neighbour", arguments: InstructionSet.supported)
    func neighbours(set: InstructionSet) {
        var g = SeededGenerator(15)
        let shape = ConvolutionShape(inputChannels: 12, outputChannels: 20, kernel: 50, padLeft: 24, padRight: 25, inputLength: 300)
        let layer = Convolution(
            shape: shape, weights: randomFloats(shape.weightCount, using: &g), activation: .relu, algorithm: .frequency, instructionSet: set
        )
        let scratch = Region<Float>(count: layer.scratchCount(items: 3))
        let quiet = randomFloats(3 * 300 * 12, using: &g)
        func run(_ input: [Float]) -> [Float] {
            let output = Region<Float>(count: 3 * 300 * 20)
            layer.forward(items: 3, input: Region(input), output: output, scratch: scratch)
            return output.elements
        }
        let middle = 300 * 20..<2 * 300 * 20
        let expected = run(quiet)
        for factor in [Float(1e4), 1e30, .infinity, .nan] {
            var loud = quiet
            for index in loud.indices where !(300 * 12..<2 * 300 * 12).contains(index) { loud[index] *= factor }
            let output = run(loud)
            #expect(bits(Array(output[middle])) == bits(Array(expected[middle])))
        }
    }

    @Test("NaN, infinity and absurd samples reach as far as the kernel does, forward and reverse", arguments: InstructionSet.supported)
    func wildSamples(set: InstructionSet) {
        var g = SeededGenerator(17)
        for round in 0..<12 {
            ConvolutionExpectations.wildSamples(Self.randomShape(using: &g), .frequency, round, set, using: &g)
        }
    }

    @Test("layers that share an input share what is known of its rows, until it changes")
    func knownRows() {
        var g = SeededGenerator(18)
        let layers = [9, 30].map { kernel in
            let shape = ConvolutionShape(
                inputChannels: 12, outputChannels: 20, kernel: kernel, padLeft: kernel / 2, padRight: (kernel - 1) / 2, inputLength: 300)
            return Convolution(shape: shape, weights: randomFloats(shape.weightCount, using: &g), algorithm: .frequency)
        }
        let calm = randomFloats(2 * 300 * 12, using: &g)
        var wild = calm
        wild[4000] = .nan
        var still = calm
        for index in 1000..<2500 { still[index] = 0.5 }
        func run(_ layer: Convolution, _ input: [Float], _ known: KnownRows?) -> [UInt32] {
            let output = Region<Float>(count: 2 * 300 * 20)
            layer.forward(
                items: 2, input: Region(input), output: output, known: known, scratch: Region(count: layer.scratchCount(items: 2)))
            return bits(output.elements)
        }
        let known = KnownRows()
        for input in [calm, wild, still, calm] {
            known.forget()
            for layer in layers { #expect(run(layer, input, known) == run(layer, input, nil)) }
        }
    }

    @Test("errs no more than direct summation in float32", arguments: InstructionSet.supported)
    func error(set: InstructionSet) {
        var g = SeededGenerator(16)
        for (inputs, outputs, kernel, length) in [
            (32, 64, 50, 300), (64, 32, 50, 300), (32, 64, 16, 830), (48, 32, 40, 600), (64, 64, 7, 150),
        ] {
            let shape = ConvolutionShape(
                inputChannels: inputs, outputChannels: outputs, kernel: kernel, padLeft: (kernel - 1) / 2, padRight: kernel / 2,
                inputLength: length)
            let items = 4
            let weights = randomFloats(shape.weightCount, using: &g)
            let input = randomFloats(items * length * inputs, 0...1, using: &g)
            let exact = Reference.convolution(shape, items: items, input: input.map(Double.init), weights: weights.map(Double.init))
            func median(_ algorithm: Convolution.Algorithm) -> Double {
                let layer = Convolution(shape: shape, weights: weights, algorithm: algorithm, instructionSet: set)
                let output = Region<Float>(count: exact.count)
                layer.forward(items: items, input: Region(input), output: output, scratch: Region(count: layer.scratchCount(items: items)))
                let per = exact.count / items
                let errors = (0..<items).map { item in
                    relativeError(Array(output.elements[item * per..<(item + 1) * per]), Array(exact[item * per..<(item + 1) * per]))
                }.sorted()
                return (errors[1] + errors[2]) / 2
            }
            #expect(median(.frequency) <= median(.direct), "\(shape)")
        }
    }
}
