// SPDX-License-Identifier: GPL-3.0-or-later

/// What a model says about items.
public struct Prediction: Sendable {
    /// The shape of the logits of one item, mostly [class].
    public let shape: Shape
    /// [item, …shape].
    public let logits: [Float]
    /// [item, …shape]; nil where there are none (`Activation.none`).
    public let probabilities: [Float]?

    public var classCount: Int { shape.elementCount }
    public func logits(of item: Int) -> ArraySlice<Float> { logits[item * classCount..<(item + 1) * classCount] }
    public func probabilities(of item: Int) -> ArraySlice<Float>? { probabilities.map { $0[item * classCount..<(item + 1) * classCount] } }

    /// The class with the largest logit, the first of equals; nil for an item whose logits are not numbers.
    public func predicted(_ item: Int) -> Int? {
        let logits = logits(of: item)
        guard let first = logits.indices.first, logits.allSatisfy({ !$0.isNaN }) else { return nil }
        var best = first
        for index in logits.indices where logits[index] > logits[best] { best = index }
        return best - first
    }
}

/// A layer's values for all items.
public struct LayerValues: Sendable {
    /// The shape of one item's, as [channel, time].
    public let shape: Shape
    /// [item, …shape], row-major.
    public let values: [Float]
}

/// The result of the reverse run for one target.
public struct Attribution: Sendable {
    /// The target's value for each item, and for its reference under the rescale rule.
    public let scores: [Float]
    public let referenceScores: [Float]?
    /// The gradient (under the rescale rule: the multipliers) with respect to the items, in their shape.
    public let gradient: Items
    /// Gradients at the layers asked for, in their order.
    public let layerGradients: [LayerValues]
}

/// The results of reverse runs that shared a forward run.
public struct Attributions: Sendable {
    /// One a target, in their order.
    public let targets: [Attribution]
    /// The outputs of the layers asked for, in their order.
    public let layers: [LayerValues]
    /// Grad-CAM's row of each item at the first layer, one value a place, where only these were asked for.
    public let layerRows: [[Double]]
    public let prediction: Prediction
}
