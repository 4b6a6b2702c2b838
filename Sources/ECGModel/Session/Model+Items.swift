// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// Whether items that are run together stay apart. A network can make them one: by attention along the items' axis, as of a layer exported with the
/// wrong order of axes, by a mean over it, or by a shape that puts them into one row.
extension Model {
    /// Whether an item's outputs are the same whatever is run beside it.
    ///
    /// What the operators' kinds and shapes leave open is tried: two items together against the first alone. An item's bits don't depend on
    /// the batch, so that any difference is the network's own.
    ///
    /// - Parameters:
    ///   - request: for one item.
    ///   - plan: the request's.
    func keepsItemsApart(_ request: PlanRequest, _ plan: Plan, input: Declaration, workers: Workers) -> Bool {
        guard let shape = request.inputShapes[input.value] else { return false }
        func withItems(_ count: Int) -> Shape { [count] + shape.dropFirst() }
        var pair = request
        pair.inputShapes[input.value] = withItems(2)
        guard let two = try? self.plan(pair, workers: workers), Session.differing(request.kept, [(1, plan), (2, two)]) == nil else {
            return false
        }
        if let known = mixing.withLock({ $0[request.kept] }) { return !known }
        // a number of items that is no extent of a layer, most likely
        let count = 7
        let many = try? facts(inputShape: withItems(count))
        let hasEach = request.kept.allSatisfy { value in many?[value]?.shape == [count] + (plan.fact(value)?.shape.dropFirst() ?? []) }
        let mixes = !hasEach || many.map { mayMix($0, count) } ?? true && differ(plan, two, input)
        mixing.withLock { $0[request.kept] = mixes }
        return !mixes
    }

    /// Whether some node might let items flow into one another, by what is known of its operator and of the extents.
    private func mayMix(_ facts: [ValueIndex: Fact], _ count: Int) -> Bool {
        func depends(_ value: ValueIndex) -> Bool { facts[value].map { $0.constant == nil } ?? false }
        return graph.nodes.contains { node in
            let outputs = node.outputs.compactMap { $0 }.filter(depends)
            guard !outputs.isEmpty else { return false }
            let inputs = node.inputs.enumerated().compactMap { place, value in
                value.flatMap { depends($0) ? (place: place, value: $0) : nil }
            }
            let ranks = Set(inputs.compactMap { facts[$0.value]?.shape.count })
            let hasItemsFirst = (outputs + inputs.map(\.value)).allSatisfy { facts[$0]?.shape.first == count }
            guard hasItemsFirst, ranks.count == 1, let rank = ranks.first else { return true }
            return !ItemAxis.isKept(node, rank: rank, itemInputs: inputs.map(\.place)) { place in
                place < node.inputs.count ? node.inputs[place].flatMap { facts[$0]?.constant?.integers } : nil
            }
        }
    }

    /// Whether the first of two items has other outputs than alone.
    private func differ(_ one: Plan, _ two: Plan, _ input: Declaration) -> Bool {
        let (alone, both) = (PlanMemory(one, workers: nil), PlanMemory(two, workers: nil))
        guard let first = alone.tensor(input.value), let second = both.tensor(input.value), first.count * 2 == second.count else {
            return true
        }
        var state: UInt64 = 1
        let values = (0..<second.count).map { _ -> Double in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(Int32(truncatingIfNeeded: state >> 32)) / 0x1p31
        }
        first.fill(values)
        second.fill(values)
        alone.forward()
        both.forward()
        return one.request.kept.contains { value in
            guard let own = alone.tensor(value)?.doubles, let found = both.tensor(value)?.doubles else { return true }
            return zip(own, found).contains { $0.bitPattern != $1.bitPattern }
        }
    }
}

extension Tensor {
    /// Takes as many values as it has elements.
    fileprivate func fill(_ values: [Double]) {
        if type == .float32 {
            let own = region(Float.self)
            for place in 0..<count { own[place] = Float(values[place]) }
        } else if type == .float64 {
            let own = region(Double.self)
            for place in 0..<count { own[place] = values[place] }
        }
    }
}

/// What operators do to the items' axis, the first.
private enum ItemAxis {
    /// Each element of these depends on elements with the same first index, wherever the first axis keeps its extent.
    private static let pointwise: Set<String> = [
        "Abs", "Acos", "Acosh", "Add", "And", "ArgMax", "ArgMin", "Asin", "Asinh", "Atan", "Atanh", "AveragePool", "BatchNormalization",
        "Cast",
        "CastLike", "Ceil", "Celu", "Clip", "Concat", "Conv", "ConvTranspose", "Cos", "Cosh", "Div", "Dropout", "Elu", "Equal", "Erf",
        "Exp", "Expand",
        "Flatten", "Floor", "Gelu", "GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool", "Greater", "GreaterOrEqual", "GroupNormalization",
        "HardSigmoid", "HardSwish", "Identity", "InstanceNormalization", "IsInf", "IsNaN", "LeakyRelu", "Less", "LessOrEqual", "Log",
        "LpPool", "Max",
        "MaxPool", "Mean", "Min", "Mish", "Mod", "Mul", "Neg", "Not", "Or", "PRelu", "Pad", "Pow", "Reciprocal", "ReduceL1", "ReduceL2",
        "ReduceLogSum",
        "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare", "Relu", "Reshape",
        "Resize", "Round",
        "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Split", "Sqrt", "Squeeze", "Sub", "Sum", "Swish",
        "Tan", "Tanh",
        "ThresholdedRelu", "Tile", "Unsqueeze", "Upsample", "Where", "Xor",
    ]

    /// - Parameters:
    ///   - itemInputs: the places of inputs that depend on the items.
    ///   - constant: the elements of an input that doesn't.
    static func isKept(_ node: Node, rank: Int, itemInputs: [Int], constant: (Int) -> [Int]?) -> Bool {
        guard node.domain.isEmpty else { return false }
        func attribute(_ name: String, _ standard: Int) -> Int {
            if case .int(let value)? = node.attributes[name] { value } else { standard }
        }
        func isFirst(_ axis: Int) -> Bool { axis == 0 || axis == -rank }
        switch node.opType {
        case "Gemm": return itemInputs == [0] && attribute("transA", 0) == 0
        case "MatMul": return itemInputs == [0]
        case "Transpose":
            guard case .ints(let order)? = node.attributes["perm"] else { return false }
            return order.first == 0
        case "Slice":
            if case .ints(let axes)? = node.attributes["axes"] { return !axes.contains(where: isFirst) }
            return constant(3).map { !$0.contains(where: isFirst) } ?? false
        case "Gather": return itemInputs == [0] && !isFirst(attribute("axis", 0))
        case "Softmax", "LogSoftmax": return !isFirst(attribute("axis", node.opset < 13 ? 1 : -1))
        case "LayerNormalization", "LpNormalization", "RMSNormalization": return !isFirst(attribute("axis", -1))
        default: return pointwise.contains(node.opType)
        }
    }
}
