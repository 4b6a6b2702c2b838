// SPDX-License-Identifier: GPL-3.0-or-later

/// Makes a convolution exact again where its input stands still.
///
/// Behind a padded beat, on a flat lead or a missing one, every window of the input is the same, so exact arithmetic gives the same output row again and
/// again, and a zero input gives the bias. Maxima that tie and activations at exactly zero there decide where a gradient goes (the first of equal
/// values wins, zero counts as below zero). A transform's rounding, different in every row, would decide it at random; so the rows are set to be equal.
struct ConstantStretches {
    let shape: ConvolutionShape
    /// Of the input.
    let flags: RowFlags
    let bias: UnsafePointer<Float>
    let activation: Activation

    /// Sets output rows whose windows lie in a constant stretch of the input to the row before, and those over zeros alone to what the bias gives.
    ///
    /// - Parameters:
    ///   - output: [item, outputLength, outputChannels], rows `outputRowStride` floats apart.
    ///   - residual: what was added to the output, with its place.
    func restore(items: Int, output: UnsafeMutablePointer<Float>, outputRowStride: Int, residual: Residual?) {
        guard flags.found & (RowFlags.zero | RowFlags.same) != 0 || max(shape.padLeft, shape.padRight) >= shape.span else { return }
        // For each row, padding included, how many rows before it are the same, and how many up to it are zero.
        let padded = shape.padLeft + shape.inputLength + shape.padRight
        var same = [Int32](repeating: 0, count: padded)
        var zero = [Int32](repeating: 0, count: padded)
        for item in 0..<items {
            var still = false
            for place in 0..<padded {
                let row = place - shape.padLeft
                let own =
                    row >= 0 && row < shape.inputLength ? flags.rows[item * shape.inputLength + row] : RowFlags.zero
                let isNought = own & RowFlags.zero != 0
                let isSame = place > 0 && (own & RowFlags.same != 0 || (isNought && zero[place - 1] > 0))
                zero[place] = isNought ? (place > 0 ? zero[place - 1] : 0) + 1 : 0
                same[place] = isSame ? same[place - 1] + 1 : 0
                if Int(same[place]) >= shape.span || Int(zero[place]) >= shape.span { still = true }
            }
            if still { restore(item, output, outputRowStride, residual, same: same, zero: zero) }
        }
    }

    private func restore(
        _ item: Int, _ output: UnsafeMutablePointer<Float>, _ outputRowStride: Int, _ residual: Residual?, same: [Int32], zero: [Int32]
    ) {
        let width = shape.outputChannels
        let addedStride = residual?.rowStride ?? width
        for r in 0..<shape.outputLength {
            let last = r * shape.stride + shape.span - 1
            let at = item * shape.outputLength + r
            let target = output + at * outputRowStride
            let added = residual.map { $0.rows.pointer + at * addedStride }
            if Int(zero[last]) >= shape.span {
                for c in 0..<width {
                    var value = bias[c]
                    if let added, residual?.position == .beforeActivation { value += added[c] }
                    value = activation(value)
                    if let added, residual?.position == .afterActivation { value += added[c] }
                    target[c] = value
                }
            } else if r > 0, Int(same[last]) >= shape.span - 1 + shape.stride {
                if let added, (0..<width).contains(where: { added[$0] != added[$0 - addedStride] }) { continue }
                target.update(from: target - outputRowStride, count: width)
            }
        }
    }
}
