// SPDX-License-Identifier: GPL-3.0-or-later
import ECGScore
import ECGSpill

/// The network's outputs for every item at every step of every curve, in bounded memory.
///
/// They come item by item and are wanted step by step; up to `limit` of them wait in memory, then all are set aside, a run for each step,
/// in a temporary file.
public final class CurveStore {
    public let curves: Int
    public let steps: Int
    /// Outputs kept of each item and step.
    public let width: Int
    /// Items so far.
    public private(set) var count = 0
    private let limit: Int
    /// One column for the items as they are, one for the start, then one for each step of each curve: [item, width].
    private var waiting: [[Float]]
    private var aside: [[(offset: Int, count: Int)]]
    private var held = 0
    private let file = SpillFile()

    public init(curves: Int, steps: Int, width: Int, limit: Int = 1 << 24) {
        (self.curves, self.steps, self.width, self.limit) = (curves, steps, width, max(limit, 1))
        waiting = [[Float]](repeating: [], count: 2 + curves * steps)
        aside = [[(offset: Int, count: Int)]](repeating: [], count: 2 + curves * steps)
    }

    /// Adds an item. - Parameter keep: which of the outputs are kept; as many as `width`.
    public func add(_ outcome: PerturbationOutcome, keep: Range<Int>) throws(SpillError) {
        let classes = outcome.start.count
        waiting[0] += outcome.whole[keep]
        waiting[1] += outcome.start[keep]
        for (c, curve) in outcome.curves.enumerated() {
            for step in 0..<steps {
                let column = 2 + c * steps + step
                if let curve {
                    waiting[column] += curve[step * classes + keep.lowerBound..<step * classes + keep.upperBound]
                } else {
                    waiting[column] += [Float](repeating: .nan, count: width)
                }
            }
        }
        count += 1
        held += waiting.count * width
        if held >= limit { try setAside() }
    }

    /// The outputs of all items after a step, [item, width]; step 0 is the start. NaN where an item was left out of the curve.
    public func column(curve: Int, step: Int) throws(SpillError) -> [Float] {
        try column(step == 0 ? 1 : 2 + curve * steps + step - 1)
    }

    /// The outputs for all items as they are, [item, width].
    public func wholes() throws(SpillError) -> [Float] { try column(0) }

    private func column(_ column: Int) throws(SpillError) -> [Float] {
        var values: [Float] = []
        values.reserveCapacity(count * width)
        for run in aside[column] { values += try file.read(Float.self, count: run.count, at: run.offset) }
        return values + waiting[column]
    }

    private func setAside() throws(SpillError) {
        for column in waiting.indices where !waiting[column].isEmpty {
            aside[column].append((try file.append(waiting[column]), waiting[column].count))
            waiting[column].removeAll(keepingCapacity: true)
        }
        held = 0
    }
}
