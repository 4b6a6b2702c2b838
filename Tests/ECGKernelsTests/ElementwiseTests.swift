// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Testing

@Suite("Elementwise functions")
struct ElementwiseTests {
    static let functions: [UnaryFunction] = [
        .exp, .log, .tanh, .sigmoid, .erf, .softplus, .gelu, .geluTanh, .silu, .mish, .elu(alpha: 1.5), .selu(alpha: 1.6733, gamma: 1.0507),
        .hardSigmoid(alpha: 0.2, beta: 0.5), .hardSwish, .squareRoot, .reciprocal, .absolute, .negate, .relu, .leakyRelu(slope: 0.3),
        .clip(lower: -1, upper: 2), .square, .softsign, .affine(scale: 2, shift: -1),
    ]

    /// Values over the whole range of float and densely around 0, with a count that leaves a remainder.
    static func inputs() -> [Float] {
        var g = SeededGenerator(7)
        var values =
            randomFloats(4001, -12...12, using: &g) + randomFloats(1000, -1...1, using: &g) + randomFloats(1000, -110...110, using: &g)
        values += (0..<2001).map { Float(bitPattern: UInt32($0) &* 2_147_483) }.filter(\.isFinite)
        values += [0, -0, 1, -1, 1e-38, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, 3e38, -3e38, 88.7, 88.8, -87.4, -103.9, -104.1]
        return values
    }

    @Test("are within a few units in the last place of double precision", arguments: InstructionSet.supported)
    func accuracy(set: InstructionSet) {
        let x = Self.inputs()
        let input = Region(x)
        let output = Region<Float>(count: x.count)
        // Products of a rounded factor near a zero of it, and cancelling sums, are held to the size of their terms instead.
        let tight: Set<UnaryFunction> = [
            .exp, .log, .tanh, .sigmoid, .erf, .softplus, .squareRoot, .reciprocal, .absolute, .negate, .relu, .leakyRelu(slope: 0.3),
            .clip(lower: -1, upper: 2), .square, .softsign,
        ]
        for function in Self.functions {
            Elementwise.apply(function, count: x.count, input: input, output: output, instructionSet: set)
            var worst = 0.0
            var place: Float = 0
            for (value, result) in zip(x, output.elements) {
                let exact = function(Double(value))
                let expected = Float(exact)
                if expected.isNaN || result.isNaN {
                    #expect(expected.isNaN == result.isNaN, "\(function) at \(value): \(result), not \(expected)")
                    continue
                }
                if expected == result { continue }
                let unit =
                    tight.contains(function)
                    ? max(Double(expected.magnitude.ulp), Double(Float.leastNormalMagnitude.ulp))
                    : max(abs(exact), abs(Double(value)), 1) * 1.2e-7
                let error = result.isInfinite || expected.isInfinite ? 1e9 : abs(Double(result) - exact) / unit
                if error > worst { (worst, place) = (error, value) }
            }
            #expect(worst < 3.5, "\(set) \(function): \(worst) units at \(place)")
        }
    }

    @Test("treat NaN and the infinities as mathematics does", arguments: InstructionSet.supported)
    func nonFinite(set: InstructionSet) {
        let x: [Float] = [.nan, .infinity, -.infinity]
        let output = Region<Float>(count: 3)
        for function in Self.functions {
            Elementwise.apply(function, count: 3, input: Region(x), output: output, instructionSet: set)
            #expect(output[0].isNaN, "\(function)")
        }
        let cases: [(UnaryFunction, Float, Float)] = [
            (.exp, .infinity, 0), (.tanh, 1, -1), (.sigmoid, 1, 0), (.erf, 1, -1), (.softplus, .infinity, 0), (.relu, .infinity, 0),
            (.softsign, .nan, .nan), (.log, .infinity, .nan), (.elu(alpha: 1.5), .infinity, -1.5), (.squareRoot, .infinity, .nan),
        ]
        for (function, up, down) in cases {
            Elementwise.apply(function, count: 3, input: Region(x), output: output, instructionSet: set)
            #expect(output[1] == up || (output[1].isNaN && up.isNaN), "\(function) at infinity: \(output[1])")
            #expect(output[2] == down || (output[2].isNaN && down.isNaN), "\(function) at -infinity: \(output[2])")
        }
    }

    @Test("have the slopes that finite differences show", arguments: InstructionSet.supported)
    func slopes(set: InstructionSet) {
        var g = SeededGenerator(8)
        let x = randomFloats(200, 0.05...2.9, using: &g) + randomFloats(203, -2.9 ... -0.05, using: &g)
        let upstream = randomFloats(x.count, using: &g)
        for function in Self.functions {
            let gradient = Region<Float>((0..<x.count).map { _ in Float(1) })
            Elementwise.gradient(
                function, count: x.count, input: Region(x), upstream: Region(upstream), gradient: gradient, accumulate: true,
                instructionSet: set)
            for (index, value) in x.enumerated() {
                let step = 1e-6
                let low = function(Double(value) - step)
                let high = function(Double(value) + step)
                if low.isNaN || abs(value + 1) < 1e-4 || abs(value - 2) < 1e-4 || abs(abs(value) - 2.5) < 1e-4 { continue }
                let expected = 1 + (high - low) / (2 * step) * Double(upstream[index])
                #expect(abs(Double(gradient[index]) - expected) < 2e-5 * max(1, abs(expected)), "\(function) at \(value)")
            }
        }
    }

    @Test("of two operands follow IEEE arithmetic, NaN winning over maximum and minimum", arguments: InstructionSet.supported)
    func binary(set: InstructionSet) {
        var g = SeededGenerator(9)
        var a = randomFloats(77, using: &g)
        var b = randomFloats(77, using: &g)
        a[3] = .nan
        b[70] = .nan
        b[5] = 0
        for function in BinaryFunction.allCases {
            func value(_ x: Float, _ y: Float) -> Float {
                switch function {
                case .add: x + y
                case .subtract: x - y
                case .multiply: x * y
                case .divide: x / y
                case .maximum: x.isNaN || y.isNaN ? .nan : max(x, y)
                case .minimum: x.isNaN || y.isNaN ? .nan : min(x, y)
                }
            }
            let output = Region<Float>(count: 77)
            Elementwise.apply(function, count: 77, Region(a), Region(b), output: output, instructionSet: set)
            for i in 0..<77 { #expect(output[i] == value(a[i], b[i]) || (output[i].isNaN && value(a[i], b[i]).isNaN)) }
            Elementwise.apply(function, count: 77, Region(a), scalar: 0.4, scalarFirst: true, output: output, instructionSet: set)
            for i in 0..<77 { #expect(output[i] == value(0.4, a[i]) || (output[i].isNaN && a[i].isNaN)) }
            Elementwise.applyToRows(function, rows: 7, channels: 11, Region(a), row: Region(b), output: output, instructionSet: set)
            for i in 0..<77 { #expect(output[i] == value(a[i], b[i % 11]) || (output[i].isNaN && value(a[i], b[i % 11]).isNaN)) }
        }
    }

    @Test("gates follow the three rules of attribution", arguments: InstructionSet.supported)
    func gates(set: InstructionSet) {
        let y: [Float] = [1, 1, 0, 0, -2, 3, 0.5]
        let upstream: [Float] = [2, -2, 2, -2, 4, 0, .infinity]
        let expected: [(GateRule, [Float])] = [
            (.gradient, [2, -2, 0, 0, 0, 0, .infinity]), (.guided, [2, 0, 0, 0, 0, 0, .infinity]),
            (.deconvolution, [2, 0, 2, 0, 4, 0, .infinity]),
        ]
        for (rule, values) in expected {
            let gradient = Region<Float>(count: 7)
            Elementwise.gate(rule, count: 7, output: Region(y), upstream: Region(upstream), gradient: gradient, instructionSet: set)
            #expect(gradient.elements == values)
        }
    }

    @Test("a normalisation's rows, dense or part of wider ones, and their way back", arguments: InstructionSet.supported)
    func channelRows(set: InstructionSet) {
        var g = SeededGenerator(17)
        for channels in [1, 3, 4, 8, 16, 20] {
            for (rows, gap) in [(7, 0), (32, 0), (5, 3)] {
                let stride = channels + gap
                let (x, y, upstream) = (
                    randomFloats(rows * channels, using: &g), randomFloats(rows * stride, using: &g), randomFloats(rows * stride, using: &g)
                )
                let (scale, shift) = (randomFloats(channels, using: &g), randomFloats(channels, using: &g))
                let output = Region<Float>(count: x.count)
                Elementwise.channelAffine(
                    rows: rows, channels: channels, input: Region(x), scale: Region(scale), shift: Region(shift), output: output,
                    activation: .relu, instructionSet: set)
                let gradient = Region(x)
                Elementwise.gateRows(
                    .gradient, rows: rows, channels: channels, output: Region(y), upstream: Region(upstream), rowStride: stride,
                    scale: Region(scale), gradient: gradient, accumulate: true, instructionSet: set)
                for i in x.indices {
                    let (row, channel) = i.quotientAndRemainder(dividingBy: channels)
                    #expect(abs(output[i] - max(x[i] * scale[channel] + shift[channel], 0)) < 1e-6)
                    let from = row * stride + channel
                    #expect(abs(gradient[i] - (x[i] + (y[from] > 0 ? upstream[from] * scale[channel] : 0))) < 1e-6)
                }
            }
        }
    }
}
