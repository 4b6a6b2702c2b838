// SPDX-License-Identifier: GPL-3.0-or-later

extension DirectGradient {
    /// The gradient of a narrow input (the leads of an ECG) would leave most lanes of a panel empty. Dense rows of it are neighbours in
    /// memory, so `rows` of them together are one row of a wider result: its window is `rows − 1` taps longer, and each of its columns
    /// uses `taps` of them, the others being zero.
    ///
    /// - Returns: nil where that would not pay; else the sweep of whole groups of rows, and that of the rows left over.
    static func joined(_ shape: ConvolutionShape, weights: [Float], phases: [Sweep], lanes: Int) -> [Sweep]? {
        let rows = rowsTogether(shape, lanes: lanes)
        guard rows > 1, let plain = phases.first?.sweep, phases.count == 1 else { return nil }
        let channels = shape.inputChannels
        let sources = plain.sourceChannels
        let taps = plain.taps + rows - 1
        var matrix = [Float](repeating: 0, count: taps * sources * rows * channels)
        for row in 0..<rows {
            for tap in 0..<plain.taps {
                for source in 0..<sources {
                    for channel in 0..<channels {
                        // The taps of the reverse run stand last first.
                        let weight = weights[(source * channels + channel) * shape.kernel + shape.kernel - 1 - tap]
                        matrix[(((row + tap) * sources + source) * rows + row) * channels + channel] = weight
                    }
                }
            }
        }
        let whole = plain.count / rows
        let wide = WindowProduct(
            sourceLength: plain.sourceLength, sourceChannels: sources, targetChannels: rows * channels, taps: taps, stride: rows,
            dilation: 1,
            pad: plain.pad, count: whole, first: 0, step: rows)
        let done = whole * rows
        let rest = WindowProduct(
            sourceLength: plain.sourceLength, sourceChannels: sources, targetChannels: channels, taps: plain.taps, stride: 1, dilation: 1,
            pad: plain.pad - done, count: plain.count - done, first: done, step: 1)
        guard max(wide.haloCount, rest.haloCount) <= scratchCount(shape) else { return nil }
        return [
            Sweep(sweep: wide, weights: SweepWeights(matrix: matrix, rows: taps * sources, targets: rows * channels, lanes: lanes)),
            Sweep(sweep: rest, weights: phases[0].weights),
        ]
    }

    /// The rows of the input that are taken together; 1 where each is taken by itself.
    static func rowsTogether(_ shape: ConvolutionShape, lanes: Int) -> Int {
        guard shape.groups == 1, shape.stride == 1, shape.dilation == 1 else { return 1 }
        let rows = bestGroup(channels: shape.inputChannels, taps: shape.kernel, lanes: lanes)
        return shape.inputLength >= 4 * rows ? rows : 1
    }

    /// How many rows make the best use of the lanes: the share of them that hold a result, times the share of taps that are not zero.
    static func bestGroup(channels: Int, taps: Int, lanes: Int) -> Int {
        func use(_ rows: Int) -> Double {
            let columns = rows * channels
            let held = (columns + lanes - 1) / lanes * lanes
            return Double(columns) / Double(held) * Double(taps) / Double(taps + rows - 1)
        }
        let most = max(1, 3 * lanes / channels)
        let best = (1...most).max { use($0) < use($1) } ?? 1
        return use(best) > 1.15 * use(1) ? best : 1
    }
}
