// SPDX-License-Identifier: GPL-3.0-or-later

/// How an item is cut for the frequency domain: by overlap-save into an even number of tiles, two to a transform.
///
/// Both tiles of a transform belong to one item. They disturb each other by rounding, in proportion to the louder one, and an
/// item's result must not depend on its neighbours.
package struct FrequencyTiling: Sendable, Hashable {
    package let radices: FrequencyTransform.Radices
    /// Pairs of tiles an item.
    package let pairs: Int
    /// Results that each tile gives; the last tiles of an item may give fewer.
    package let step: Int

    /// The fewest pairs of tiles for these radices, nil where the kernel doesn't fit into a tile.
    package init?(_ problem: FrequencyProblem, _ radices: FrequencyTransform.Radices) {
        let most = radices.points - problem.taps + 1
        guard most > 0 else { return nil }
        pairs = (problem.outputLength + 2 * most - 1) / (2 * most)
        step = (problem.outputLength + 2 * pairs - 1) / (2 * pairs)
        self.radices = radices
    }
}
