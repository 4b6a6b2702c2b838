// SPDX-License-Identifier: GPL-3.0-or-later

/// A filter at work on one record, or on one tensor of it: all its rows (leads), part by part.
///
/// The values do not depend on how the record is cut, nor on the threads.
public final class RecordFilter: @unchecked Sendable {
    /// Runs a number of tasks, at the same time or one after the other.
    public typealias Runner = (_ count: Int, _ task: @escaping @Sendable (Int) -> Void) -> Void

    private let plan: FilterPlan
    private let groups: [Group]
    private var stores: [SampleStore]
    public let rowCount: Int

    /// The steps of rows that go in step and what they made: its task works on nothing else.
    private final class Group: @unchecked Sendable {
        let rows: Range<Int>
        /// For each segment between scalings.
        let segments: [LeadGroup]
        /// Values of each row that are ready from index `taken` on.
        var ready: [[Float]]
        var taken = 0
        var failure: FilterError?

        init(rows: Range<Int>, segments: [LeadGroup]) {
            self.rows = rows
            self.segments = segments
            ready = [[Float]](repeating: [], count: rows.count)
        }

        /// Takes `values` [row, time] of all rows of the record.
        func push(_ values: [Float], rowCount: Int) {
            let time = values.count / rowCount
            segments[0].push(values, rows.map { $0 * time..<($0 + 1) * time }, into: &ready)
        }

        func finish() {
            do throws(FilterError) { try segments[0].finish(into: &ready) } catch { failure = error }
        }

        func reserve(_ length: Int) {
            for row in ready.indices { ready[row].reserveCapacity(length) }
        }

        var readyCount: Int { (ready.first?.count ?? 0) - taken }

        func take(_ count: Int, into values: inout [Float]) {
            let end = taken + count
            for row in ready.indices { values.append(contentsOf: ready[row][taken..<end]) }
            taken = end
            // Only now and then is what is left moved to the front.
            if taken == ready.first?.count || taken >= 1 << 15 {
                for row in ready.indices { ready[row].removeFirst(taken) }
                taken = 0
            }
        }
    }

    /// - Parameter units: the unit of each row, nil where it is no voltage.
    public init(_ plan: FilterPlan, units: [VoltageUnit?]) {
        self.plan = plan
        rowCount = units.count
        groups = stride(from: 0, to: units.count, by: plan.leadsTogether).map { first in
            let rows = first..<min(first + plan.leadsTogether, units.count)
            var units = Array(units[rows])
            return Group(rows: rows, segments: plan.segments.indices.map { plan.group(segment: $0, units: &units) })
        }
        stores = plan.scales.isEmpty ? [] : units.map { _ in SampleStore() }
    }

    /// Tasks that a push has: the rows that go in step are one.
    public var taskCount: Int { groups.count }

    /// The next samples of every row, [row, time] row by row.
    public func push(_ values: [Float], run: Runner) throws(FilterError) { try push([values], run: run) }

    /// The same for several parts that follow each other: the tasks are handed out once.
    public func push(_ parts: [[Float]], run: Runner) throws(FilterError) {
        run(taskCount) { self.push(parts, task: $0) }
        try collect()
    }

    /// One of the tasks of a push; when all are done, `collect` follows.
    public func push(_ parts: [[Float]], task: Int) {
        precondition(parts.allSatisfy { $0.count % rowCount == 0 })
        for values in parts { groups[task].push(values, rowCount: rowCount) }
    }

    /// The record ends here.
    ///
    /// - Parameter drain: called now and then while values become ready, so that they need not all be held.
    public func finish(run: Runner, drain: () -> Void = {}) throws(FilterError) {
        guard rowCount > 0 else { return }
        run(taskCount) { [groups] task in groups[task].finish() }
        for group in groups { if let failure = group.failure { throw failure } }
        try collect()
        for (index, scale) in plan.scales.enumerated() {
            let scaled = try Scaling(scale, stores)
            let waiting = stores
            let last = index + 1 == plan.scales.count
            // The next scaling needs this one's values whole, so they wait as the first ones did.
            stores = last ? [] : (0..<rowCount).map { _ in SampleStore() }
            for piece in waiting[0].pieces {
                for group in groups {
                    var values: [Float] = []
                    for row in group.rows { values += scaled.apply(try waiting[row].samples(piece), row: row) }
                    let ranges = (0..<group.rows.count).map { $0 * piece.count..<($0 + 1) * piece.count }
                    group.segments[index + 1].push(values, ranges, into: &group.ready)
                }
                try collect()
                drain()
            }
            for group in groups { try group.segments[index + 1].finish(into: &group.ready) }
            try collect()
        }
    }

    /// Puts values away that wait for the record's end.
    public func collect() throws(FilterError) {
        guard !stores.isEmpty else { return }
        for group in groups {
            for (index, row) in group.rows.enumerated() {
                try stores[row].append(group.ready[index])
                group.ready[index].removeAll(keepingCapacity: true)
            }
        }
    }

    /// Values that every row has ready.
    public var readyCount: Int { groups.map(\.readyCount).min() ?? 0 }

    /// Takes the next `count` values of every row, [row, time] row by row.
    ///
    /// - Precondition: so many are ready.
    public func take(_ count: Int) -> [Float] {
        var values: [Float] = []
        values.reserveCapacity(count * rowCount)
        for group in groups { group.take(count, into: &values) }
        return values
    }

    /// Filters a whole record, [row, time] row by row; nothing was pushed before, and nothing is after.
    public func whole(_ values: [Float]) throws(FilterError) -> [Float] {
        guard rowCount > 0 else { return [] }
        let serial: Runner = { count, task in for index in 0..<count { task(index) } }
        guard plan.scales.isEmpty else {
            try push(values, run: serial)
            try finish(run: serial)
            return take(readyCount)
        }
        var result: [Float] = []
        let length = plan.ratio.length(of: values.count / rowCount)
        result.reserveCapacity(length * rowCount)
        for group in groups {
            // A row by itself goes to its place at once.
            if group.rows.count == 1 { swap(&group.ready[0], &result) } else { group.reserve(length) }
            group.push(values, rowCount: rowCount)
            group.finish()
            if let failure = group.failure { throw failure }
            if group.rows.count == 1 { swap(&group.ready[0], &result) } else { group.take(group.readyCount, into: &result) }
        }
        return result
    }
}
