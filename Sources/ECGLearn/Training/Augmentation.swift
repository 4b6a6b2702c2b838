// SPDX-License-Identifier: GPL-3.0-or-later
import ECGRandom
import Glibc

/// Small changes to the items of a training batch. Every draw is a function of seed, epoch and the item's number.
public struct Augmentation: Sendable, Hashable {
    /// Standard deviation of white noise, as a share of the item's range.
    public var noise = 0.0
    /// Amplitude of a baseline wander, as a share of the item's range: one sine a lead of 0.15 to 0.5 Hz with a random phase.
    public var wander = 0.0
    /// Leads are multiplied by 1 ± up to this much, together.
    public var scaling = 0.0
    /// Items are moved in time by up to so many samples, the edge repeated.
    public var shift = 0

    public init() {}

    public var isNone: Bool { noise == 0 && wander == 0 && scaling == 0 && shift == 0 }

    /// Changes an item in place.
    ///
    /// - Parameters:
    ///   - item: [lead, time].
    ///   - rows: the leads that stand one after the other in each row (stacked items), each moved and wandered for itself.
    ///   - fs: samples a second.
    func apply(_ item: inout [Float], leads: Int, fs: Double, seed: UInt64, epoch: Int, number: Int) {
        let random = RandomSource(seed: seed &+ UInt64(epoch) &* 0x9E37_79B9, key: String(number), purpose: "augmentation")
        let samples = item.count / leads
        guard samples > 0, let low = item.min(), let high = item.max() else { return }
        let range = high - low
        if shift > 0 {
            let by = random.integer(0, below: 2 * shift + 1) - shift
            let before = item
            for lead in 0..<leads {
                for t in 0..<samples { item[lead * samples + t] = before[lead * samples + min(max(t - by, 0), samples - 1)] }
            }
        }
        if scaling > 0 {
            let factor = Float(1 + scaling * (2 * random.uniform(1) - 1))
            for at in item.indices { item[at] *= factor }
        }
        if wander > 0, fs > 0 {
            for lead in 0..<leads {
                let frequency = 0.15 + 0.35 * random.uniform(UInt64(10 + 4 * lead))
                let phase = 2 * Double.pi * random.uniform(UInt64(11 + 4 * lead))
                let height = wander * random.uniform(UInt64(12 + 4 * lead)) * Double(range)
                for t in 0..<samples {
                    item[lead * samples + t] += Float(height * sin(2 * .pi * frequency * Double(t) / fs + phase))
                }
            }
        }
        if noise > 0 {
            let deviation = Float(noise * random.uniform(2)) * range
            for (at, value) in random.normals(from: 1 << 20, count: item.count).enumerated() { item[at] += deviation * value }
        }
    }
}
