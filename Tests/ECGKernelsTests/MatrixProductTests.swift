// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Testing

@Suite("Matrix product")
struct MatrixProductTests {
    private static func product(_ a: [Float], _ b: [Float], rows: Int, inner: Int, columns: Int) -> [Double] {
        (0..<rows * columns).map { index in
            let (row, column) = index.quotientAndRemainder(dividingBy: columns)
            return (0..<inner).reduce(0) { $0 + Double(a[row * inner + $1]) * Double(b[$1 * columns + column]) }
        }
    }

    @Test("with constant weights equals the plain sum, forward and reverse, in any batch", arguments: InstructionSet.supported)
    func constant(set: InstructionSet) {
        var g = SeededGenerator(5)
        let workers = Workers(count: 3)
        for _ in 0..<60 {
            let rows = Int.random(in: 1...40, using: &g)
            let inner = [1, 3, 64, 257, 1000, 1024, 2048].randomElement(using: &g) ?? 1
            let columns = [1, 5, 8, 16, 33, 100, 300].randomElement(using: &g) ?? 1
            let weights = randomFloats(inner * columns, using: &g)
            let flipped = (0..<weights.count).map { weights[$0 % inner * columns + $0 / inner] }
            let input = randomFloats(rows * inner, using: &g)
            let bias = randomFloats(columns, using: &g)
            var expected = Self.product(input, weights, rows: rows, inner: inner, columns: columns)
            for i in expected.indices { expected[i] += Double(bias[i % columns]) }
            for transposed in [false, true] {
                let layer = MatrixProduct(
                    inner: inner, columns: columns, weights: transposed ? flipped : weights, transposed: transposed, bias: bias,
                    instructionSet: set)
                let output = Region<Float>(count: rows * columns)
                layer.forward(rows: rows, input: Region(input), output: output)
                #expect(relativeError(output.elements, expected) < 4e-6)
                let divided = Region<Float>(count: rows * columns)
                layer.forward(rows: rows, input: Region(input), output: divided, workers: workers)
                #expect(bits(divided.elements) == bits(output.elements))
                let alone = Region<Float>(count: columns)
                layer.forward(rows: 1, input: Region(input)[(rows - 1) * inner..<rows * inner], output: alone)
                #expect(bits(alone.elements) == bits(Array(output.elements.suffix(columns))))

                let upstream = randomFloats(rows * columns, using: &g)
                let gradient = Region<Float>(count: rows * inner)
                layer.inputGradient(rows: rows, outputGradient: Region(upstream), inputGradient: gradient)
                let expectedGradient = Self.product(upstream, flipped, rows: rows, inner: columns, columns: inner)
                #expect(relativeError(gradient.elements, expectedGradient) < 4e-6)
            }
        }
    }

    @Test("with few outputs is summed in double precision and rounded once", arguments: InstructionSet.supported)
    func precise(set: InstructionSet) {
        var g = SeededGenerator(7)
        for (inner, columns) in [(64, 32), (32, 8), (4864, 1), (384, 5), (1000, 19)] {
            let weights = randomFloats(inner * columns, using: &g)
            let bias = randomFloats(columns, using: &g)
            for rows in [1, 2, 3, 4, 7] {
                let input = randomFloats(rows * inner, using: &g)
                var expected = Self.product(input, weights, rows: rows, inner: inner, columns: columns)
                for i in expected.indices { expected[i] += Double(bias[i % columns]) }
                let output = Region<Float>(count: rows * columns)
                MatrixProduct(inner: inner, columns: columns, weights: weights, bias: bias, instructionSet: set)
                    .forward(rows: rows, input: Region(input), output: output)
                for (found, exact) in zip(output.elements, expected) { #expect(abs(Double(found) - exact) <= 6e-8 * abs(exact) + 1e-12) }
            }
        }
    }

    @Test("of two variable matrices, each transposed or not, with broadcast", arguments: InstructionSet.supported)
    func variable(set: InstructionSet) {
        var g = SeededGenerator(6)
        let workers = Workers(count: 2)
        for _ in 0..<30 {
            let (rows, inner, columns) = (
                Int.random(in: 1...30, using: &g), Int.random(in: 1...300, using: &g), Int.random(in: 1...70, using: &g)
            )
            let left = randomFloats(2 * rows * inner, using: &g)
            let right = randomFloats(inner * columns, using: &g)
            for (flipLeft, flipRight) in [(false, false), (true, false), (false, true), (true, true)] {
                let a =
                    flipLeft
                    ? (0..<left.count).map { i in
                        let (m, at) = i.quotientAndRemainder(dividingBy: rows * inner)
                        return left[m * rows * inner + at % rows * inner + at / rows]
                    } : left
                let b = flipRight ? (0..<right.count).map { right[$0 % inner * columns + $0 / inner] } : right
                let output = Region<Float>(count: 2 * rows * columns)
                let scratch = Region<Float>(
                    count: 2 * MatrixProduct.scratchCount(rows: rows, inner: inner, columns: columns, instructionSet: set))
                MatrixProduct.multiply(
                    rows: rows, inner: inner, columns: columns,
                    batches: (0..<2).map { .init(left: $0 * rows * inner, right: 0, output: $0 * rows * columns) },
                    left: flipLeft ? MatrixView(Region(a), rowStride: rows).transposed : MatrixView(Region(a), rowStride: inner),
                    right: flipRight ? MatrixView(Region(b), rowStride: inner).transposed : MatrixView(Region(b), rowStride: columns),
                    output: MatrixView(output, rowStride: columns), scratch: scratch, instructionSet: set, workers: workers)
                let expected = Self.product(left, right, rows: 2 * rows, inner: inner, columns: columns)
                #expect(relativeError(output.elements, expected) < 4e-6)
            }
        }
    }
}
