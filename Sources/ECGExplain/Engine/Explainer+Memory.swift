// SPDX-License-Identifier: GPL-3.0-or-later

extension Explainer {
    /// Points a batch at most: more bring no speed.
    private static let mostPoints = 64

    /// How many items of a shape are taken at once: their sums may fill a quarter of the memory.
    public func chunkSize(_ shape: [Int]) -> Int {
        let size = shape.reduce(1, *)
        let rows = methods.reduce(0) { $0 + $1.rows(settings) }
        return min(max(settings.maxMemory / 4 / max(size * (8 * rows + 16), 1), 1), 64)
    }

    /// How many points of an item's shape run at once: they and their gradients may fill half of the memory, beside what the network itself needs.
    ///
    /// - Throws: `ExplainError` if not even one fits.
    func batchSize(_ context: ItemContext, paired: Bool) throws -> Int {
        // a point is held by its source, by the batch, as a gradient, and by its consumer
        let each = max(context.values.count * 4 * (paired ? 8 : 6), 1)
        let inFlight = try network.bytesInFlight(context.shape, paired: paired)
        let available = settings.maxMemory / 4 * 3 - inFlight
        guard each <= available else {
            throw ExplainError(
                .usage,
                "items of shape \(context.shape) need \(((each + inFlight) / 3 * 4) >> 20 + 1) MB with \(network.workers.count) threads, more than the \(settings.maxMemory >> 20) MB allowed"
            )
        }
        return min(available / each, Self.mostPoints)
    }
}
