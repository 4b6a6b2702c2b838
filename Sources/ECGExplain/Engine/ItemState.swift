// SPDX-License-Identifier: GPL-3.0-or-later
import Synchronization

/// One item on its way: what is known of it, and its methods' sums. Points of one item are added in order; items may go side by side.
final class ItemState: Sendable {
    struct Changing: Sendable {
        var target: Int?
        var score = Double.nan
        /// The target's score at each baseline.
        var baseScores: [Double] = []
        /// The mean score over the noisy copies.
        var noisyScore = 0.0
        /// By method.
        var sums: [Sums]
        /// Steps of each method's integral.
        var steps: [Int]
        /// Grad-CAM's row.
        var layer: [Double] = []
        /// Makes the points of the family at hand.
        var source: PointSource?
        /// The number of its point that is added next, and those that came before their turn.
        var due = 0
        var early: [Int: Arrival] = [:]
    }

    /// A point with what the network said of it.
    struct Arrival: Sendable {
        let point: Point
        let gradient: [Float]
        let score: Double
    }

    let context: ItemContext
    /// The class index of the item's label.
    let label: Int?
    let changing: Mutex<Changing>

    init(_ context: ItemContext, label: Int?, sums: [Sums], steps: [Int]) {
        (self.context, self.label) = (context, label)
        changing = Mutex(Changing(sums: sums, steps: steps))
    }

    var now: Changing { changing.withLock { $0 } }
}
