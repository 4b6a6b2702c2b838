// SPDX-License-Identifier: GPL-3.0-or-later
import ECGSpill

/// Exact quantiles of any number of values in many groups, in bounded memory.
///
/// Values wait in memory up to `limit` of them over all groups; then all are set aside in a temporary file. At the end a group that fits in
/// the limit is read back and sorted; a larger one is searched by its values' bits, sixteen a pass, with a table of counts.
public final class GroupedValues {
    /// Values held in memory, over all groups.
    public let limit: Int
    private var waiting: [[Double]] = []
    private var aside: [[(offset: Int, count: Int)]] = []
    private var inMemory = 0
    private let file = SpillFile()

    public init(limit: Int = 1 << 22) {
        self.limit = max(limit, 1)
    }

    /// Groups so far.
    public var groups: Int { waiting.count }

    /// Adds an empty group and returns its number.
    public func addGroup() -> Int {
        waiting.append([])
        aside.append([])
        return waiting.count - 1
    }

    /// Adds a finite value to a group.
    public func add(_ value: Double, to group: Int) throws(SpillError) {
        waiting[group].append(value)
        inMemory += 1
        if inMemory >= limit { try setAside() }
    }

    /// The number of values in a group.
    public func count(_ group: Int) -> Int {
        aside[group].reduce(waiting[group].count) { $0 + $1.count }
    }

    /// The quantiles of a group at ascending or other `positions` in 0...1, linearly interpolated; empty for an empty group.
    public func quantiles(_ positions: [Double], of group: Int) throws(SpillError) -> [Double] {
        let count = count(group)
        guard count > 0 else { return [] }
        if aside[group].isEmpty || count <= limit {
            var values: [Double] = []
            values.reserveCapacity(count)
            try forEachChunk(of: group) { values += $0 }
            values.sort()
            return positions.compactMap { quantile($0, ofSorted: values) }
        }
        var results: [Double] = []
        for p in positions {
            let position = QuantilePosition(p, count: count)
            let low = try value(rank: position.rank, of: group)
            let high = position.fraction > 0 ? try value(rank: position.rank + 1, of: group) : low
            results.append(position.between(low, high))
        }
        return results
    }

    /// Mean and sample standard deviation (nil for a single value) of a group; nil for an empty one.
    public func moments(of group: Int) throws(SpillError) -> (mean: Double, deviation: Double?)? {
        let count = count(group)
        guard count > 0 else { return nil }
        var sum = 0.0
        try forEachChunk(of: group) { chunk in for value in chunk { sum += value } }
        let mean = sum / Double(count)
        var squares = 0.0
        try forEachChunk(of: group) { chunk in for value in chunk { squares += (value - mean) * (value - mean) } }
        return (mean, count > 1 ? (squares / Double(count - 1)).squareRoot() : nil)
    }

    private func setAside() throws(SpillError) {
        for group in waiting.indices where !waiting[group].isEmpty {
            aside[group].append((try file.append(waiting[group]), waiting[group].count))
            waiting[group].removeAll(keepingCapacity: true)
        }
        inMemory = 0
    }

    /// Visits all values of a group, in the order in which they came.
    private func forEachChunk(of group: Int, _ visit: ([Double]) -> Void) throws(SpillError) {
        for run in aside[group] { visit(try file.read(Double.self, count: run.count, at: run.offset)) }
        visit(waiting[group])
    }

    /// The value of a rank, from 0, without holding the group: each pass counts the next sixteen bits among the values that
    /// share those found so far.
    private func value(rank: Int, of group: Int) throws(SpillError) -> Double {
        var rest = rank
        var found: UInt64 = 0
        for shift in stride(from: 48, through: 0, by: -16) {
            var counts = [Int](repeating: 0, count: 1 << 16)
            try forEachChunk(of: group) { chunk in
                for value in chunk {
                    let bits = Self.ordered(value)
                    if shift == 48 || bits >> UInt64(shift + 16) == found { counts[Int(bits >> UInt64(shift) & 0xffff)] += 1 }
                }
            }
            var bucket = 0
            while bucket < counts.count - 1, rest >= counts[bucket] {
                rest -= counts[bucket]
                bucket += 1
            }
            found = found << 16 | UInt64(bucket)
        }
        return found >> 63 == 1 ? Double(bitPattern: found ^ (1 << 63)) : Double(bitPattern: ~found)
    }

    /// The bits of a value, changed so that whole numbers sort as the values do.
    private static func ordered(_ value: Double) -> UInt64 {
        let bits = value.bitPattern
        return bits >> 63 == 0 ? bits | (1 << 63) : ~bits
    }
}
