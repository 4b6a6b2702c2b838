// SPDX-License-Identifier: GPL-3.0-or-later

/// Finds the sample of the R peak, the place where annotators put a beat.
///
/// That is the largest deviation, up or down, from the mean of the 200 ms around the complex, on a signal smoothed over
/// 14 ms, in the first lead that is clear enough there. Deviations farther from the envelope's middle count for less: a wide
/// complex has two large ones.
struct PeakLocator: Sendable {
    static let reachSeconds = 0.12
    static let meanSeconds = 0.1
    static let smoothingSeconds = 0.014
    /// What a deviation at the end of the reach counts for less.
    static let fall: Float = 0.3
    /// A lead is clear enough with this share of the clearest lead's weight.
    static let clearEnough: Float = 0.15

    private let reach: Int
    private let meanReach: Int
    private let half: Int

    init(samplingFrequency: Double) {
        reach = max(1, Int((Self.reachSeconds * samplingFrequency).rounded()))
        meanReach = max(1, Int((Self.meanSeconds * samplingFrequency).rounded()))
        half = Int((Self.smoothingSeconds * samplingFrequency / 2).rounded(.down))
    }

    /// The samples needed on either side of a place.
    var span: Int { reach + half }

    /// The lead to look at, given the leads' weights; nil where none has any.
    static func lead(weights: [Float]) -> Int? {
        let best = weights.max() ?? 0
        guard best > 0 else { return nil }
        return weights.firstIndex { $0 >= clearEnough * best }
    }

    /// The R peak near sample `place` of `signal`; both ends of the signal and gaps are respected.
    func peak(near place: Int, in signal: Timeline<Float>) -> Int {
        let from = max(place - reach, signal.origin)
        let to = min(place + reach, signal.end - 1)
        guard from < to else { return min(max(place, signal.origin), max(signal.end - 1, signal.origin)) }
        var smooth = [Float](repeating: .nan, count: to - from + 1)
        var sum: Float = 0
        var count: Float = 0
        for i in from...to {
            guard let value = mean(around: i, in: signal) else { continue }
            smooth[i - from] = value
            if abs(i - place) <= meanReach {
                sum += value
                count += 1
            }
        }
        guard count > 0 else { return place }
        let middle = sum / count
        var best = place
        var height: Float = -1
        for (k, value) in smooth.enumerated() {
            let distance = Float(from + k - place) / Float(reach)
            let weighed = abs(value - middle) * (1 - Self.fall * distance * distance)
            if weighed > height {
                height = weighed
                best = from + k
            }
        }
        return best
    }

    /// The mean of the samples within `half` of `index` that are no gap.
    private func mean(around index: Int, in signal: Timeline<Float>) -> Float? {
        var sum: Float = 0
        var count: Float = 0
        for j in max(index - half, signal.origin)...min(index + half, signal.end - 1) {
            let value = signal[j]
            if abs(value) <= GridResampler.largestValue {
                sum += value
                count += 1
            }
        }
        return count > 0 ? sum / count : nil
    }
}
