// SPDX-License-Identifier: GPL-3.0-or-later

/// How a block of few rows is cut for several threads: into parts of its rows, and of its panels of outputs. Parts of the same rows transform
/// them once each, which costs less than handing the spectra from one processor to another, as long as there are few such parts.
///
/// No bit depends on it.
struct FrequencyCut {
    let rowParts: Int
    let panelParts: Int

    /// What the pieces of a layer take one thread, in nanoseconds.
    struct Costs: Sendable {
        /// The transforms of a row's inputs.
        let transforms: Double
        /// The products of a row with a panel, and the transforms back.
        let panel: Double
        /// Reading the weights of a panel, once for all rows.
        let weights: Double
        let panels: Int
        /// Fetching a row's inputs from another processor's cache, and its spectra and products.
        let inputHandover: Double
        let spectraHandover: Double
    }

    /// What a further meeting of the threads takes.
    private static let meeting = 2_000.0

    /// The cut that ends first, or nil where the threads end sooner by sharing each of the three phases.
    init?(rows: Int, threads: Int, costs: Costs) {
        var best: (time: Double, rows: Int, panels: Int)?
        for rowParts in 1...max(1, min(rows, threads)) {
            let panelParts = min(costs.panels, threads / rowParts)
            let longest = Double((rows + rowParts - 1) / rowParts)
            let most = Double((costs.panels + panelParts - 1) / panelParts)
            let foreign = costs.inputHandover * (1 - 1 / Double(panelParts))
            let time = longest * (costs.transforms + foreign + most * costs.panel) + most * costs.weights
            if time < best?.time ?? .infinity { best = (time, rowParts, panelParts) }
        }
        let panels = Double(costs.panels)
        let foreign = (costs.inputHandover + costs.spectraHandover) * (1 - 1 / Double(threads))
        let each = Double(rows) * (1.5 * costs.transforms + foreign + panels * costs.panel) + panels * costs.weights
        guard let best, best.time < each / Double(threads) + 2 * Self.meeting else { return nil }
        (rowParts, panelParts) = (best.rows, best.panels)
    }
}
