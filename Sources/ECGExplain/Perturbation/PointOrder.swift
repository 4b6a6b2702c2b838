// SPDX-License-Identifier: GPL-3.0-or-later
import ECGRandom

/// Orders in which points are replaced.
package enum PointOrder {
    /// Points by their value in a map.
    ///
    /// - Parameters:
    ///   - map: flat [lead, time], every value a number.
    ///   - points: those that may be replaced, ascending.
    ///   - tie: the place of each of `points` among equally relevant ones; nil for their own order.
    package static func ranked(
        _ map: [Float], _ points: [Int32], _ ranking: PerturbationSettings.Ranking, mostFirst: Bool, tie: [Int32]?
    ) -> [Int32] {
        var keys = [UInt64](repeating: 0, count: points.count)
        // relevance and place in one whole number: sorting those is several times as fast as sorting places by a closure
        for (i, point) in points.enumerated() {
            let value = map[Int(point)]
            let score = ranking == .absolute ? value.magnitude : value == 0 ? 0 : value
            let bits = score.bitPattern
            let ascending = bits >> 31 == 0 ? bits | 1 << 31 : ~bits
            keys[i] = UInt64(mostFirst ? ~ascending : ascending) << 32 | UInt64(UInt32(tie?[i] ?? Int32(i)))
        }
        keys.sort()
        guard let tie else { return keys.map { points[Int($0 & 0xFFFF_FFFF)] } }
        var place = [Int32](repeating: 0, count: points.count)
        for (i, t) in tie.enumerated() { place[Int(t)] = Int32(i) }
        return keys.map { points[Int(place[Int($0 & 0xFFFF_FFFF)])] }
    }

    /// Points by lot: a function of seed and key.
    package static func random(_ points: [Int32], seed: UInt64, key: String) -> [Int32] {
        lot(points.count, seed: seed, key: key, purpose: "order").map { points[Int($0)] }
    }

    /// 0..<count in random order.
    package static func lot(_ count: Int, seed: UInt64, key: String, purpose: String) -> [Int32] {
        RandomSource(seed: seed, key: key, purpose: purpose).permutation(count).map { Int32($0) }
    }
}
