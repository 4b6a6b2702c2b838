// SPDX-License-Identifier: GPL-3.0-or-later
import ECGScore
import ECGSpill

/// Medians, quartiles, means and counts of beat profiles by class, map, lead and part of the beat: exact, in bounded memory.
public final class ProfileSummary {
    /// Where a value belongs. Maps and leads are numbers in their order of appearance.
    public struct Cell: Hashable, Sendable {
        public let group: String
        public let map: Int
        public let lead: Int
        /// A segment's number, or a wave's.
        public let part: Int
    }

    /// The summary of one cell.
    public struct Row: Sendable {
        public let group: String
        public let map: String
        public let lead: String
        public let part: Int
        public let q1: Double
        public let median: Double
        public let q3: Double
        public let mean: Double
        /// Sample standard deviation; nil for a single beat.
        public let deviation: Double?
        public let n: Int
    }

    public private(set) var maps: [String] = []
    public private(set) var leads: [String] = []
    /// Values that were left out because they are not finite.
    public private(set) var notFinite = 0
    private let values: GroupedValues
    private var numbers: [Cell: Int] = [:]

    /// - Parameter limit: values held in memory; more wait in a temporary file.
    public init(limit: Int = 1 << 22) {
        values = GroupedValues(limit: limit)
    }

    /// The number of a map or lead, a new one at its first appearance.
    public func number(ofMap name: String) -> Int { Self.number(of: name, in: &maps) }
    public func number(ofLead name: String) -> Int { Self.number(of: name, in: &leads) }

    private static func number(of name: String, in names: inout [String]) -> Int {
        if let found = names.firstIndex(of: name) { return found }
        names.append(name)
        return names.count - 1
    }

    /// Adds one beat's value.
    public func add(_ value: Double, to cell: Cell) throws(SpillError) {
        guard value.isFinite else {
            notFinite += 1
            return
        }
        let number: Int
        if let known = numbers[cell] {
            number = known
        } else {
            number = values.addGroup()
            numbers[cell] = number
        }
        try values.add(value, to: number)
    }

    /// The median of a cell; nil if no beat has it.
    public func median(_ cell: Cell) throws(SpillError) -> Double? {
        guard let number = numbers[cell] else { return nil }
        return try values.quantiles([0.5], of: number).first
    }

    /// All classes, sorted by their bytes.
    public var groups: [String] {
        Set(numbers.keys.map(\.group)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// All rows: classes by their bytes, maps and leads as they appeared, parts in order of time.
    public func rows() throws(SpillError) -> [Row] {
        let order = numbers.keys.sorted { a, b in
            if a.group != b.group { return a.group.utf8.lexicographicallyPrecedes(b.group.utf8) }
            return (a.map, a.lead, a.part) < (b.map, b.lead, b.part)
        }
        var rows: [Row] = []
        for cell in order {
            guard let number = numbers[cell] else { continue }
            let q = try values.quantiles([0.25, 0.5, 0.75], of: number)
            guard q.count == 3, let moments = try values.moments(of: number) else { continue }
            rows.append(
                Row(
                    group: cell.group, map: maps[cell.map], lead: leads[cell.lead], part: cell.part, q1: q[0], median: q[1], q3: q[2],
                    mean: moments.mean, deviation: moments.deviation, n: values.count(number)))
        }
        return rows
    }
}
