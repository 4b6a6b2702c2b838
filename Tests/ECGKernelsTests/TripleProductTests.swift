// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Testing

@Suite("Convolution with two taps by Toom and Cook")
struct TripleProductTests {
    /// Every length modulo three, items shorter than a triple and longer than a block, odd channels, padding from none to more than the kernel.
    static func randomShape(using g: inout SeededGenerator, most: Int = 400) -> ConvolutionShape {
        while true {
            let shape = ConvolutionShape(
                inputChannels: [1, 2, 3, 15, 16, 17, 32, 48, 65, 130].randomElement(using: &g) ?? 1,
                outputChannels: [1, 2, 5, 15, 16, 31, 32, 33, 48, 70].randomElement(using: &g) ?? 1, kernel: 2,
                padLeft: [0, 0, 0, 1, 1, 2, 5].randomElement(using: &g) ?? 0, padRight: [0, 1, 1, 2, 5].randomElement(using: &g) ?? 0,
                inputLength: Bool.random(using: &g) ? .random(in: 1...10, using: &g) : .random(in: 11...most, using: &g))
            if shape.isValid { return shape }
        }
    }

    @Test("equals the plain loop on every instruction set, forward and reverse", arguments: InstructionSet.supported)
    func equalsReference(set: InstructionSet) {
        var g = SeededGenerator(31)
        for length in 1...12 {
            for (left, right) in [(0, 1), (1, 0), (1, 1), (0, 0)] where length + left + right > 1 {
                let shape = ConvolutionShape(
                    inputChannels: 33, outputChannels: 35, kernel: 2, padLeft: left, padRight: right, inputLength: length)
                ConvolutionExpectations.equalsReference(shape, .toomCook, set, using: &g)
            }
        }
        for _ in 0..<50 { ConvolutionExpectations.equalsReference(Self.randomShape(using: &g), .toomCook, set, using: &g) }
        // Rows 4 KiB apart, for which plain tiles read from a copy.
        for (inputs, outputs) in [(1024, 33), (33, 1024)] {
            let shape = ConvolutionShape(inputChannels: inputs, outputChannels: outputs, kernel: 2, padRight: 1, inputLength: 29)
            ConvolutionExpectations.equalsReference(shape, .toomCook, set, using: &g)
        }
    }

    @Test("gives an item the same bits in any batch, with any threads", arguments: InstructionSet.supported)
    func sameBits(set: InstructionSet) {
        var g = SeededGenerator(32)
        let crews = [2, 3, 4].map { Workers(count: $0) }
        for round in 0..<16 {
            let shape = Self.randomShape(using: &g)
            ConvolutionExpectations.sameBits(shape, .toomCook, items: round % 4 == 0 ? 33 : 5, crews: crews, set, using: &g)
        }
        let large = ConvolutionShape(inputChannels: 96, outputChannels: 128, kernel: 2, padRight: 1, inputLength: 500)
        ConvolutionExpectations.sameBits(large, nil, items: 5, crews: crews, set, using: &g)
    }

    @Test("writes into a wider row, adds a residual, applies the activation", arguments: InstructionSet.supported)
    func stores(set: InstructionSet) {
        var g = SeededGenerator(33)
        for (channels, stride, length) in [(37, 50, 45), (16, 16, 46), (5, 9, 47), (64, 64, 7)] {
            let shape = ConvolutionShape(
                inputChannels: 18, outputChannels: channels, kernel: 2, padLeft: length % 2, padRight: 1, inputLength: length)
            ConvolutionExpectations.stores(shape, .toomCook, outputRowStride: stride, set, using: &g)
        }
    }

    @Test("NaN, infinity and absurd samples reach as far as the kernel does, forward and reverse", arguments: InstructionSet.supported)
    func wildSamples(set: InstructionSet) {
        var g = SeededGenerator(34)
        for round in 0..<40 { ConvolutionExpectations.wildSamples(Self.randomShape(using: &g, most: 60), .toomCook, round, set, using: &g) }
    }

    @Test("a wild sample changes no bit of rows three away", arguments: InstructionSet.supported)
    func confined(set: InstructionSet) {
        var g = SeededGenerator(35)
        let shape = ConvolutionShape(inputChannels: 20, outputChannels: 33, kernel: 2, padRight: 1, inputLength: 200)
        let layer = Convolution(
            shape: shape, weights: randomFloats(shape.weightCount, using: &g), activation: .relu, algorithm: .toomCook, instructionSet: set)
        let scratch = Region<Float>(count: layer.scratchCount(items: 1))
        let quiet = randomFloats(200 * 20, using: &g)
        func run(_ input: [Float]) -> [UInt32] {
            let output = Region<Float>(count: 200 * 33)
            layer.forward(items: 1, input: Region(input), output: output, scratch: scratch)
            return bits(output.elements)
        }
        let expected = run(quiet)
        for (row, value) in [(100, Float.nan), (101, .infinity), (102, 3e38), (0, .nan), (199, -.infinity)] {
            var input = quiet
            input[row * 20 + 7] = value
            let found = run(input)
            for other in 0..<200 where abs(other - row) > 3 {
                #expect(found[other * 33..<(other + 1) * 33] == expected[other * 33..<(other + 1) * 33])
            }
        }
    }

    @Test(
        "weights that are absurd or no numbers give what plain sums give", arguments: InstructionSet.supported,
        [Float.nan, .infinity, 3e38])
    func wildWeights(set: InstructionSet, value: Float) {
        var g = SeededGenerator(36)
        let shape = ConvolutionShape(inputChannels: 20, outputChannels: 33, kernel: 2, padRight: 1, inputLength: 50)
        var weights = randomFloats(shape.weightCount, using: &g)
        weights[411] = value
        let input = randomFloats(50 * 20, using: &g)
        let upstream = Region(randomFloats(50 * 33, using: &g))
        func run(_ algorithm: Convolution.Algorithm) -> ([UInt32], [UInt32]) {
            let layer = Convolution(shape: shape, weights: weights, algorithm: algorithm, instructionSet: set)
            let scratch = Region<Float>(count: layer.scratchCount(items: 1))
            let output = Region<Float>(count: 50 * 33)
            let gradient = Region<Float>(count: 50 * 20)
            layer.forward(items: 1, input: Region(input), output: output, scratch: scratch)
            layer.inputGradient(items: 1, outputGradient: upstream, inputGradient: gradient, scratch: scratch)
            return (bits(output.elements), bits(gradient.elements))
        }
        #expect(run(.toomCook) == run(.direct))
    }

    @Test("equal windows give equal bits wherever they lie, and zeros the bias alone", arguments: InstructionSet.supported)
    func constantStretches(set: InstructionSet) {
        var g = SeededGenerator(38)
        let (inputs, outputs, length) = (40, 33, 130)
        let shape = ConvolutionShape(
            inputChannels: inputs, outputChannels: outputs, kernel: 2, padLeft: 1, padRight: 4, inputLength: length)
        let bias = randomFloats(outputs, using: &g)
        let layer = Convolution(
            shape: shape, weights: randomFloats(shape.weightCount, using: &g), bias: bias, algorithm: .toomCook, instructionSet: set)
        let scratch = Region<Float>(count: layer.scratchCount(items: 1))
        let values = randomFloats(inputs, using: &g)
        // Stretches of every length at every place in a triple, with noise between them; every other one is zero.
        for lead in 0..<3 {
            var input = randomFloats(length * inputs, using: &g)
            var still = [Int](repeating: 0, count: length + 5)
            var start = lead
            for (index, count) in (2...12).enumerated() where start + count < length {
                for row in start..<start + count {
                    for c in 0..<inputs { input[row * inputs + c] = index % 2 == 0 ? values[c] : 0 }
                    // The window of output row r holds the input rows r − 1 and r.
                    if row > start { still[row] = 1 + index % 2 }
                }
                start += count + 1 + index % 3
            }
            for row in length + 1..<length + 5 { still[row] = 2 }
            let output = Region<Float>(count: shape.outputLength * outputs)
            layer.forward(items: 1, input: Region(input), output: output, scratch: scratch)
            var first: [UInt32]?
            for row in 0..<shape.outputLength where still[row] > 0 {
                let found = bits(output[row * outputs..<(row + 1) * outputs].elements)
                if still[row] == 2 {
                    #expect(found == bits(bias), "row \(row)")
                } else {
                    #expect(found == first ?? found, "row \(row)")
                    first = found
                }
            }
        }
    }

    @Test(
        "errs by a third more than plain tiles at most, behind an activation and through closed gates too",
        arguments: InstructionSet.supported)
    func error(set: InstructionSet) {
        var g = SeededGenerator(39)
        for (inputs, outputs, length) in [(384, 128, 60), (96, 128, 100), (96, 32, 200), (48, 32, 200), (32, 32, 300)] {
            let shape = ConvolutionShape(inputChannels: inputs, outputChannels: outputs, kernel: 2, padRight: 1, inputLength: length)
            let weights = randomFloats(shape.weightCount, using: &g)
            let input = randomFloats(length * inputs, using: &g).map { max($0, 0) }
            let upstream = randomFloats(length * outputs, using: &g).map { max($0, 0) }
            let exact = Reference.convolution(shape, items: 1, input: input.map(Double.init), weights: weights.map(Double.init))
            let exactGradient = Reference.convolutionInputGradient(
                shape, items: 1, outputGradient: upstream.map(Double.init), weights: weights.map(Double.init))
            let chosen = Convolution(shape: shape, weights: weights, instructionSet: set).algorithm
            #expect(chosen == (inputs < 48 && set < .avx512 ? .direct : .toomCook))
            func squares(_ algorithm: Convolution.Algorithm) -> (Double, Double) {
                let layer = Convolution(shape: shape, weights: weights, algorithm: algorithm, instructionSet: set)
                let scratch = Region<Float>(count: layer.scratchCount(items: 1))
                let output = Region<Float>(count: exact.count)
                let gradient = Region<Float>(count: exactGradient.count)
                layer.forward(items: 1, input: Region(input), output: output, scratch: scratch)
                layer.inputGradient(items: 1, outputGradient: Region(upstream), inputGradient: gradient, scratch: scratch)
                func sum(_ found: [Float], _ exact: [Double]) -> Double {
                    zip(found, exact).reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
                }
                return (sum(output.elements, exact), sum(gradient.elements, exactGradient))
            }
            let (own, plain) = (squares(.toomCook), squares(.direct))
            #expect(own.0 < 1.7 * plain.0, "\(shape)")
            #expect(own.1 < 1.7 * plain.1, "\(shape), reverse")
        }
    }
}
