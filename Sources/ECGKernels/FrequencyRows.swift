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

    func gather(
        _ items: Int, from rows: UnsafePointer<Float>, rowStride: Int, into copies: UnsafeMutablePointer<Float>, workers: Workers?
    ) {
        let channels = shape.inputChannels
        let length = shape.inputLength
        let count = length * channels
        let wholeCount = self.wholeCount
        let ends = Ends(source: rows, target: copies)
        share(items, workers) { item in
            let copy = ends.target + item * wholeCount
            let from = ends.source + item * length * rowStride
            if rowStride == channels {
                copy.update(from: from, count: count)
            } else {
                for row in 0..<length { (copy + row * channels).update(from: from + row * rowStride, count: channels) }
            }
            (copy + count).update(repeating: 0, count: wholeCount - count)
        }
    }

    func scatter(
        _ items: Int, _ copies: UnsafePointer<Float>, to rows: UnsafeMutablePointer<Float>, rowStride: Int, accumulate: Bool,
        workers: Workers?
    ) {
        let channels = shape.inputChannels
        let length = shape.inputLength
        let wholeCount = self.wholeCount
        let ends = Ends(source: copies, target: rows)
        share(items, workers) { item in
            let from = ends.source + item * wholeCount
            let to = ends.target + item * length * rowStride
            if accumulate {
                for row in 0..<length {
                    for channel in 0..<channels { to[row * rowStride + channel] += from[row * channels + channel] }
                }
            } else if rowStride == channels {
                to.update(from: from, count: length * channels)
            } else {
                for row in 0..<length { (to + row * rowStride).update(from: from + row * channels, count: channels) }
            }
        }
    }

    private struct Ends: @unchecked Sendable {
        let source: UnsafePointer<Float>
        let target: UnsafeMutablePointer<Float>
    }

    private func share(_ items: Int, _ workers: Workers?, _ body: @Sendable (Int) -> Void) {
        if let workers, items > 1 { workers.run(items) { item, _ in body(item) } } else { for item in 0..<items { body(item) } }
    }
}
