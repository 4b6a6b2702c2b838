// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels

/// One sweep of windows over a signal: the form in which both a convolution and each phase of its input gradient reach the register tile.
///
/// Row q of the result sees the source rows `q·stride − pad + j·dilation`, j in `0 ..< taps`; source rows that don't exist are zero.
/// It is stored in row `first + q·step` of the destination.
package struct WindowProduct: Sendable {
    package let sourceLength: Int
    package let sourceChannels: Int
    package let targetChannels: Int
    package let taps: Int
    package let stride: Int
    package let dilation: Int
    /// Source rows missing before the first window; negative where the first window starts later.
    package let pad: Int
    package let count: Int
    package let first: Int
    package let step: Int

    /// Source rows that one window spans.
    var span: Int { (taps - 1) * dilation + 1 }

    /// Result rows whose windows lie wholly inside the source.
    var inside: Range<Int> {
        let lower = min(count, max(0, (pad + stride - 1) / stride))
        let last = sourceLength - span + pad
        let upper = last < 0 ? 0 : min(count, last / stride + 1)
        return lower..<max(lower, upper)
    }

    /// Windows a multiple of 4 KiB apart would meet in one set of the first cache, which the rows of a tile overflow.
    var collides: Bool { sourceChannels * stride % 1024 == 0 && count > 8 }

    /// Floats from row to row of a copy.
    var haloStride: Int { collides ? sourceChannels + 16 : sourceChannels }

    /// Floats that copies need at most.
    var haloCount: Int {
        let inside = self.inside
        let longest = inside.isEmpty || collides ? count : max(inside.lowerBound, count - inside.upperBound)
        return longest == 0 ? 0 : ((longest - 1) * stride + span) * haloStride
    }

    /// A run of result rows and where the window of its first row starts.
    struct Run {
        let rows: Range<Int>
        let source: UnsafePointer<Float>
        let rowStride: Int
    }

    /// Calls `body` for the parts of `rows`: inside the source as it lies, at its edges from a copy with zero rows around it.
    func forEachRun(
        _ rows: Range<Int>, source: UnsafePointer<Float>, rowStride: Int, halo: UnsafeMutablePointer<Float>, _ body: (Run) -> Void
    ) {
        let inside = self.inside.clamped(to: rows)
        if inside.isEmpty || collides {
            body(copy(rows, source: source, rowStride: rowStride, halo: halo))
            return
        }
        if rows.lowerBound < inside.lowerBound {
            body(copy(rows.lowerBound..<inside.lowerBound, source: source, rowStride: rowStride, halo: halo))
        }
        body(Run(rows: inside, source: source + (inside.lowerBound * stride - pad) * rowStride, rowStride: rowStride))
        if inside.upperBound < rows.upperBound {
            body(copy(inside.upperBound..<rows.upperBound, source: source, rowStride: rowStride, halo: halo))
        }
    }

    private func copy(_ rows: Range<Int>, source: UnsafePointer<Float>, rowStride: Int, halo: UnsafeMutablePointer<Float>) -> Run {
        let begin = rows.lowerBound * stride - pad
        let end = (rows.upperBound - 1) * stride - pad + span
        let real = (min(max(begin, 0), sourceLength))..<(max(min(end, sourceLength), min(max(begin, 0), sourceLength)))
        let width = haloStride
        let channels = sourceChannels
        if real.isEmpty {
            halo.update(repeating: 0, count: (end - begin) * width)
        } else {
            halo.update(repeating: 0, count: (real.lowerBound - begin) * width)
            let target = halo + (real.lowerBound - begin) * width
            if rowStride == width {
                target.update(from: source + real.lowerBound * width, count: real.count * width)
            } else {
                for row in real { (target + (row - real.lowerBound) * width).update(from: source + row * rowStride, count: channels) }
            }
            (halo + (real.upperBound - begin) * width).update(repeating: 0, count: (end - real.upperBound) * width)
        }
        return Run(rows: rows, source: UnsafePointer(halo), rowStride: width)
    }
}
