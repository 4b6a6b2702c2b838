// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Testing

@Suite("Convolution")
struct ConvolutionTests {
    /// Shapes a network could hold, and odd ones: long kernels, one channel, one sample, strides beyond the kernel, lopsided padding.
    static func randomShape(using g: inout SeededGenerator) -> ConvolutionShape {
        while true {
            let depthwise = Int.random(in: 0..<6, using: &g) == 0
            let groups = depthwise ? Int.random(in: 1...40, using: &g) : [1, 1, 1, 2, 3].randomElement(using: &g) ?? 1
            let shape = ConvolutionShape(
                inputChannels: groups * (depthwise ? 1 : [1, 2, 3, 8, 12, 16, 17, 32].randomElement(using: &g) ?? 1),
                outputChannels: groups * (depthwise ? 1 : [1, 2, 5, 8, 16, 31, 32, 33, 48, 70].randomElement(using: &g) ?? 1),
                groups: groups, kernel: [1, 2, 3, 5, 7, 10, 17, 50].randomElement(using: &g) ?? 1, stride: .random(in: 1...5, using: &g),
                dilation: [1, 1, 1, 2, 3, 4].randomElement(using: &g) ?? 1, padLeft: .random(in: 0...20, using: &g),
                padRight: .random(in: 0...20, using: &g), inputLength: [1, 2, 5, 27, 40, 61, 100].randomElement(using: &g) ?? 1)
            if shape.isValid { return shape }
        }
    }

    /// Shapes that take a way of their own: rows 4 KiB apart, and the narrow gradients of first layers.
    static let special = [
        ConvolutionShape(inputChannels: 256, outputChannels: 40, kernel: 5, stride: 4, padLeft: 1, padRight: 2, inputLength: 90),
        ConvolutionShape(inputChannels: 40, outputChannels: 1024, kernel: 3, padLeft: 1, padRight: 1, inputLength: 33),
        ConvolutionShape(inputChannels: 1024, outputChannels: 20, kernel: 1, inputLength: 31),
        ConvolutionShape(inputChannels: 1, outputChannels: 32, kernel: 16, inputLength: 301),
        ConvolutionShape(inputChannels: 2, outputChannels: 16, kernel: 17, padLeft: 8, padRight: 8, inputLength: 430),
        ConvolutionShape(inputChannels: 8, outputChannels: 24, kernel: 7, padLeft: 3, padRight: 3, inputLength: 211),
        ConvolutionShape(inputChannels: 12, outputChannels: 17, kernel: 50, padLeft: 24, padRight: 25, inputLength: 99),
        ConvolutionShape(inputChannels: 3, outputChannels: 5, kernel: 60, padLeft: 59, padRight: 0, inputLength: 200),
    ]

    @Test("equals the plain loop on every instruction set, forward and reverse", arguments: InstructionSet.supported)
    func equalsReference(set: InstructionSet) {
        var g = SeededGenerator(1)
        for shape in Self.special + (0..<150).map({ _ in Self.randomShape(using: &g) }) {
            ConvolutionExpectations.equalsReference(shape, .direct, set, using: &g)
        }
    }

    @Test("gives an item the same bits in any batch, with any threads", arguments: InstructionSet.supported)
    func sameBits(set: InstructionSet) {
        var g = SeededGenerator(2)
        let crews = [2, 3, 4].map { Workers(count: $0) }
        for shape in Self.special + (0..<40).map({ _ in Self.randomShape(using: &g) }) {
            ConvolutionExpectations.sameBits(shape, nil, items: 5, crews: crews, set, using: &g)
        }
    }

    @Test("writes into a wider row, adds a residual, applies the activation", arguments: InstructionSet.supported)
    func stores(set: InstructionSet) {
        var g = SeededGenerator(3)
        for (channels, stride) in [(37, 50), (16, 16), (5, 9), (64, 64)] {
            let shape = ConvolutionShape(inputChannels: 6, outputChannels: channels, kernel: 7, padLeft: 3, padRight: 3, inputLength: 45)
            ConvolutionExpectations.stores(shape, .direct, outputRowStride: stride, set, using: &g)
        }
    }

    @Test("lets NaN and infinity through where they belong, and nowhere else", arguments: InstructionSet.supported)
    func nonFinite(set: InstructionSet) {
        let shape = ConvolutionShape(inputChannels: 3, outputChannels: 20, kernel: 5, padLeft: 2, padRight: 2, inputLength: 50)
        var g = SeededGenerator(4)
        var input = randomFloats(150, using: &g)
        input[3 * 20 + 1] = .nan
        input[3 * 40] = .infinity
        let weights = randomFloats(shape.weightCount, 0.1...1, using: &g)
        let layer = Convolution(shape: shape, weights: weights, activation: .relu, algorithm: .direct, instructionSet: set)
        let output = Region<Float>(count: 1000)
        layer.forward(items: 1, input: Region(input), output: output, scratch: Region(count: layer.scratchCount(items: 1)))
        for row in 0..<50 {
            for channel in 0..<20 {
                let value = output[row * 20 + channel]
                #expect(value.isNaN == (18...22).contains(row))
                #expect((value == .infinity) == (38...42).contains(row))
            }
        }
    }

    @Test("keeps denormal numbers, which is what plain arithmetic does", arguments: InstructionSet.supported)
    func denormals(set: InstructionSet) {
        let shape = ConvolutionShape(inputChannels: 16, outputChannels: 40, kernel: 3, padLeft: 1, padRight: 1, inputLength: 30)
        let input = (0..<480).map { Float(bitPattern: UInt32($0 % 50)) }
        let weights = [Float](repeating: 1, count: shape.weightCount)
        let layer = Convolution(shape: shape, weights: weights, algorithm: .direct, instructionSet: set)
        let output = Region<Float>(count: 1200)
        layer.forward(items: 1, input: Region(input), output: output, scratch: Region(count: layer.scratchCount(items: 1)))
        #expect(output.elements == Reference.convolution(shape, items: 1, input: input, weights: weights))
        #expect(output[40] > 0 && output[40] < .leastNormalMagnitude)
    }
}
