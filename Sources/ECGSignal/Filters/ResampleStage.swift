// SPDX-License-Identifier: GPL-3.0-or-later

/// A change of the sampling frequency by a ratio of whole numbers, prepared for any number of leads.
final class Resampler: Sendable {
    let ratio: RationalRatio
    /// Taps before the one that stands on the output's sample.
    let half: Int
    /// The taps that meet the samples of one output, oldest sample first, for each of the `up` phases.
    let phases: [[Float]]

    /// - Parameter taps: at `up` times the old sampling frequency, as `scipy.signal.resample_poly` takes them as its window.
    init(ratio: RationalRatio, taps: [Double]) {
        self.ratio = ratio
        half = (taps.count - 1) / 2
        phases = (0..<ratio.up).map { phase in
            stride(from: phase, to: taps.count, by: ratio.up).reversed().map { Float(taps[$0] * Double(ratio.up)) }
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
    /// Samples from `origin` on.
    private var pending: [Float] = []
    private var origin = 0
    private var count = 0
    private var produced = 0
    private var last: Float?

    init(_ resampler: Resampler, edge: FilterEdge) {
        self.resampler = resampler
        self.edge = edge
    }

    mutating func push(_ input: [Float], into output: inout [Float]) {
        guard let first = input.first, let newest = input.last else { return }
        if last == nil {
            // Samples before the record: as many as the longest phase reaches back.
            let reach = resampler.phases[0].count + 1
            pending = [Float](repeating: edge == .hold ? first : 0, count: reach)
            origin = -reach
        }
        last = newest
        pending.append(contentsOf: input)
        count += input.count
        advance(before: .max, into: &output)
    }

    /// Makes every value whose samples are all there.
    private mutating func advance(before limit: Int, into output: inout [Float]) {
        let (up, down) = (resampler.ratio.up, resampler.ratio.down)
        while produced < limit {
            let place = resampler.half + produced * down
            let newest = place / up
            guard newest < origin + pending.count else { break }
            let taps = resampler.phases[place % up]
            var index = newest - taps.count + 1 - origin
            var sum: Float = 0
            for tap in taps {
                sum += tap * pending[index]
                index += 1
            }
            output.append(sum)
            produced += 1
        }
        let needed = (resampler.half + produced * down) / up - resampler.phases[0].count
        let dead = min(needed - origin, pending.count)
        if dead > 4096 {
            pending.removeFirst(dead)
            origin += dead
        }
    }

    mutating func finish(into output: inout [Float]) {
        guard let last else { return }
        let total = resampler.ratio.length(of: count)
        let reach = (resampler.half + (total - 1) * resampler.ratio.down) / resampler.ratio.up + 1 - (origin + pending.count)
        if reach > 0 { pending.append(contentsOf: repeatElement(edge == .hold ? last : 0, count: reach)) }
        advance(before: total, into: &output)
    }
}
