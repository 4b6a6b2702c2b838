// SPDX-License-Identifier: GPL-3.0-or-later

/// Brings one lead of any sampling frequency to the detector's fixed grid.
///
/// Grid sample j is the mean of the linearly interpolated signal over [j, j + 1) grid intervals. The mean is cheap, keeps
/// the peaks' places, and takes noise away when a fast recording is thinned out. Samples that are not finite (or absurdly
/// large) are a gap: the last good value is held, and grid samples that touch a gap are marked.
struct GridResampler: Sendable {
    /// Values beyond this are no voltages in any unit that a recorder writes.
    static let largestValue: Float = 1e9

    /// Input samples in a grid interval.
    let step: Double
    private let inverse: Double
    private var previous: Float = 0
    private var seenGood = false
    private var taken = 0
    private var emitted = 0
    /// The end of the open grid interval, in input samples.
    private var intervalEnd: Double
    private var area = 0.0
    private var touchesGap = false
    private var previousWasGap = false

    init(samplingFrequency: Double, gridFrequency: Double) {
        step = samplingFrequency / gridFrequency
        inverse = 1 / step
        intervalEnd = step
    }

    /// Appends the grid samples that `samples` complete to `grid`, and whether each touches a gap to `gaps`.
    mutating func push(_ samples: ArraySlice<Float>, grid: inout [Float], gaps: inout [Bool]) {
        for raw in samples {
            let good = abs(raw) <= Self.largestValue
            let value = good ? raw : previous
            if good && !seenGood {
                // What comes before the first good value is taken to be like it: a late start is no step.
                previous = value
                seenGood = true
            }
            if taken > 0 {
                touchesGap = touchesGap || !good || previousWasGap
                let left = Double(taken - 1)
                if intervalEnd <= left + 1 {
                    close(from: left, to: value, gap: !good || previousWasGap, grid: &grid, gaps: &gaps)
                } else {
                    area += 0.5 * (Double(previous) + Double(value))
                }
            } else {
                touchesGap = !good
            }
            previous = value
            previousWasGap = !good
            taken += 1
        }
    }

    /// Follows the straight line from `previous`, at input sample `left`, to `value`, one sample on, over at least one interval's end.
    private mutating func close(from left: Double, to value: Float, gap: Bool, grid: inout [Float], gaps: inout [Bool]) {
        let base = Double(previous)
        let slope = Double(value) - base
        var from = 0.0
        while intervalEnd <= left + 1 {
            let to = intervalEnd - left
            area += (to - from) * (base + slope * 0.5 * (from + to))
            grid.append(Float(area * inverse))
            gaps.append(touchesGap)
            area = 0
            touchesGap = gap
            from = to
            emitted += 1
            intervalEnd = Double(emitted + 1) * step
        }
        area += (1 - from) * (base + slope * 0.5 * (from + 1))
    }
}
