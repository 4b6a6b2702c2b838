// SPDX-License-Identifier: GPL-3.0-or-later

/// Makes a convolution exact again where its input stands still.
///
/// Behind a padded beat, on a flat lead or a missing one, every window of the input is the same, so exact arithmetic gives the same output row again and
/// again, and a zero input gives the bias. Maxima that tie and activations at exactly zero there decide where a gradient goes (the first of equal
/// values wins, zero counts as below zero). A transform's rounding, different in every row, would decide it at random; so the rows are set to be equal.
public enum ConstantStretches {
    /// Sets output rows whose windows lie in a constant stretch of the input to the row before, and those over zeros alone to what the bias gives.
    ///
    /// - Parameters:
    ///   - input: [item, inputLength, inputChannels], dense.
    ///   - output: [item, outputLength, outputChannels], rows `outputRowStride` floats apart.
    ///   - residual: what was added to the output, with its place; rows dense.
    public static func restore(
        _ shape: ConvolutionShape, items: Int, input: Region<Float>, output: Region<Float>, outputRowStride: Int, bias: [Float]?,
        activation: Activation, residual: Residual?
    ) {
        let (rows, channels, width) = (shape.inputLength, shape.inputChannels, shape.outputChannels)
        precondition(items * rows * channels <= input.count)
        precondition(items == 0 || (items * shape.outputLength - 1) * outputRowStride + width <= output.count)
        let addedStride = residual?.rowStride ?? width
        precondition(residual.map { items == 0 || (items * shape.outputLength - 1) * addedStride + width <= $0.rows.count } ?? true)
        // For each row, padding included, how many rows before it are the same, and how many up to it are zero.
        let padded = shape.padLeft + rows + shape.padRight
        var same = [Int32](repeating: 0, count: padded)
        var zero = [Int32](repeating: 0, count: padded)
        for item in 0..<items {
            let source = input.pointer + item * rows * channels
            func isZero(_ row: Int) -> Bool {
                let x = source + row * channels
                for c in 0..<channels where x[c] != 0 { return false }
                return true
            }
            var still = false
            for place in 0..<padded {
                let row = place - shape.padLeft
                let inside = row >= 0 && row < rows
                let isNought = inside ? isZero(row) : true
                zero[place] = isNought ? (place > 0 ? zero[place - 1] : 0) + 1 : 0
                var isSame = place > 0 && isNought && zero[place - 1] > 0
                if !isSame, inside, row > 0 {
                    let x = source + row * channels
                    isSame = true
                    for c in 0..<channels where x[c] != x[c - channels] {
                        isSame = false
                        break
                    }
                }
                same[place] = isSame ? same[place - 1] + 1 : 0
                if Int(same[place]) >= shape.span || Int(zero[place]) >= shape.span { still = true }
            }
            guard still else { continue }
            for r in 0..<shape.outputLength {
                let last = r * shape.stride + shape.span - 1
                let at = item * shape.outputLength + r
                let target = output.pointer + at * outputRowStride
                if Int(zero[last]) >= shape.span {
                    for c in 0..<width {
                        var value = bias?[c] ?? 0
                        if let residual, residual.position == .beforeActivation { value += residual.rows.pointer[at * addedStride + c] }
                        value = activation(value)
                        if let residual, residual.position == .afterActivation { value += residual.rows.pointer[at * addedStride + c] }
                        target[c] = value
                    }
                } else if r > 0, Int(same[last]) >= shape.span - 1 + shape.stride {
                    if let residual {
                        let added = residual.rows.pointer + at * addedStride
                        var isSame = true
                        for c in 0..<width where added[c] != added[c - addedStride] {
                            isSame = false
                            break
                        }
                        guard isSame else { continue }
                    }
                    target.update(from: target - outputRowStride, count: width)
                }
            }
        }
    }
}
