// SPDX-License-Identifier: GPL-3.0-or-later

/// One attribution map of one item, [lead, time], as summaries need it: unstacked, scaled, and clear about what is padding.
public struct ItemMap: Sendable {
    /// A row a lead, all of equal length.
    public private(set) var rows: [[Float]]

    /// A map of shape [lead, time].
    ///
    /// - Parameter leads: the number of leads the item has. A map [1, leads·time] of an item whose leads lie one after the other is unstacked.
    /// - Throws: `ExplainError` if the values do not divide into that many leads.
    public init(_ values: [Float], shape: [Int], leads: Int) throws(ExplainError) {
        guard shape.count == 2, shape[0] >= 1, shape[1] >= 1, shape[0] * shape[1] == values.count else {
            throw ExplainError(.data, "a map of shape \(shape) is not [lead, time]")
        }
        guard shape[0] == leads || (shape[0] == 1 && leads > 0 && shape[1] % leads == 0) else {
            throw ExplainError(.data, "a map of shape \(shape) does not fit \(leads) leads")
        }
        let length = values.count / leads
        rows = (0..<leads).map { Array(values[$0 * length..<($0 + 1) * length]) }
    }

    /// Samples a lead.
    public var length: Int { rows[0].count }

    /// Scales the map to 0…1 over all leads and the given samples; a map without range becomes 0. Values that are not finite stay out.
    public mutating func scaleToRange(samples: Range<Int>) {
        var low = Float.infinity
        var high = -Float.infinity
        for row in rows {
            for value in row[samples] where value.isFinite {
                low = min(low, value)
                high = max(high, value)
            }
        }
        let range = Double(high) - Double(low)
        for lead in rows.indices {
            for t in rows[lead].indices where rows[lead][t].isFinite {
                rows[lead][t] = range > 0 ? Float((Double(rows[lead][t]) - Double(low)) / range) : 0
            }
        }
    }

    /// The mean of each segment in each lead, [lead][segment]; NaN where a value of the segment is not finite.
    public func means(_ segments: [BeatSegments.Segment]) -> [[Double]] {
        rows.map { row in
            segments.map { segment in
                var sum = 0.0
                for t in segment.samples { sum += Double(row[t]) }
                return sum.isFinite ? sum / Double(segment.samples.count) : .nan
            }
        }
    }
}
