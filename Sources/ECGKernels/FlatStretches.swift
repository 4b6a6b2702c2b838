// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// Makes equal what must be equal after a convolution in the frequency domain.
///
/// Where the input repeats one row for longer than the kernel (padding, a flat line), every output of the stretch is the same number. Directly
/// computed they are the same bits; in the frequency domain each position has its own rounding. That is harmless to the values, but a
/// maximum over equal numbers then lies anywhere, and a gradient that should go to the first of equals, as everywhere else, goes astray. So
/// the first output of a stretch is copied over the others. Stretches are rare: to look for them costs one comparison in as
/// many rows as the kernel is long.
struct FlatStretches {
    let shape: ConvolutionShape
    let input: UnsafePointer<Float>
    let inputRowStride: Int
    let output: UnsafeMutablePointer<Float>
    let outputRowStride: Int
    var residual: UnsafePointer<Float>?
    var residualRowStride = 0

    /// Rows that one output looks at, from the first to the last.
    private var span: Int { (shape.kernel - 1) * shape.dilation + 1 }

    /// Levels the stretches of one item.
    func level() {
        let (from, to) = (-shape.padLeft, shape.inputLength + shape.padRight)
        var row = from + span
        while row < to {
            guard isEqual(row, row - 1) else {
                row += span
                continue
            }
            var (first, end) = (row - 1, row + 1)
            while first > from, isEqual(first, first - 1) { first -= 1 }
            while end < to, isEqual(end, end - 1) { end += 1 }
            copy(first..<end)
            row = end + span
        }
    }

    /// Copies the first output that looks at a stretch alone over the others that do.
    private func copy(_ rows: Range<Int>) {
        let start = max((rows.lowerBound + shape.padLeft + shape.stride - 1) / shape.stride, 0)
        let last = rows.upperBound - span + shape.padLeft
        guard last >= 0 else { return }
        let end = min(last / shape.stride, shape.outputLength - 1)
        guard end > start else { return }
        let bytes = shape.outputChannels * MemoryLayout<Float>.stride
        for t in start + 1...end {
            if let residual, memcmp(residual + t * residualRowStride, residual + start * residualRowStride, bytes) != 0 { continue }
            memcpy(output + t * outputRowStride, output + start * outputRowStride, bytes)
        }
    }

    /// Whether two rows are the same bits; rows before and behind the input are zero.
    private func isEqual(_ a: Int, _ b: Int) -> Bool {
        switch (pointer(a), pointer(b)) {
        case (nil, nil): return true
        case (let a?, let b?): return a[0] == b[0] && memcmp(a, b, shape.inputChannels * MemoryLayout<Float>.stride) == 0
        case (let only?, nil), (nil, let only?):
            for channel in 0..<shape.inputChannels where only[channel] != 0 { return false }
            return true
        }
    }

    private func pointer(_ row: Int) -> UnsafePointer<Float>? { row >= 0 && row < shape.inputLength ? input + row * inputRowStride : nil }
}
