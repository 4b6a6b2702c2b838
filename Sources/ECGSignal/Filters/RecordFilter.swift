// SPDX-License-Identifier: GPL-3.0-or-later

/// A filter at work on one record, or on one tensor of it: all its rows (leads), part by part.
///
/// The values do not depend on how the record is cut, nor on the threads.
public final class RecordFilter: @unchecked Sendable {
    /// Runs a number of tasks, at the same time or one after the other.
    public typealias Runner = (_ count: Int, _ task: @escaping @Sendable (Int) -> Void) -> Void

    private let plan: FilterPlan
    /// One a row, for each segment between scalings.
    private var chains: [[LeadChain]]
    private var stores: [SampleStore]
    /// What is ready, per row.
    private var ready: [[Float]]
    private var slots: [Slot]

    /// Where a row's task leaves what it made: each task has one of its own.
    private final class Slot: @unchecked Sendable {
        var input: [Float] = []
        var output: [Float] = []
        var failure: FilterError?
    }

    /// - Parameter units: the unit of each row, nil where it is no voltage.
    public init(_ plan: FilterPlan, units: [VoltageUnit?]) {
        self.plan = plan
        var units = units
        var chains: [[LeadChain]] = []
        for segment in plan.segments.indices {
            chains.append(units.indices.map { plan.chain(segment: segment, unit: &units[$0]) })
        }
        self.chains = chains
        stores = [SampleStore](repeating: SampleStore(), count: plan.scales.isEmpty ? 0 : units.count)
        ready = [[Float]](repeating: [], count: units.count)
        slots = units.map { _ in Slot() }
    }

    public var rowCount: Int { ready.count }

    /// The next samples of every row, [row, time] row by row.
    public func push(_ values: [Float], run: Runner) throws(FilterError) {
        guard rowCount > 0 else { return }
        let time = values.count / rowCount
        precondition(values.count == time * rowCount)
        let chains = self.chains[0]
        let slots = self.slots
        run(rowCount) { row in
            slots[row].output = chains[row].push(Array(values[row * time..<(row + 1) * time]))
        }
        try collect()
    }

    /// The record ends here.
    ///
    /// - Parameter drain: called now and then while values become ready, so that they need not all be held.
    public func finish(run: Runner, drain: () -> Void = {}) throws(FilterError) {
        guard rowCount > 0 else { return }
        let slots = self.slots
        var chains = self.chains[0]
        run(rowCount) { [chains] row in
            slots[row].output = []
            do throws(FilterError) { slots[row].output = try chains[row].finish() } catch { slots[row].failure = error }
        }
        try collect()
        for (index, scale) in plan.scales.enumerated() {
            let scaled = try Scaling(scale, stores)
            let waiting = stores
            chains = self.chains[index + 1]
            let last = index + 1 == plan.scales.count
            // The next scaling needs this one's values whole, so they wait as the first ones did.
            stores = last ? [] : [SampleStore](repeating: SampleStore(), count: rowCount)
            for piece in waiting[0].pieces {
                for row in 0..<rowCount {
                    try keep(chains[row].push(scaled.apply(try waiting[row].samples(piece), row: row)), row: row)
                }
                drain()
            }
            for row in 0..<rowCount { try keep(try chains[row].finish(), row: row) }
        }
    }

    private func collect() throws(FilterError) {
        for row in slots.indices {
            if let failure = slots[row].failure { throw failure }
            let values = slots[row].output
            slots[row].output = []
            try keep(values, row: row)
        }
    }

    private func keep(_ values: [Float], row: Int) throws(FilterError) {
        if stores.isEmpty {
            if ready[row].isEmpty { ready[row] = values } else { ready[row] += values }
        } else {
            try stores[row].append(values)
        }
    }

    /// Values that every row has ready.
    public var readyCount: Int { ready.map(\.count).min() ?? 0 }

    /// Takes the next `count` values of every row, [row, time] row by row.
    ///
    /// - Precondition: so many are ready.
    public func take(_ count: Int) -> [Float] {
        var values: [Float] = []
        values.reserveCapacity(count * rowCount)
        for row in ready.indices {
            values += ready[row].prefix(count)
            ready[row].removeFirst(count)
        }
        return values
    }
}
