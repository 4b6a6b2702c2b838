// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// How probabilities come from logits.
public enum OutputActivation: String, Sendable, CaseIterable {
    case softmax, sigmoid
    /// There are none.
    case none
}

/// A model set up for items of one shape: which input is fed and how, which output is read, how many threads work.
///
/// Runs any number of items; an item's result is the same bits whatever the others, their number and the threads.
public final class Session: Sendable {
    public let model: Model
    public let itemShape: Shape
    /// How items lie in the model's input; recognised from the model unless given.
    public let layout: ItemLayout
    /// The shape of one item's output.
    public let outputShape: Shape
    public let activation: OutputActivation
    /// The output that is read.
    public let outputName: String

    /// Whether items are run one at a time since the network mixes those of a batch: each has what it has alone.
    public let takesItemsAlone: Bool

    let workers: Workers
    let input: Declaration
    /// The value with the logits, and the one with the probabilities where the graph computes them.
    let logits: ValueIndex
    let probabilities: ValueIndex?
    let chunk: Int
    /// A model whose file fixes the number of items takes that many at a time.
    let fixedCount: Int?
    /// Everything in float64, by plain loops: the yardstick for the fast kernels.
    let inDouble: Bool

    /// - Parameters:
    ///   - itemShape: one item's shape, [lead, time].
    ///   - output: the name of the output; the first if nil. Of one that ArgMax computes, what it chooses from is read.
    ///   - layout: recognised if nil: from the extents that the model declares, else the first that its operators accept.
    ///   - activation: by default what the metadata name under `activation`, as ecg-train writes it, else softmax; none for a single output. Where the
    ///     graph ends in Softmax or Sigmoid, that.
    ///   - workers: the threads to use; as many as there are processors if nil.
    ///   - inDouble: computes in float64 by plain loops, to measure errors by; results are rounded to float32.
    ///   - chunk: items that a thread takes through the graph together; chosen by the size of the activations if nil.
    /// - Throws: `ModelError` of kind `misfit`, with both shapes, if the model can't take such items.
    public init(
        _ model: Model, itemShape: Shape, output: String? = nil, layout: ItemLayout? = nil, activation: OutputActivation? = nil,
        workers: Workers? = nil, chunk: Int? = nil, inDouble: Bool = false
    ) throws {
        self.model = model
        self.inDouble = inDouble
        self.itemShape = itemShape
        self.workers = workers ?? Workers(count: Workers.processors)
        guard let input = model.inputs.first else { throw ModelError(.misfit, "the model has no input") }
        guard model.inputs.count == 1 else {
            throw ModelError(
                .unsupported,
                "the model has \(model.inputs.count) inputs (\(model.inputs.map(\.name).joined(separator: ", "))); one is supported")
        }
        self.input = input
        guard let declared = output == nil ? model.outputs.first : model.outputs.first(where: { $0.name == output }) else {
            throw ModelError(
                .misfit, "the model has no output '\(output ?? "")'; it has \(model.outputs.map(\.name).joined(separator: ", "))")
        }
        outputName = declared.name
        let scores = Self.underArgMax(model, declared.value) ?? declared.value
        let ending = Self.ending(model, scores)
        (logits, probabilities) =
            activation == OutputActivation.none ? (scores, nil) : (ending?.logits ?? scores, ending.map { _ in scores })
        let declaredCount = input.shape?.first.flatMap { $0 > 0 ? $0 : nil }
        var found: (ItemLayout, PlanRequest, Plan)?
        var failure: ModelError?
        let kept = Array(Set([logits, probabilities ?? logits])).sorted()
        for candidate in layout.map({ [$0] }) ?? Self.candidates(input, itemShape) {
            let request = PlanRequest(
                inputShapes: [input.value: [declaredCount ?? 1] + candidate.inputShape(itemShape)], kept: kept, inDouble: inDouble)
            do {
                guard Self.fits(input, candidate.inputShape(itemShape)) else {
                    throw ModelError(.misfit, "does not fit")
                }
                found = (candidate, request, try model.plan(request, workers: self.workers))
                break
            } catch let error as ModelError {
                if failure == nil { failure = error }
            }
        }
        guard let (chosen, request, plan) = found else {
            let why = failure.map { $0.message == "does not fit" ? "" : " (\($0.message))" } ?? ""
            throw ModelError(
                failure?.kind == .unsupported ? .unsupported : .misfit,
                "items of shape \(itemShape.text) don't fit the model's input '\(input.name)' of shape \(input.text)\(why)")
        }
        self.layout = chosen
        guard let fact = plan.fact(logits) else { throw ModelError(.misfit, "the model has no output") }
        guard fact.type.isFloat else { throw ModelError(.misfit, "output '\(declared.name)' holds no numbers") }
        outputShape = Array(fact.shape.dropFirst())
        guard outputShape.elementCount > 0 else { throw ModelError(.misfit, "output '\(declared.name)' has no elements") }
        takesItemsAlone = declaredCount == nil && !model.keepsItemsApart(request, plan, input: input, workers: self.workers)
        fixedCount = takesItemsAlone ? 1 : declaredCount
        let named = model.metadata["activation"].flatMap { OutputActivation(rawValue: $0) }
        self.activation = activation ?? ending?.activation ?? named ?? (outputShape.elementCount == 1 ? OutputActivation.none : .softmax)
        // A chunk's activations should stay near a core; scratch memory is the same for any number of items.
        let perItem = max(1, (plan.byteCount - plan.scratch.count) / (fixedCount ?? 1))
        let fewest = plan.steps.map(\.kernel.fewestItems).max() ?? 1
        self.chunk = chunk ?? max(1, min(8, 1_500_000 / perItem), min(fewest, 16, 5_000_000 / perItem))
        try checkEachItem(kept)
    }

    /// Whether an item of this shape agrees with the extents that the input declares.
    private static func fits(_ input: Declaration, _ item: Shape) -> Bool {
        guard let shape = input.shape else { return true }
        return shape.count == item.count + 1 && zip(shape.dropFirst(), item).allSatisfy { $0 < 0 || $0 == $1 }
    }

    /// The layouts to try, most likely first.
    private static func candidates(_ input: Declaration, _ item: Shape) -> [ItemLayout] {
        guard item.count == 2 else { return [.leadTime] }
        return ItemLayout.allCases.filter { layout in input.shape.map { $0.count == layout.inputShape(item).count + 1 } ?? true }
            .sorted { fits(input, $0.inputShape(item)) && !fits(input, $1.inputShape(item)) }
    }

    /// What the class is chosen from, where the graph ends in ArgMax: the choice itself says nothing of how sure it is, and has no gradient.
    private static func underArgMax(_ model: Model, _ output: ValueIndex) -> ValueIndex? {
        guard let producer = model.graph.producer[output] else { return nil }
        let node = model.graph.nodes[producer]
        guard let input = node.inputs.first ?? nil else { return nil }
        switch node.opType {
        case "ArgMax": return input
        case "Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze": return underArgMax(model, input)
        default: return nil
        }
    }

    /// The logits, where the output is computed by Softmax or Sigmoid.
    private static func ending(_ model: Model, _ output: ValueIndex) -> (logits: ValueIndex, activation: OutputActivation)? {
        guard let producer = model.graph.producer[output] else { return nil }
        let node = model.graph.nodes[producer]
        guard let logits = node.inputs.first ?? nil else { return nil }
        switch node.opType {
        case "Softmax": return (logits, .softmax)
        case "Sigmoid": return (logits, .sigmoid)
        case "Identity", "Flatten", "Squeeze":
            return ending(model, logits)
        default: return nil
        }
    }
}
