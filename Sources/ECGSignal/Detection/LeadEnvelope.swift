// SPDX-License-Identifier: GPL-3.0-or-later

/// What the detector knows of one lead: its grid samples, three envelopes of them, and a summary a frame.
///
/// An envelope is the magnitude of a quadrature pair of spline wavelets, the first and the second difference of the
/// smoothed signal: a QRS complex gives one hump whatever its polarity and shape. Three scales are kept: QRS (about 12 Hz),
/// fast (muscle noise, pacing spikes) and slow (P and T waves).
struct LeadEnvelope: Sendable {
    /// Grid samples of a frame: about one second.
    static let frame = 128
    /// Grid samples that the widest wavelet reaches to either side.
    static let reach = 16
    /// Grid samples of a block: a frame's noise floor is a low quantile of its blocks' maxima.
    static let block = 16

    struct Frame: Sendable {
        /// The highest value of the QRS envelope.
        var peak: Float
        /// What the QRS envelope rises to between the beats.
        var floor: Float
        /// The share of samples that touch a gap.
        var gapShare: Float
    }

    private(set) var grid = Timeline<Float>()
    private(set) var gaps = Timeline<Bool>()
    private(set) var qrs = Timeline<Float>()
    private(set) var fast = Timeline<Float>()
    private(set) var slow = Timeline<Float>()
    private(set) var frames = Timeline<Frame>()
    private var resampler: GridResampler

    init(samplingFrequency: Double, gridFrequency: Double) {
        resampler = GridResampler(samplingFrequency: samplingFrequency, gridFrequency: gridFrequency)
    }

    mutating func push(_ samples: ArraySlice<Float>) {
        resampler.push(samples, grid: &grid.values, gaps: &gaps.values)
    }

    /// Holds the last value for `count` grid samples, so that what waits for later samples gets done.
    mutating func pad(_ count: Int) {
        grid.values.append(contentsOf: repeatElement(grid.values.last ?? 0, count: count))
        gaps.values.append(contentsOf: repeatElement(true, count: count))
    }

    /// Forgets what frames before `index` left.
    mutating func drop(beforeFrame index: Int) {
        frames.drop(before: index)
        qrs.drop(before: index * Self.frame)
        fast.drop(before: index * Self.frame)
        slow.drop(before: index * Self.frame)
        grid.drop(before: index * Self.frame - Self.reach)
        gaps.drop(before: index * Self.frame - Self.reach)
    }

    /// Computes envelopes and summary of frame `index`; the grid must reach `reach` samples past its end.
    mutating func analyse(frame index: Int) {
        let start = index * Self.frame
        let count = Self.frame + 2 * Self.reach
        var x = [Float](repeating: 0, count: count)
        let first = start - Self.reach - grid.origin
        for i in 0..<count { x[i] = grid.values[max(first + i, 0)] }
        // B-spline smoothing: three passes of three samples; once more over nine for the slow scale.
        var s = [Float](repeating: 0, count: count)
        for i in 3..<(count - 3) {
            s[i] = (x[i] * 7 + (x[i - 1] + x[i + 1]) * 6 + (x[i - 2] + x[i + 2]) * 3 + (x[i - 3] + x[i + 3])) * (1.0 / 27)
        }
        var m = [Float](repeating: 0, count: count)
        for i in 6..<(count - 6) { m[i] = (s[i] + s[i - 3] + s[i + 3]) * (1.0 / 3) }

        var blockPeaks = [Float](repeating: 0, count: Self.frame / Self.block)
        var gapCount = 0
        for i in 0..<Self.frame {
            let c = i + Self.reach
            let envelope = Self.magnitude(s[c + 2] - s[c - 2], 2 * s[c] - s[c - 4] - s[c + 4], evenWeight: 1)
            qrs.values.append(envelope)
            fast.values.append(abs(2 * x[c] - x[c - 1] - x[c + 1]))
            slow.values.append(Self.magnitude(m[c + 6] - m[c - 6], 2 * m[c] - m[c - 9] - m[c + 9], evenWeight: 0.6))
            blockPeaks[i / Self.block] = max(blockPeaks[i / Self.block], envelope)
            if gaps.values[first + i + Self.reach] { gapCount += 1 }
        }
        blockPeaks.sort()
        frames.values.append(
            Frame(peak: blockPeaks[blockPeaks.count - 1], floor: blockPeaks[3], gapShare: Float(gapCount) / Float(Self.frame)))
    }

    private static func magnitude(_ odd: Float, _ even: Float, evenWeight: Float) -> Float {
        (odd * odd + evenWeight * even * even).squareRoot()
    }
}
