// SPDX-License-Identifier: GPL-3.0-or-later

/// How much of a map lies where it is expected: inside a wave, say.
///
/// The share of the mass and rank accuracy are those of Arras, Osman and Samek (2022, CLEVR-XAI), the pointing game is Zhang and colleagues' (2018).
/// All take the map's absolute values.
public struct Localisation: Sendable, Equatable {
    /// The share of the item's points that lie inside: what a map by lot scores in the other three.
    public let area: Double
    /// The share of the map's sum that lies inside.
    public let mass: Double
    /// Whether the largest value lies inside; of several largest, the share that does.
    public let hit: Double
    /// The share of the k largest values that lie inside, where k points are inside; equal values at the edge count in proportion.
    public let rankAccuracy: Double

    /// - Parameters:
    ///   - map: the values of all points that count, padding left out.
    ///   - inside: for each of them whether it is expected.
    /// - Returns: nil where no point is inside, or the map is constant or holds anything but numbers.
    public init?(_ map: [Float], inside: [Bool]) {
        let values = map.map { abs($0) }
        let count = inside.count(where: { $0 })
        guard values.count == inside.count, count > 0, let first = values.first, values.allSatisfy(\.isFinite),
            !values.allSatisfy({ $0 == first })
        else { return nil }
        area = Double(count) / Double(values.count)
        var (total, within) = (0.0, 0.0)
        for i in values.indices {
            total += Double(values[i])
            if inside[i] { within += Double(values[i]) }
        }
        mass = within / total
        let sorted = values.sorted(by: >)
        func share(_ above: (Float) -> Bool) -> (all: Int, inside: Int) {
            values.indices.reduce(into: (0, 0)) { found, i in
                if above(values[i]) { found = (found.0 + 1, found.1 + (inside[i] ? 1 : 0)) }
            }
        }
        let largest = share { $0 == sorted[0] }
        hit = Double(largest.inside) / Double(largest.all)
        let edge = sorted[count - 1]
        let (clear, equal) = (share { $0 > edge }, share { $0 == edge })
        let places = Double(count - clear.all)
        rankAccuracy = (Double(clear.inside) + places * Double(equal.inside) / Double(equal.all)) / Double(count)
    }
}
