// SPDX-License-Identifier: GPL-3.0-or-later
import ECGScore
import ECGSpill

/// The beats farthest from their class's median profile.
///
/// The medians are known only after the last beat, so every profile is set aside in a temporary file and read once more.
public final class BeatOutliers {
    public struct Outlier: Sendable {
        public let group: String
        public let map: String
        /// 1 for the farthest.
        public let rank: Int
        public let key: String
        /// Root of the mean squared difference from the class's median over the leads and segments that the beat has.
        public let distance: Double
        /// Beats of the class.
        public let n: Int
    }

    private let count: Int
    private var groups: [String] = []
    private let keys = SpillFile()
    private let profiles = SpillFile()
    private var blocks: [(offset: Int, count: Int)] = []
    /// Rows of: group, offset and length of the key, number of values, and for each value its map, lead, part and the value.
    private var waiting: [Double] = []
    private let blockSize = 1 << 18

    /// - Parameter count: how many to name for each class and map.
    public init(count: Int) {
        self.count = count
    }

    /// Sets a beat of a class aside.
    public func add(_ profile: BeatProfile, group: String, key: String) throws {
        let number: Int
        if let known = groups.firstIndex(of: group) {
            number = known
        } else {
            number = groups.count
            groups.append(group)
        }
        let bytes = Array(key.utf8)
        waiting += [Double(number), Double(try keys.append(bytes)), Double(bytes.count), Double(profile.values.count)]
        for value in profile.values { waiting += [Double(value.map), Double(value.lead), Double(value.part), value.value] }
        if waiting.count >= blockSize { try setAside() }
    }

    private func setAside() throws {
        blocks.append((try profiles.append(waiting), waiting.count))
        waiting.removeAll(keepingCapacity: true)
    }

    /// The outliers by class, map and rank, with the medians of `summary`, which must have seen the same beats.
    public func found(_ summary: ProfileSummary) throws -> [Outlier] {
        struct Place: Hashable {
            let group: Int
            let map: Int
        }
        struct Candidate {
            let distance: Double
            let keyOffset: Int
            let keyLength: Int
        }
        var medians: [ProfileSummary.Cell: Double] = [:]
        var farthest: [Place: [Candidate]] = [:]
        var totals: [Place: Int] = [:]
        func visit(_ row: ArraySlice<Double>) throws {
            let first = row.startIndex
            let group = Int(row[first])
            var sums: [Int: (squares: Double, count: Int)] = [:]
            for at in stride(from: first + 4, to: row.endIndex, by: 4) where row[at + 3].isFinite {
                let cell = ProfileSummary.Cell(group: groups[group], map: Int(row[at]), lead: Int(row[at + 1]), part: Int(row[at + 2]))
                let median: Double
                if let known = medians[cell] {
                    median = known
                } else {
                    guard let fresh = try summary.median(cell) else { continue }
                    median = fresh
                    medians[cell] = fresh
                }
                let difference = row[at + 3] - median
                sums[cell.map, default: (0, 0)].squares += difference * difference
                sums[cell.map, default: (0, 0)].count += 1
            }
            for (map, sum) in sums {
                let place = Place(group: group, map: map)
                totals[place, default: 0] += 1
                let distance = (sum.squares / Double(sum.count)).squareRoot()
                var list = farthest[place, default: []]
                if list.count == count, let last = list.last, last.distance >= distance { continue }
                let at = list.firstIndex { $0.distance < distance } ?? list.count
                list.insert(Candidate(distance: distance, keyOffset: Int(row[first + 1]), keyLength: Int(row[first + 2])), at: at)
                if list.count > count { list.removeLast() }
                farthest[place] = list
            }
        }
        func visitAll(_ block: [Double]) throws {
            var at = 0
            while at < block.count {
                let end = at + 4 + 4 * Int(block[at + 3])
                try visit(block[at..<end])
                at = end
            }
        }
        for block in blocks { try visitAll(profiles.read(Double.self, count: block.count, at: block.offset)) }
        try visitAll(waiting)

        var outliers: [Outlier] = []
        let places = farthest.keys.sorted { a, b in
            let (x, y) = (groups[a.group], groups[b.group])
            return x == y ? a.map < b.map : x.utf8.lexicographicallyPrecedes(y.utf8)
        }
        for place in places {
            for (rank, candidate) in (farthest[place] ?? []).enumerated() {
                let key = String(decoding: try keys.read(UInt8.self, count: candidate.keyLength, at: candidate.keyOffset), as: UTF8.self)
                outliers.append(
                    Outlier(
                        group: groups[place.group], map: summary.maps[place.map], rank: rank + 1, key: key, distance: candidate.distance,
                        n: totals[place] ?? 0))
            }
        }
        return outliers
    }
}
