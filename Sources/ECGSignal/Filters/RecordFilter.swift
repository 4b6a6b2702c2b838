// SPDX-License-Identifier: GPL-3.0-or-later

/// A filter at work on one record, or on one tensor of it: all its rows (leads), part by part.
///
/// The values do not depend on how the record is cut, nor on the threads.
public final class RecordFilter: @unchecked Sendable {
    /// Runs a number of tasks, at the same time or one after the other.
    public typealias Runner = (_ count: Int, _ task: @escaping @Sendable (Int) -> Void) -> Void

    private let plan: FilterPlan
    private let rows: [Row]
    private var stores: [SampleStore]

    /// One row's steps and what they made: its task works on nothing else.
    private final class Row: @unchecked Sendable {
        /// For each segment between scalings.
        var chains: [LeadChain] = []
        /// Values that are ready from index `taken` on.
        var ready: [Float] = []
        var taken = 0
        var failure: FilterError?

        func finish() {
            do throws(FilterError) { try chains[0].finish(into: &ready) } catch { failure = error }
        }
    }

    /// - Parameter units: the unit of each row, nil where it is no voltage.
    public init(_ plan: FilterPlan, units: [VoltageUnit?]) {
        self.plan = plan
        rows = units.map { unit in
            var unit = unit
            let row = Row()
            row.chains = plan.segments.indices.map { plan.chain(segment: $0, unit: &unit) }
            return row
        }
        stores = plan.scales.isEmpty ? [] : rows.map { _ in SampleStore() }
    }

    public var rowCount: Int { rows.count }

    /// The next samples of every row, [row, time] row by row.
    public func push(_ values: [Float], run: Runner) throws(FilterError) { try push([values], run: run) }

    /// The same for several parts that follow each other: the tasks are handed out once.
    public func push(_ parts: [[Float]], run: Runner) throws(FilterError) {
        guard rowCount > 0 else { return }
        precondition(parts.allSatisfy { $0.count % rowCount == 0 })
        run(rowCount) { [rows] row in
            for values in parts {
                let time = values.count / rows.count
                rows[row].chains[0].push(values, row * time..<(row + 1) * time, into: &rows[row].ready)
            }
        }
        try collect()
    }

    /// The record ends here.
    ///
    /// - Parameter drain: called now and then while values become ready, so that they need not all be held.
    public func finish(run: Runner, drain: () -> Void = {}) throws(FilterError) {
        guard rowCount > 0 else { return }
        run(rowCount) { [rows] row in rows[row].finish() }
        for row in rows { if let failure = row.failure { throw failure } }
        try collect()
        for (index, scale) in plan.scales.enumerated() {
            let scaled = try Scaling(scale, stores)
            let waiting = stores
            let last = index + 1 == plan.scales.count
            // The next scaling needs this one's values whole, so they wait as the first ones did.
            stores = last ? [] : rows.map { _ in SampleStore() }
            for piece in waiting[0].pieces {
                for (number, row) in rows.enumerated() {
                    let values = scaled.apply(try waiting[number].samples(piece), row: number)
                    row.chains[index + 1].push(values, values.indices, into: &row.ready)
                }
                try collect()
                drain()
            }
            for row in rows { try row.chains[index + 1].finish(into: &row.ready) }
            try collect()
        }
    }

    /// Puts values away that wait for the record's end.
    private func collect() throws(FilterError) {
        for index in stores.indices {
            try stores[index].append(rows[index].ready)
            rows[index].ready.removeAll(keepingCapacity: true)
        }
    }

    /// Values that every row has ready.
    public var readyCount: Int { rows.map { $0.ready.count - $0.taken }.min() ?? 0 }

    /// Takes the next `count` values of every row, [row, time] row by row.
    ///
    /// - Precondition: so many are ready.
    public func take(_ count: Int) -> [Float] {
        var values: [Float] = []
        values.reserveCapacity(count * rowCount)
        for row in rows {
            values.append(contentsOf: row.ready[row.taken..<row.taken + count])
            row.taken += count
            // Only now and then is what is left moved to the front.
            if row.taken == row.ready.count || row.taken >= 1 << 15 {
                row.ready.removeFirst(row.taken)
                row.taken = 0
            }
        }
        return values
    }
}
