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

private struct ONNXReader {
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

    private func unsupported(_ node: Node, _ what: String = "training has no gradient for it") -> LearnError {
        LearnError(.unsupported, "\(node.place): \(what)")
    }

    // MARK: Values

    private mutating func input(_ node: Node, _ index: Int, _ graph: inout LayerGraph) throws -> Known {
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

    private func constant(_ node: Node, _ index: Int) -> Tensor? {
        guard index < node.inputs.count, let value = node.inputs[index] else { return nil }
        return facts[value]?.constant ?? model.graph.constants[value]
    }

    /// Constant weights in float32, used by one node alone.
    private mutating func weights(_ node: Node, _ index: Int) throws -> (shape: [Int], values: [Float])? {
        guard index < node.inputs.count, let value = node.inputs[index] else { return nil }
        guard let tensor = constant(node, index) else { throw unsupported(node, "its weights depend on the items") }
        guard let values = tensor.floats else { throw unsupported(node, "its weights are no floating-point numbers") }
        guard usedWeights.insert(value).inserted else {
            throw unsupported(node, "it shares the weights '\(model.graph.valueNames[value])' with another node")
        }
        return (tensor.shape, values)
    }

    private mutating func name(_ node: Node, _ part: String = "") -> String {
        var name = node.name + (part.isEmpty ? "" : "." + part)
        while !usedNames.insert(name).inserted { name += "_" }
        return name
    }

    private mutating func set(_ node: Node, _ value: LayerGraph.Value, _ axes: [Axis], output: Int = 0) {
        if output < node.outputs.count, let index = node.outputs[output] { known[index] = Known(value: value, axes: axes) }
    }

    private func sequence(_ node: Node, _ known: Known) throws {
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

    private mutating func pass(_ node: Node, _ graph: inout LayerGraph) throws {
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

    private mutating func convolution(_ node: Node, _ reader: NodeReader, _ graph: inout LayerGraph) throws {
        var (left, right) = (0, 0)
        var source = node.inputs.first ?? nil
        if let value = source, let pad = pads[value] { (source, left, right) = (pad.source, pad.left, pad.right) }
        guard let value = source, let x = known[value] else { throw unsupported(node, "its input is a constant") }
        try sequence(node, x)
        guard let weight = try weights(node, 1), weight.shape.count == 3 else { throw unsupported(node, "only convolutions over time are") }
        let kernel = weight.shape[2]
        let stride = try reader.ints("strides")?.first ?? 1
        let dilation = try reader.ints("dilations")?.first ?? 1
        let length = graph.extents[x.value].length + left + right
        switch try reader.string("auto_pad", default: "NOTSET") {
        case "NOTSET":
            let own = try reader.ints("pads") ?? [0, 0]
            guard own.count == 2 else { throw unsupported(node, "it has \(own.count) pads") }
            left += own[0]
            right += own[1]
        case "VALID": break
        case let mode:
            let total = max(((length + stride - 1) / stride - 1) * stride + (kernel - 1) * dilation + 1 - length, 0)
            left += mode == "SAME_LOWER" ? (total + 1) / 2 : total / 2
            right += mode == "SAME_LOWER" ? total / 2 : (total + 1) / 2
        }
        let bias = try weights(node, 2)
        let made = try graph.convolution(
            x.value, name(node), outputs: weight.shape[0], kernel: kernel, stride: stride, dilation: dilation,
            groups: try reader.int("group", default: 1), padding: .explicit(left, right), bias: bias != nil, weights: .given(weight.values),
            biases: .given(bias?.values ?? []))
        set(node, made, x.axes)
    }

    private mutating func normalisation(_ node: Node, _ reader: NodeReader, _ graph: inout LayerGraph) throws {
        let x = try input(node, 0, &graph)
        guard x.axes == [.item, .channel, .time] || x.axes == [.item, .channel] else {
            throw unsupported(node, "its input is not [item, channel, time]")
        }
        let all = try (1...4).map { try weights(node, $0)?.values ?? [] }
        guard all.allSatisfy({ $0.count == graph.extents[x.value].channels }) else { throw unsupported(node, "its weights don't fit") }
        let share = try momentum ?? (1 - reader.float("momentum", default: 0.9))
        let made = try graph.batchNormalisation(x.value, name(node), epsilon: try reader.float("epsilon", default: 1e-5), momentum: share)
        let count = graph.parameters.count
        graph.parameters[count - 2] = graph.parameters[count - 2].starting(at: .given(all[0]))
        graph.parameters[count - 1] = graph.parameters[count - 1].starting(at: .given(all[1]))
        graph.givenStates[graph.states.count - 2] = all[2]
        graph.givenStates[graph.states.count - 1] = all[3]
        set(node, made, x.axes)
    }

    private mutating func dense(_ node: Node, _ reader: NodeReader, _ graph: inout LayerGraph) throws {
        let x = try input(node, 0, &graph)
        guard graph.extents[x.value].isVector, x.axes == [.item, .channel] else {
            throw unsupported(node, "its input is not one row an item")
        }
        guard var weight = try weights(node, 1), weight.shape.count == 2 else { throw unsupported(node, "its weights are no matrix") }
        let isGemm = node.opType == "Gemm"
        if isGemm {
            let plain = try reader.float("alpha", default: 1) == 1 && reader.float("beta", default: 1) == 1 && !reader.flag("transA")
            guard plain else { throw unsupported(node, "alpha, beta or transA other than usual") }
        }
        if try !isGemm || !reader.flag("transB") {
            let (rows, columns) = (weight.shape[0], weight.shape[1])
            var turned = weight.values
            for row in 0..<rows { for column in 0..<columns { turned[column * rows + row] = weight.values[row * columns + column] } }
            weight = ([columns, rows], turned)
        }
        let bias = isGemm ? try weights(node, 2) : nil
        guard bias?.values.count ?? weight.shape[0] == weight.shape[0] else {
            throw unsupported(node, "a bias of \(bias?.values.count ?? 0)")
        }
        let made = try graph.dense(
            x.value, name(node), outputs: weight.shape[0], bias: bias != nil, weights: .given(weight.values),
            biases: .given(bias?.values ?? []))
        let index = graph.parameters.count - (bias == nil ? 1 : 2)
        graph.parameters[index] = graph.parameters[index].starting(at: .given(graph.parameters[index].imported(weight.values)))
        set(node, made, x.axes)
    }

    private mutating func sum(_ node: Node, _ graph: inout LayerGraph) throws {
        let constants = node.inputs.indices.filter { constant(node, $0) != nil }
        guard constants.isEmpty else { throw unsupported(node, "a constant summand") }
        let all = try node.inputs.indices.map { try input(node, $0, &graph) }
        guard all.allSatisfy({ $0.axes == all[0].axes }) else { throw unsupported(node, "its summands have different axes") }
        set(node, try graph.add(name(node), .add, all.map(\.value)), all[0].axes)
    }

    private mutating func pad(_ node: Node, _ reader: NodeReader, _ graph: inout LayerGraph) throws {
        let x = try input(node, 0, &graph)
        guard try reader.string("mode", default: "constant") == "constant", (constant(node, 2)?.doubles.first ?? 0) == 0,
            constant(node, 3) == nil,
            try reader.float("value", default: 0) == 0
        else { throw unsupported(node, "only zeros are padded") }
        guard let pads = try reader.ints("pads") ?? constant(node, 1)?.integers, pads.count == 2 * x.axes.count else {
            throw unsupported(node, "its pads are not known")
        }
        let rank = x.axes.count
        let changed = x.axes.indices.filter { pads[$0] != 0 || pads[rank + $0] != 0 }
        guard let axis = changed.first, let output = node.outputs.first ?? nil else { return set(node, x.value, x.axes) }
        switch (x.axes[axis], changed.count) {
        case (.time, 1):
            if pads[axis] >= 0, pads[rank + axis] >= 0, let source = node.inputs[0], known[source] != nil {
                self.pads[output] = (source, pads[axis], pads[rank + axis])
            } else {
                set(node, try graph.add(name(node), .padTime(left: pads[axis], right: pads[rank + axis]), [x.value]), x.axes)
            }
        case (.channel, 1) where pads[axis] == 0 && pads[rank + axis] > 0:
            set(node, try graph.add(name(node), .padChannels(pads[rank + axis]), [x.value]), x.axes)
        default: throw unsupported(node, "pads \(pads)")
        }
    }

    private mutating func slice(_ node: Node, _ graph: inout LayerGraph) throws {
        let x = try input(node, 0, &graph)
        guard let starts = constant(node, 1)?.integers, let ends = constant(node, 2)?.integers, starts.count == 1, ends.count == 1 else {
            throw unsupported(node, "it cuts more than one axis")
        }
        let axis = constant(node, 3)?.integers?.first ?? 0
        let place = axis < 0 ? axis + x.axes.count : axis
        guard x.axes.indices.contains(place), x.axes[place] == .time, constant(node, 4)?.integers?.first ?? 1 == 1 else {
            throw unsupported(node, "it cuts another axis than time, or in steps")
        }
        let length = graph.extents[x.value].length
        func clamped(_ at: Int) -> Int { min(max(at < 0 ? at + length : at, 0), length) }
        let (start, end) = (clamped(starts[0]), clamped(ends[0]))
        guard start < end else { throw unsupported(node, "it leaves nothing") }
        if start == 0, end == length { return set(node, x.value, x.axes) }
        set(node, try graph.add(name(node), .padTime(left: -start, right: end - length), [x.value]), x.axes)
    }

    private mutating func pool(_ node: Node, _ reader: NodeReader, _ graph: inout LayerGraph) throws {
        let x = try input(node, 0, &graph)
        try sequence(node, x)
        guard node.outputs.dropFirst().allSatisfy({ $0 == nil }) else { throw unsupported(node, "its indices") }
        guard let kernel = try reader.ints("kernel_shape"), kernel.count == 1 else { throw unsupported(node, "its window") }
        guard try reader.string("auto_pad", default: "NOTSET") == "NOTSET" else { throw unsupported(node, "auto_pad") }
        let own = try reader.ints("pads") ?? [0, 0]
        let window = LayerGraph.Window(
            kernel: kernel[0], stride: try reader.ints("strides")?.first ?? 1, dilation: try reader.ints("dilations")?.first ?? 1,
            padLeft: own.first ?? 0, padRight: own.count > 1 ? own[1] : 0, ceilMode: try reader.flag("ceil_mode"))
        if node.opType == "MaxPool" {
            set(node, try graph.add(name(node), .maximumPool(window), [x.value]), x.axes)
        } else {
            let counts = try reader.flag("count_include_pad")
            guard window.dilation == 1 else { throw unsupported(node, "a dilation of \(window.dilation)") }
            set(node, try graph.add(name(node), .averagePool(window, countPadding: counts), [x.value]), x.axes)
        }
    }

    /// Nodes that only change how the axes stand.
    private mutating func move(_ node: Node, _ reader: NodeReader, _ graph: inout LayerGraph) throws {
        let x = try input(node, 0, &graph)
        guard let output = node.outputs.first ?? nil, let shape = facts[output]?.shape else { throw unsupported(node) }
        func resolved(_ axis: Int, _ rank: Int) -> Int { axis < 0 ? axis + rank : axis }
        switch node.opType {
        case "Transpose":
            let order = try reader.ints("perm") ?? Array(x.axes.indices.reversed())
            guard order.count == x.axes.count, order.allSatisfy({ x.axes.indices.contains($0) }) else {
                throw unsupported(node, "its order")
            }
            set(node, x.value, order.map { x.axes[$0] })
        case "Squeeze":
            let axes = (try reader.ints("axes") ?? constant(node, 1)?.integers).map { $0.map { resolved($0, x.axes.count) } }
            let gone = axes ?? x.axes.indices.filter { x.axes[$0] == .single }
            let rest = x.axes.indices.filter { !gone.contains($0) }
            guard gone.allSatisfy({ x.axes.indices.contains($0) && (x.axes[$0] == .single || facts[node.inputs[0] ?? 0]?.shape[$0] == 1) }),
                !gone.contains(where: { x.axes[$0] == .item || x.axes[$0] == .channel })
            else { throw unsupported(node, "it takes away an axis that matters") }
            set(node, x.value, rest.map { x.axes[$0] })
        case "Unsqueeze":
            let rank = shape.count
            let added = Set((try reader.ints("axes") ?? constant(node, 1)?.integers ?? []).map { resolved($0, rank) })
            var old = x.axes.makeIterator()
            set(node, x.value, (0..<rank).map { added.contains($0) ? .single : old.next() ?? .single })
        case "Gather":
            guard let at = constant(node, 1)?.integers, constant(node, 1)?.shape.isEmpty ?? false || at.count == 1 else {
                throw unsupported(node, "its indices")
            }
            let axis = resolved(try reader.int("axis", default: 0), x.axes.count)
            let last = graph.extents[x.value].length - 1
            guard x.axes.indices.contains(axis), x.axes[axis] == .time, at[0] == -1 || at[0] == last,
                let layer = graph.layers.indices.last, graph.layers[layer].output == x.value,
                case .lstm(let hidden, false, let input, let recurrent, let bias) = graph.layers[layer].operation
            else { throw unsupported(node, "only the last step of an LSTM can be picked") }
            graph.layers[layer] = LayerGraph.Layer(
                name: graph.layers[layer].name,
                operation: .lstm(hidden: hidden, lastOnly: true, input: input, recurrent: recurrent, bias: bias),
                inputs: graph.layers[layer].inputs, output: x.value)
            graph.extents[x.value] = .vector(hidden)
            var axes = x.axes
            axes.remove(at: axis)
            if !(constant(node, 1)?.shape.isEmpty ?? true) { axes.insert(.single, at: axis) }
            set(node, x.value, axes)
        default:
            // Flatten or Reshape: one row an item, [channel, time] in this order.
            let extent = graph.extents[x.value]
            guard shape == [2, extent.count],
                x.axes.filter({ $0 != .single }) == (extent.isVector ? [.item, .channel] : [.item, .channel, .time])
            else { throw unsupported(node, "it does not make one row an item of [item, channel, time]") }
            if extent.isVector { return set(node, x.value, [.item, .channel]) }
            set(node, try graph.flatten(x.value, name(node)), [.item, .channel])
        }
    }

    private mutating func lstm(_ node: Node, _ reader: NodeReader, _ graph: inout LayerGraph) throws {
        let x = try input(node, 0, &graph)
        guard x.axes == [.time, .item, .channel] else { throw unsupported(node, "its input is not [time, item, channel]") }
        guard try reader.string("direction", default: "forward") == "forward", try reader.strings("activations") == nil,
            try reader.int("layout", default: 0) == 0, try reader.int("input_forget", default: 0) == 0, try reader.float("clip") == nil,
            node.inputs.count < 8 || node.inputs[7] == nil
        else { throw unsupported(node, "only a plain LSTM in one direction can be trained") }
        for index in 5...6 where index < node.inputs.count && node.inputs[index] != nil {
            guard constant(node, index)?.doubles.allSatisfy({ $0 == 0 }) ?? false else { throw unsupported(node, "a state to start from") }
        }
        if node.inputs.count > 4, node.inputs[4] != nil { throw unsupported(node, "sequence lengths") }
        guard let input = try weights(node, 1), let recurrent = try weights(node, 2) else { throw unsupported(node, "it has no weights") }
        let hidden = recurrent.shape[2]
        let bias = try weights(node, 3)?.values ?? [Float](repeating: 0, count: 8 * hidden)
        let file = model
        func isUsed(_ output: Int) -> Bool {
            guard output < node.outputs.count, let value = node.outputs[output] else { return false }
            return file.graph.nodes.contains { $0.inputs.contains(value) } || file.outputs[0].value == value
        }
        let (states, last) = (isUsed(0), isUsed(1))
        guard !isUsed(2), states != last else { throw unsupported(node, "its cell, or both its states and its last one, are used") }
        let made = try graph.lstm(
            x.value, name(node), hidden: hidden, lastOnly: last, weights: [.given(input.values), .given(recurrent.values), .given(bias)])
        if states { set(node, made, [.time, .single, .item, .channel]) } else { set(node, made, [.single, .item, .channel], output: 1) }
    }
}
