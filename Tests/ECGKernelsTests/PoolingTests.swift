// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Testing

@Suite("Pooling")
struct PoolingTests {
    static func randomShape(using g: inout SeededGenerator) -> PoolShape {
        while true {
            let kernel = Int.random(in: 1...9, using: &g)
            let shape = PoolShape(
                channels: [1, 3, 8, 16, 20, 35].randomElement(using: &g) ?? 1, kernel: kernel, stride: .random(in: 1...5, using: &g),
                dilation: [1, 1, 2].randomElement(using: &g) ?? 1, padLeft: .random(in: 0...kernel / 2, using: &g),
                padRight: .random(in: 0...kernel / 2, using: &g), ceilMode: .random(using: &g), inputLength: .random(in: 1...40, using: &g))
            if shape.isValid { return shape }
        }
    }

    @Test("equals the plain loop, forward and reverse", arguments: InstructionSet.supported)
    func equalsPlainLoop(set: InstructionSet) {
        var g = SeededGenerator(10)
        for _ in 0..<200 {
            let shape = Self.randomShape(using: &g)
            let channels = shape.channels
            let items = 2
            let input = randomFloats(items * shape.inputLength * channels, using: &g)
            let upstream = randomFloats(items * shape.outputLength * channels, using: &g)
            let output = Region<Float>(count: upstream.count)
            let indices = Region<Int32>(count: upstream.count)
            let gradient = Region<Float>(count: input.count)
            Pooling.maximum(shape, items: items, input: Region(input), output: output, indices: indices, instructionSet: set)
            Pooling.maximumGradient(
                shape, items: items, upstream: Region(upstream), indices: indices, gradient: gradient, instructionSet: set)
            var expectedGradient = [Double](repeating: 0, count: input.count)
            for countIncludesPadding in [false, true] {
                let averages = Region<Float>(count: upstream.count)
                let averageGradient = Region<Float>(count: input.count)
                Pooling.average(
                    shape, countIncludesPadding: countIncludesPadding, items: items, input: Region(input), output: averages,
                    instructionSet: set)
                Pooling.averageGradient(
                    shape, countIncludesPadding: countIncludesPadding, items: items, upstream: Region(upstream), gradient: averageGradient,
                    instructionSet: set)
                var expectedAverageGradient = [Double](repeating: 0, count: input.count)
                for item in 0..<items {
                    for row in 0..<shape.outputLength {
                        for channel in 0..<channels {
                            let places = (0..<shape.kernel).map { row * shape.stride - shape.padLeft + $0 * shape.dilation }
                            let inside = places.filter { 0..<shape.inputLength ~= $0 }.map {
                                (item * shape.inputLength + $0) * channels + channel
                            }
                            let at = (item * shape.outputLength + row) * channels + channel
                            let divisor =
                                countIncludesPadding ? places.filter { $0 < shape.inputLength + shape.padRight }.count : inside.count
                            let mean = inside.reduce(0.0) { $0 + Double(input[$1]) } / Double(max(1, divisor))
                            #expect(abs(Double(averages[at]) - mean) < 1e-6)
                            for place in inside { expectedAverageGradient[place] += Double(upstream[at]) / Double(max(1, divisor)) }
                            if let best = inside.max(by: { input[$0] < input[$1] }), !countIncludesPadding {
                                #expect(output[at] == input[best])
                                expectedGradient[best] += Double(upstream[at])
                            }
                        }
                    }
                }
                #expect(relativeError(averageGradient.elements, expectedAverageGradient) < 1e-6)
            }
            #expect(relativeError(gradient.elements, expectedGradient) < 1e-6, "\(shape)")
        }
    }

    @Test("a maximum lets NaN through and takes the first of equal values", arguments: InstructionSet.supported)
    func ties(set: InstructionSet) {
        let shape = PoolShape(channels: 1, kernel: 3, stride: 3, inputLength: 9)
        let output = Region<Float>(count: 3)
        let indices = Region<Int32>(count: 3)
        Pooling.maximum(
            shape, items: 1, input: Region([1, 2, 2, 5, .nan, 6, -.infinity, -.infinity, -.infinity]), output: output, indices: indices,
            instructionSet: set)
        #expect(output[0] == 2 && output[1].isNaN && output[2] == -.infinity)
        #expect(indices.elements == [1, 4, 6])
    }

    @Test("the global average and its reverse", arguments: InstructionSet.supported)
    func globalAverage(set: InstructionSet) {
        var g = SeededGenerator(11)
        let input = randomFloats(2 * 301 * 21, using: &g)
        let output = Region<Float>(count: 42)
        Pooling.globalAverage(items: 2, length: 301, channels: 21, input: Region(input), output: output, instructionSet: set)
        let expected = (0..<42).map { i in (0..<301).reduce(0.0) { $0 + Double(input[(i / 21 * 301 + $1) * 21 + i % 21]) } / 301 }
        #expect(relativeError(output.elements, expected) < 1e-6)
        let gradient = Region<Float>(count: input.count)
        Pooling.globalAverageGradient(items: 2, length: 301, channels: 21, upstream: output, gradient: gradient, instructionSet: set)
        #expect(gradient[301 * 21 + 5] == output[26] / 301)
    }
}
