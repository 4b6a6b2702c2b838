// SPDX-License-Identifier: GPL-3.0-or-later

/// A change of the sampling frequency by a ratio of whole numbers, prepared for any number of leads.
final class Resampler: Sendable {
    let ratio: RationalRatio
    /// Taps before the one that stands on the output's sample.
    let half: Int
    /// The taps that meet the samples of one output, oldest sample first, for each of the `up` phases. All phases are as long, a multiple of 16;
    /// what one lacks is zero, and stands before its oldest sample.
    let phases: [Float]
    /// Samples that a phase meets, with those zeros.
    let reach: Int

    /// - Parameter taps: at `up` times the old sampling frequency, as `scipy.signal.resample_poly` takes them as its window.
    init(ratio: RationalRatio, taps: [Double]) {
        self.ratio = ratio
        half = (taps.count - 1) / 2
        let longest = (taps.count + ratio.up - 1) / ratio.up
        reach = (longest + 15) / 16 * 16
        var phases = [Float](repeating: 0, count: reach * ratio.up)
        for phase in 0..<ratio.up {
            for (age, tap) in stride(from: phase, to: taps.count, by: ratio.up).enumerated() {
                phases[(phase + 1) * reach - 1 - age] = Float(taps[tap] * Double(ratio.up))
            }
        }
        self.phases = phases
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
    /// The samples that values to come may meet; the first has position `origin`.
    private var samples: [Float] = []
    private var origin = 0
    /// The newest sample that the next value meets, as an index into `samples`, and the phase of its taps.
    private var newest = 0
    private var phase = 0
    private var count = 0
    private var produced = 0
    private var last: Float?

    init(_ resampler: Resampler, edge: FilterEdge) {
        self.resampler = resampler
        self.edge = edge
    }

    mutating func push(_ input: [Float], _ range: Range<Int>, into output: inout [Float]) {
        guard !range.isEmpty else { return }
        if last == nil {
            // Samples before the record: as many as a phase reaches back.
            samples = [Float](repeating: edge == .hold ? input[range.lowerBound] : 0, count: resampler.reach)
            origin = -resampler.reach
            newest = resampler.half / resampler.ratio.up + resampler.reach
            phase = resampler.half % resampler.ratio.up
        }
        last = input[range.upperBound - 1]
        samples.append(contentsOf: input[range])
        count += range.count
        advance(before: .max, into: &output)
    }

    /// Makes every value whose samples are all there.
    private mutating func advance(before limit: Int, into output: inout [Float]) {
        produced += SignalLoops.resample(
            samples, phases: resampler.phases, reach: resampler.reach, ratio: resampler.ratio, newest: &newest, phase: &phase,
            limit: limit - produced, into: &output)
        let dead = min(newest - resampler.reach + 1, samples.count)
        guard dead > 4096 else { return }
        samples.removeFirst(dead)
        origin += dead
        newest -= dead
    }

    mutating func finish(into output: inout [Float]) {
        guard let last else { return }
        let total = resampler.ratio.length(of: count)
        let end = (resampler.half + (total - 1) * resampler.ratio.down) / resampler.ratio.up + 1
        samples.append(contentsOf: repeatElement(edge == .hold ? last : 0, count: max(0, end - origin - samples.count)))
        advance(before: total, into: &output)
    }
}
