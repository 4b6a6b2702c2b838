// SPDX-License-Identifier: GPL-3.0-or-later

/// A filter at work on one record, or on one tensor of it: all its rows (leads), part by part.
///
/// The values do not depend on how the record is cut, nor on the threads.
public final class RecordFilter: @unchecked Sendable {
    /// Runs a number of tasks, at the same time or one after the other.
    public typealias Runner = (_ count: Int, _ task: @escaping @Sendable (Int) -> Void) -> Void
    /// A run of values.
    public typealias Piece = (values: [Float], range: Range<Int>)

    private let plan: FilterPlan
    private let groups: [Group]
    private var stores: [SampleStore]
    public let rowCount: Int

    /// The steps of rows that go in step and what they made: its task works on nothing else.
    private final class Group: @unchecked Sendable {
        let rows: Range<Int>
        /// For each segment between scalings.
        let segments: [LeadGroup]
        /// Values of each row that tasks have made.
        var fresh: [[Float]]
        /// Those that have been collected, in the pieces in which they were made, from value `taken` of the first on.
        private var ready: [[[Float]]] = []
        private var taken = 0
        private(set) var readyCount = 0
        private var most = 0
        var failure: FilterError?

        init(rows: Range<Int>, segments: [LeadGroup]) {
            self.rows = rows
            self.segments = segments
            fresh = [[Float]](repeating: [], count: rows.count)
        }

        /// Takes the next `time` samples of these rows. They are asked for a piece at a time, which stays in the nearest cache until the last step
        /// has done with it.
        func push(_ time: Int, _ samples: (_ row: Int, Range<Int>) -> [Float]) {
            for start in stride(from: 0, to: time, by: LeadGroup.piece) {
                let range = start..<min(start + LeadGroup.piece, time)
                segments[0].push(rows.map { LeadSamples(values: samples($0, range), range: 0..<range.count) }, into: &fresh)
            }
        }

        func finish() {
            do throws(FilterError) { try segments[0].finish(into: &fresh) } catch { failure = error }
        }

        func reserve(_ length: Int) {
            for row in fresh.indices { fresh[row].reserveCapacity(length) }
        }

        func collect() {
            guard let count = fresh.first?.count, count > 0 else { return }
            readyCount += count
            ready.append(fresh)
            most = max(most, count)
            // As many as ever came at a time, without growing on the way.
            fresh = fresh.map { _ in
                var values: [Float] = []
                values.reserveCapacity(most)
                return values
            }
        }

        func take(_ count: Int, into pieces: inout [Piece]) {
            for row in 0..<rows.count {
                var missing = count
                var from = taken
                for piece in ready where missing > 0 {
                    let end = min(piece[row].count, from + missing)
                    pieces.append((piece[row], from..<end))
                    missing -= end - from
                    from = 0
                }
            }
            readyCount -= count
            taken += count
            while let first = ready.first, taken >= first[0].count {
                taken -= first[0].count
                ready.removeFirst()
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
    public func push(_ values: [Float], run: Runner) throws(FilterError) {
        run(taskCount) { self.push(values.count, task: $0) { Array(values[$0]) } }
        try collect()
    }

    /// One of the tasks of a push; when all are done, `collect` follows, and until then what was collected before may be taken.
    ///
    /// - Parameters:
    ///   - count: of the samples, [row, time] row by row.
    ///   - samples: gives a range of them.
    public func push(_ count: Int, task: Int, samples: (Range<Int>) -> [Float]) {
        precondition(count % rowCount == 0)
        let time = count / rowCount
        groups[task].push(time) { row, range in samples(row * time + range.lowerBound..<row * time + range.upperBound) }
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
                    group.segments[index + 1].push(values, ranges, into: &group.fresh)
                }
                try collect()
                drain()
            }
            for group in groups { try group.segments[index + 1].finish(into: &group.fresh) }
            try collect()
        }
    }

    /// Takes over the values that a push has made: they are ready, or wait for the record's end.
    public func collect() throws(FilterError) {
        guard !stores.isEmpty else {
            for group in groups { group.collect() }
            return
        }
        for group in groups {
            for (index, row) in group.rows.enumerated() {
                try stores[row].append(group.fresh[index])
                group.fresh[index].removeAll(keepingCapacity: true)
            }
        }
    }

    /// Values that every row has ready.
    public var readyCount: Int { groups.map(\.readyCount).min() ?? 0 }

    /// Takes the next `count` values of every row, [row, time] row by row, in the pieces in which they were made.
    ///
    /// - Precondition: so many are ready.
    public func takePieces(_ count: Int) -> [Piece] {
        var pieces: [Piece] = []
        for group in groups { group.take(count, into: &pieces) }
        return pieces
    }

    /// The same in one piece.
    public func take(_ count: Int) -> [Float] {
        var values: [Float] = []
        values.reserveCapacity(count * rowCount)
        for piece in takePieces(count) { values.append(contentsOf: piece.values[piece.range]) }
        return values
    }

    /// Filters a whole record; nothing was pushed before, and nothing is after.
    ///
    /// - Parameters:
    ///   - count: of its samples, [row, time] row by row.
    ///   - samples: gives a range of them.
    public func whole(_ count: Int, samples: (Range<Int>) -> [Float]) throws(FilterError) -> [Float] {
        guard rowCount > 0 else { return [] }
        precondition(count % rowCount == 0)
        guard plan.scales.isEmpty else {
            let serial: Runner = { count, task in for index in 0..<count { task(index) } }
            for task in 0..<taskCount { push(count, task: task, samples: samples) }
            try collect()
            try finish(run: serial)
            return take(readyCount)
        }
        var result: [Float] = []
        let length = plan.ratio.length(of: count / rowCount)
        result.reserveCapacity(length * rowCount)
        for (task, group) in groups.enumerated() {
            // A row by itself goes to its place at once.
            if group.rows.count == 1 { swap(&group.fresh[0], &result) } else { group.reserve(length) }
            push(count, task: task, samples: samples)
            group.finish()
            if let failure = group.failure { throw failure }
            if group.rows.count == 1 {
                swap(&group.fresh[0], &result)
            } else {
                for row in group.fresh { result.append(contentsOf: row) }
            }
        }
        return result
    }
}
