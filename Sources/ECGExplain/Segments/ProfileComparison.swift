// SPDX-License-Identifier: GPL-3.0-or-later
import ECGScore

/// Gathers two classes' profiles by record, for a test whose unit is the record.
public final class ProfileComparison {
    public struct Row: Sendable {
        public let map: String
        public let lead: String
        public let part: Int
        public let cell: RecordPermutationTest.Cell
    }

    private struct Cell: Hashable {
        let map: Int
        let lead: Int
        let part: Int
    }

    public let a: String
    public let b: String
    /// Sums and counts by record and class: memory grows with the records, not with the beats.
    private var sums: [String: [[Cell: (sum: Double, count: Int)]]] = [:]
    private var records: [String] = []

    public init(_ a: String, _ b: String) {
        (self.a, self.b) = (a, b)
    }

    /// Adds a beat of a record if it belongs to either class.
    public func add(_ profile: BeatProfile, groups: [String], record: String) {
        for (side, name) in [a, b].enumerated() where groups.contains(name) {
            if sums[record] == nil {
                sums[record] = [[:], [:]]
                records.append(record)
            }
            for value in profile.values where value.value.isFinite {
                let cell = Cell(map: value.map, lead: value.lead, part: value.part)
                sums[record]?[side][cell, default: (0, 0)].sum += value.value
                sums[record]?[side][cell, default: (0, 0)].count += 1
            }
        }
    }

    /// Records that have beats of each class.
    public var recordCounts: (a: Int, b: Int) {
        (records.count { sums[$0]?[0].isEmpty == false }, records.count { sums[$0]?[1].isEmpty == false })
    }

    /// The test over all cells that both classes have. P values are adjusted within each map.
    ///
    /// - Throws: `ExplainError` if a class has no beats.
    public func rows(_ summary: ProfileSummary, permutations: Int, seed: UInt64) throws -> (
        rows: [Row], arrangements: Int, exact: Bool
    ) {
        let counts = recordCounts
        guard counts.a > 0, counts.b > 0 else {
            throw ExplainError(.data, "no beats of class '\(counts.a == 0 ? a : b)' to compare")
        }
        var rows: [Row] = []
        var (arrangements, exact) = (0, true)
        for map in summary.maps.indices {
            var seen: [Set<Cell>] = [[], []]
            for record in records {
                for side in 0..<2 { seen[side].formUnion((sums[record]?[side] ?? [:]).keys.filter { $0.map == map }) }
            }
            let cells = seen[0].intersection(seen[1]).sorted { ($0.lead, $0.part) < ($1.lead, $1.part) }
            let units = records.map { record in
                let profiles = (0..<2).map { side -> [Double]? in
                    guard let have = sums[record]?[side], !have.isEmpty else { return nil }
                    return cells.map { cell in have[cell].map { $0.sum / Double($0.count) } ?? .nan }
                }
                return RecordPermutationTest.Unit(a: profiles[0], b: profiles[1])
            }
            let test = RecordPermutationTest(units, permutations: permutations, seed: seed)
            (arrangements, exact) = (test.arrangements, test.exact)
            for (cell, result) in zip(cells, test.cells) {
                rows.append(Row(map: summary.maps[map], lead: summary.leads[cell.lead], part: cell.part, cell: result))
            }
        }
        return (rows, arrangements, exact)
    }
}
