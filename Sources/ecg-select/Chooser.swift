// SPDX-License-Identifier: GPL-3.0-or-later
import ECGRandom
import ECGStream
import ECGTool

/// The demands that look at one record alone.
struct Chooser {
    let condition: Condition?
    /// Names of recordings.
    let records: Set<String>?
    let inverted: Bool
    let share: Double?
    let seed: UInt64

    func takes(_ meta: Meta) -> Bool {
        var meets = true
        if let condition { meets = condition.holds(for: meta) }
        if meets, let records { meets = records.contains(Record.recordName(in: meta)) || records.contains(meta["key"]?.string ?? "") }
        if condition != nil || records != nil, meets == inverted { return false }
        guard let share else { return true }
        return Self.draw(seed, meta["key"]?.string ?? "", purpose: 1) < share
    }

    /// A number in [0, 1) that belongs to a key. Parts of one recording have one key, so they stay together.
    static func draw(_ seed: UInt64, _ key: String, purpose: UInt64) -> Double {
        RandomSource(seed: seed, key: key, purpose: purpose).uniform(0)
    }
}
