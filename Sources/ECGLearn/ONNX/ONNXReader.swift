// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import ECGModel

extension LayerGraph {
    /// The network of an ONNX file with its weights, to be trained from there.
    ///
    /// The file takes [item, lead, time]. What training has no gradient for is refused by the node's name. A Softmax or Sigmoid at the end is taken off
    /// for the loss and written back behind the logits.
    ///
    /// - Parameters:
    ///   - leads, samples: of the items.
    ///   - momentum: the share of a batch in running statistics; the file's if nil.
    /// - Throws: `ModelError` for a file that can't be read or does not take such items, `LearnError` for one that can't be trained.
    public init(_ model: Model, leads: Int, samples: Int, momentum: Float? = nil) throws {
        try self.init(leads: leads, samples: samples)
        var reader = try ONNXReader(model, leads: leads, samples: samples, momentum: momentum)
        try reader.read(into: &self)
    }
}

/// Reads an ONNX graph into a network that can be trained, node by node.
///
/// Layers with weights and nodes that combine, cut or move values are in files of their own.
struct ONNXReader {
    /// What an axis of a value in the file is.
    enum Axis { case item, channel, time, single }

    /// A value of the file: one of the graph with its axes in the file's order.
    struct Known {
        var value: LayerGraph.Value
        var axes: [Axis]
    }

    let model: Model
    let facts: [ValueIndex: Fact]
    let momentum: Float?
    var known: [ValueIndex: Known] = [:]
    /// Convolutions take zeros in time before them as their own padding.
    var pads: [ValueIndex: (source: ValueIndex, left: Int, right: Int)] = [:]
    var usedWeights: Set<ValueIndex> = []
    var usedNames: Set<String> = []

    init(_ model: Model, leads: Int, samples: Int, momentum: Float?) throws {
        self.model = model
        self.momentum = momentum
        guard model.outputs.count == 1 else {
            throw LearnError(.unsupported, "the model has \(model.outputs.count) outputs; one can be trained")
        }
        // Two items tell the item axis from one of extent 1.
        facts = try model.facts(inputShape: [2, leads, samples])
    }

    mutating func read(into graph: inout LayerGraph) throws {
        let input = model.inputs[0]
        graph.inputName = input.name
        graph.outputName = model.outputs[0].name
        known[input.value] = Known(value: 0, axes: [.item, .channel, .time])
        for node in model.graph.nodes {
            guard let output = node.outputs.first(where: { $0 != nil }) ?? nil, let fact = facts[output] else { continue }
            if fact.constant != nil { continue }
            // Shape arithmetic and what nobody needs does not lead back to the items.
            guard node.inputs.contains(where: { $0.map { known[$0] != nil || pads[$0] != nil } ?? false }) else { continue }
            try read(node, into: &graph)
        }
        guard let end = known[model.outputs[0].value] else {
            throw LearnError(.unsupported, "the model's output does not depend on its input")
        }
        guard end.value > 0, graph.extents[end.value].isVector || graph.extents[end.value].length == 1 else {
            throw LearnError(
                .unsupported, "the model's output is \(facts[model.outputs[0].value]?.shape.text ?? ""), not one row of values an item")
        }
        guard graph.output == end.value else { throw LearnError(.unsupported, "the model computes more than its output") }
        guard graph.parameterCount > 0 else { throw LearnError(.unsupported, "the model has no weights that could be trained") }
    }

    func unsupported(_ node: Node, _ what: String = "training has no gradient for it") -> LearnError {
        LearnError(.unsupported, "\(node.place): \(what)")
    }

    // MARK: Values

    mutating func input(_ node: Node, _ index: Int, _ graph: inout LayerGraph) throws -> Known {
        guard index < node.inputs.count, let value = node.inputs[index] else { throw unsupported(node, "input \(index) is missing") }
        if let known = known[value] { return known }
        // Zeros in time that no convolution takes along are a layer of their own.
        if let pad = pads[value], let source = known[pad.source] {
            let made = try graph.add(name(node, "pad"), .padTime(left: pad.left, right: pad.right), [source.value])
            known[value] = Known(value: made, axes: source.axes)
            return Known(value: made, axes: source.axes)
        }
        throw unsupported(node, "input \(index) is a constant")
    }

    func constant(_ node: Node, _ index: Int) -> Tensor? {
        guard index < node.inputs.count, let value = node.inputs[index] else { return nil }
        return facts[value]?.constant ?? model.graph.constants[value]
    }

    /// Constant weights in float32, used by one node alone.
    mutating func weights(_ node: Node, _ index: Int) throws -> (shape: [Int], values: [Float])? {
        guard index < node.inputs.count, let value = node.inputs[index] else { return nil }
        guard let tensor = constant(node, index) else { throw unsupported(node, "its weights depend on the items") }
        guard let values = tensor.floats else { throw unsupported(node, "its weights are no floating-point numbers") }
        guard usedWeights.insert(value).inserted else {
            throw unsupported(node, "it shares the weights '\(model.graph.valueNames[value])' with another node")
        }
        return (tensor.shape, values)
    }

    mutating func name(_ node: Node, _ part: String = "") -> String {
        var name = node.name + (part.isEmpty ? "" : "." + part)
        while !usedNames.insert(name).inserted { name += "_" }
        return name
    }

    mutating func set(_ node: Node, _ value: LayerGraph.Value, _ axes: [Axis], output: Int = 0) {
        if output < node.outputs.count, let index = node.outputs[output] { known[index] = Known(value: value, axes: axes) }
    }

    func sequence(_ node: Node, _ known: Known) throws {
        guard known.axes == [.item, .channel, .time] else { throw unsupported(node, "its input is not [item, channel, time]") }
    }

    // MARK: Nodes

    private mutating func read(_ node: Node, into graph: inout LayerGraph) throws {
        let reader = NodeReader(node)
        switch node.opType {
        case "Identity": try pass(node, &graph)
        case "Dropout":
            let x = try input(node, 0, &graph)
            let rate = try constant(node, 1)?.floats?.first ?? reader.float("ratio", default: 0.5)
            guard rate >= 0, rate < 1 else { throw unsupported(node, "a ratio of \(rate)") }
            set(node, try graph.dropout(x.value, name(node), rate: rate), x.axes)
        case "Relu": try activation(node, .relu, &graph)
        case "LeakyRelu": try activation(node, .leakyRelu(slope: reader.float("alpha", default: 0.01)), &graph)
        case "Tanh": try activation(node, .tanh, &graph)
        case "Softplus": try activation(node, .softplus, &graph)
        case "Elu": try activation(node, .elu(alpha: reader.float("alpha", default: 1)), &graph)
        case "Sigmoid", "Softmax": try last(node, &graph)
        case "Conv": try convolution(node, reader, &graph)
        case "BatchNormalization": try normalisation(node, reader, &graph)
        case "Gemm", "MatMul": try dense(node, reader, &graph)
        case "Add": try sum(node, &graph)
        case "Concat":
            let all = try node.inputs.indices.map { try input(node, $0, &graph) }
            let axis = try reader.int("axis", default: 1)
            let axes = all[0].axes
            guard all.allSatisfy({ $0.axes == axes }), axes[axis < 0 ? axis + axes.count : axis] == .channel else {
                throw unsupported(node, "it joins along another axis than the channels")
            }
            set(node, try graph.add(name(node), .concatenate, all.map(\.value)), axes)
        case "Pad": try pad(node, reader, &graph)
        case "Slice": try slice(node, &graph)
        case "MaxPool", "AveragePool": try pool(node, reader, &graph)
        case "GlobalAveragePool":
            let x = try input(node, 0, &graph)
            try sequence(node, x)
            set(node, try graph.add(name(node), .globalAverage, [x.value]), [.item, .channel, .single])
        case "ReduceMean":
            let x = try input(node, 0, &graph)
            let axes = try reader.ints("axes") ?? constant(node, 1)?.integers ?? []
            guard x.axes == [.item, .channel, .time], axes == [2] || axes == [-1] else {
                throw unsupported(node, "only the mean over time is")
            }
            let keeps = try reader.flag("keepdims", default: true)
            set(node, try graph.add(name(node), .globalAverage, [x.value]), [.item, .channel] + (keeps ? [.single] : []))
        case "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "Gather": try move(node, reader, &graph)
        case "LSTM": try lstm(node, reader, &graph)
        default: throw unsupported(node)
        }
    }

    mutating func pass(_ node: Node, _ graph: inout LayerGraph) throws {
        let x = try input(node, 0, &graph)
        set(node, x.value, x.axes)
    }

    private mutating func activation(_ node: Node, _ function: UnaryFunction, _ graph: inout LayerGraph) throws {
        let x = try input(node, 0, &graph)
        set(node, try graph.add(name(node), .activation(function), [x.value]), x.axes)
    }

    /// A function that ends the network: it belongs to the loss.
    private mutating func last(_ node: Node, _ graph: inout LayerGraph) throws {
        let x = try input(node, 0, &graph)
        guard node.outputs.first == model.outputs[0].value else {
            if node.opType == "Sigmoid" {
                set(node, try graph.add(name(node), .activation(.sigmoid), [x.value]), x.axes)
                return
            }
            throw unsupported(node, "a Softmax can only be the last layer")
        }
        graph.outputFunction = node.opType == "Sigmoid" ? .sigmoid : .softmax
        set(node, x.value, x.axes)
    }
}
