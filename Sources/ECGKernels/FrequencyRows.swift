// SPDX-License-Identifier: GPL-3.0-or-later

/// The input side of a strided layer, `stride` rows read as one. Where an item isn't a whole number of those, or its rows don't lie side
/// by side, items pass through a copy.
struct FrequencyRows {
    private let shape: ConvolutionShape

    init(_ shape: ConvolutionShape) { self.shape = shape }

    struct View {
        let start: UnsafeMutablePointer<Float>
        let itemStride: Int
        let rowStride: Int
        let isCopy: Bool
    }

    /// Floats of an item in whole rows.
    private var wholeCount: Int { (shape.inputLength + shape.stride - 1) / shape.stride * shape.stride * shape.inputChannels }

    /// Floats for the copies, whether they will be needed or not.
    func copyCount(items: Int) -> Int { shape.stride > 1 ? (items * wholeCount + 15) / 16 * 16 : 0 }

    func view(_ rows: UnsafeMutablePointer<Float>, rowStride: Int, copy: UnsafeMutablePointer<Float>) -> View {
        if shape.stride == 1 {
            return View(start: rows, itemStride: shape.inputLength * rowStride, rowStride: rowStride, isCopy: false)
        }
        let isCopy = rowStride != shape.inputChannels || shape.inputLength % shape.stride != 0
        return View(
            start: isCopy ? copy : rows, itemStride: wholeCount, rowStride: shape.stride * shape.inputChannels, isCopy: isCopy)
    }

    func gather(_ items: Int, from rows: UnsafePointer<Float>, rowStride: Int, into copies: UnsafeMutablePointer<Float>) {
        let channels = shape.inputChannels
        for item in 0..<items {
            let copy = copies + item * wholeCount
            for row in 0..<shape.inputLength {
                (copy + row * channels).update(from: rows + (item * shape.inputLength + row) * rowStride, count: channels)
            }
            let count = shape.inputLength * channels
            (copy + count).update(repeating: 0, count: wholeCount - count)
        }
    }

    func scatter(
        _ items: Int, _ copies: UnsafePointer<Float>, to rows: UnsafeMutablePointer<Float>, rowStride: Int, accumulate: Bool
    ) {
        let channels = shape.inputChannels
        for item in 0..<items {
            for row in 0..<shape.inputLength {
                let from = copies + item * wholeCount + row * channels
                let to = rows + (item * shape.inputLength + row) * rowStride
                if accumulate {
                    for channel in 0..<channels { to[channel] += from[channel] }
                } else {
                    to.update(from: from, count: channels)
                }
            }
        }
    }
}
