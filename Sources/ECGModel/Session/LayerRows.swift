// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// Grad-CAM's rows of some items, taken from the memory of each chunk: a layer's outputs and gradients of all items are many times larger.
final class LayerRows: Sendable {
    private let channels: Int
    private let length: Int
    private let rows: Collected<[Double]>

    /// - Throws: `ModelError` if the layer isn't [channel, time].
    init(_ name: String, _ fact: Fact?, items: Int) throws {
        guard let inner = fact?.shape.dropFirst(), fact?.type.isFloat == true, !inner.isEmpty,
            inner.count == 1 || inner.dropFirst().filter({ $0 > 1 }).count <= 1
        else {
            throw ModelError(
                .misfit, "the layer '\(name)' has the shape \(Array(fact?.shape.dropFirst() ?? []).text), not [channel, time]")
        }
        channels = inner.first ?? 1
        length = inner.dropFirst().reduce(1, *)
        rows = Collected(repeating: [], count: items)
    }

    /// By item.
    var values: [[Double]] { rows.values }

    /// Takes the rows of a chunk, after the reverse run to the layer.
    func take(_ value: ValueIndex, _ memory: PlanMemory, _ range: Range<Int>) {
        guard let outputs = memory.tensor(value), let gradients = memory.gradient(value), let fact = memory.plan.fact(value) else { return }
        let strides =
            fact.layout == .channelsLast
            ? ChannelWeighting.Strides(channel: 1, time: channels) : ChannelWeighting.Strides(channel: length, time: 1)
        let each = channels * length
        let (a, g) = (outputs.converted(to: .float32).region(Float.self), gradients.converted(to: .float32).region(Float.self))
        for (place, item) in range.enumerated() {
            let own = place * each..<(place + 1) * each
            rows.set(item, ChannelWeighting.row(channels: channels, length: length, strides, outputs: a[own], gradients: g[own]))
        }
    }
}
