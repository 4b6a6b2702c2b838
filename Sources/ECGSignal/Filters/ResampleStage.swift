// SPDX-License-Identifier: GPL-3.0-or-later

/// A change of the sampling frequency by a ratio of whole numbers, prepared for any number of leads.
final class Resampler: Sendable {
    let ratio: RationalRatio
    /// Taps before the one that stands on the output's sample.
    let half: Int
    /// The taps that meet the samples of one output, oldest sample first, eight at a time, for each of the `up` phases. All phases are as
    /// long; what one lacks is zero, and stands before its oldest sample.
    let phases: [[SIMD8<Float>]]
    /// Samples that a phase meets, with those zeros.
    let reach: Int

    /// - Parameter taps: at `up` times the old sampling frequency, as `scipy.signal.resample_poly` takes them as its window.
    init(ratio: RationalRatio, taps: [Double]) {
        self.ratio = ratio
        half = (taps.count - 1) / 2
        let longest = (taps.count + ratio.up - 1) / ratio.up
        let groups = (longest + 7) / 8
        reach = groups * 8
        phases = (0..<ratio.up).map { phase in
            var row = [Float](repeating: 0, count: groups * 8)
            for (age, tap) in stride(from: phase, to: taps.count, by: ratio.up).enumerated() {
                row[row.count - 1 - age] = Float(taps[tap] * Double(ratio.up))
            }
            return (0..<groups).map { group in
                var lanes = SIMD8<Float>()
                for lane in 0..<8 { lanes[lane] = row[group * 8 + lane] }
                return lanes
            }
        }
    }

    /// Kaiser-windowed, half amplitude at the lower of the two Nyquist frequencies, pass band up to 0.9 of it, and -84 dB from 1.1 times it on.
    static func taps(_ ratio: RationalRatio) throws(FilterError) -> [Double] {
        let longer = max(ratio.up, ratio.down)
        guard longer > 1 else { return [1] }
        let half = 27 * longer
        guard 2 * half < ImpulseResponse.mostTaps else { throw FilterError("resampling by \(ratio.up)/\(ratio.down) takes too many taps") }
        let window = FIRDesign.kaiser(2 * half + 1, beta: 0.1102 * (84 - 8.7))
        return FIRDesign.taps(bands: [0...0.5 / Double(longer)], fs: 1, window: window)
    }
}

/// Resampling of one lead: value k stands at the time of sample k · down / up, as in `scipy.signal.resample_poly`.
struct ResampleStage: LeadStage {
    private let resampler: Resampler
    private let edge: FilterEdge
    /// Eight samples from each sample on, so that taps and samples meet eight at a time.
    private var windows: [SIMD8<Float>] = []
    private var newest = SIMD8<Float>()
    /// Position of the first sample of `windows[0]`.
    private var origin = 0
    private var count = 0
    private var produced = 0
    private var last: Float?

    init(_ resampler: Resampler, edge: FilterEdge) {
        self.resampler = resampler
        self.edge = edge
    }

    mutating func push(_ input: [Float], into output: inout [Float]) {
        guard let first = input.first, let final = input.last else { return }
        if last == nil {
            // Samples before the record: as many as a phase reaches back.
            let outside = edge == .hold ? first : 0
            origin = -resampler.reach - 8
            newest = SIMD8(repeating: outside)
            windows = [newest]
            for _ in 0..<resampler.reach { append(outside) }
        }
        last = final
        for sample in input { append(sample) }
        count += input.count
        advance(before: .max, into: &output)
    }

    @inline(__always)
    private mutating func append(_ sample: Float) {
        newest = SIMD8(newest[1], newest[2], newest[3], newest[4], newest[5], newest[6], newest[7], sample)
        windows.append(newest)
    }

    /// Makes every value whose samples are all there.
    private mutating func advance(before limit: Int, into output: inout [Float]) {
        let (up, down) = (resampler.ratio.up, resampler.ratio.down)
        while produced < limit {
            let place = resampler.half + produced * down
            // The window that begins `reach` samples before the newest one's end.
            var index = place / up - resampler.reach + 1 - origin
            guard index + resampler.reach - 8 < windows.count else { break }
            var sum = SIMD8<Float>()
            for taps in resampler.phases[place % up] {
                sum += taps * windows[index]
                index += 8
            }
            output.append(sum.sum())
            produced += 1
        }
        let needed = (resampler.half + produced * down) / up - resampler.reach - 8
        let dead = min(needed - origin, windows.count)
        if dead > 4096 {
            windows.removeFirst(dead)
            origin += dead
        }
    }

    mutating func finish(into output: inout [Float]) {
        guard let last else { return }
        let total = resampler.ratio.length(of: count)
        let end = origin + windows.count + 7
        let missing = (resampler.half + (total - 1) * resampler.ratio.down) / resampler.ratio.up + 1 - end
        for _ in 0..<max(0, missing) { append(edge == .hold ? last : 0) }
        advance(before: total, into: &output)
    }
}
