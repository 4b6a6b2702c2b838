// SPDX-License-Identifier: GPL-3.0-or-later

/// The part of a record that a stage still needs: samples come in at the end, and leave at the front when they are released.
public struct SignalWindow: Sendable {
    /// Position in the record of the first sample ever appended.
    public let recordStart: Int
    /// Position of the first sample still held.
    public private(set) var start: Int
    /// Position after the last sample appended.
    public private(set) var end: Int
    private var leads: [[Float]]
    /// Position of element 0 of each lead's array: it lags behind `start`, so that releasing does not move memory each time.
    private var origin: Int

    public init(leadCount: Int, recordStart: Int) {
        self.recordStart = recordStart
        start = recordStart
        end = recordStart
        origin = recordStart
        leads = [[Float]](repeating: [], count: leadCount)
    }

    public var leadCount: Int { leads.count }

    /// - Parameter values: [lead, time] row by row, the next samples of the record.
    /// - Precondition: `values.count` is a multiple of the number of leads.
    public mutating func append(_ values: [Float]) {
        guard !leads.isEmpty else { return }
        let time = values.count / leads.count
        precondition(values.count == time * leads.count)
        for lead in leads.indices { leads[lead].append(contentsOf: values[lead * time..<(lead + 1) * time]) }
        end += time
    }

    /// Samples before `position` will not be asked for again.
    public mutating func release(before position: Int) {
        guard position > start else { return }
        start = min(position, end)
        let dead = start - origin
        guard dead > 4096, dead > (end - start) else { return }
        for lead in leads.indices { leads[lead].removeFirst(dead) }
        origin = start
    }

    /// Samples `range` of every lead, [lead, time] row by row, filled with `padding` at the end up to `time`, and where the range leaves
    /// the record.
    ///
    /// - Returns: the values, how many samples of a lead are padding before the record's first, and how many come from the record.
    /// - Precondition: nothing of the range was released, and `time` is at least as long as the range.
    public func cut(_ range: Range<Int>, time: Int, padding: Float = 0) -> (values: [Float], paddingBefore: Int, length: Int) {
        precondition(time >= range.count)
        let from = min(max(range.lowerBound, recordStart), max(end, recordStart))
        let to = max(from, min(range.upperBound, end))
        precondition(from >= start || from == to)
        let before = min(from - range.lowerBound, range.count)
        let after = time - before - (to - from)
        var values = [Float]()
        values.reserveCapacity(time * leads.count)
        for lead in leads {
            if before > 0 { values.append(contentsOf: repeatElement(padding, count: before)) }
            if to > from { values.append(contentsOf: lead[from - origin..<to - origin]) }
            if after > 0 { values.append(contentsOf: repeatElement(padding, count: after)) }
        }
        return (values, before, to - from)
    }
}
