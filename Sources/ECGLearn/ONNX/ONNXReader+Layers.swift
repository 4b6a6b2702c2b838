// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import ECGModel

/// Layers with weights.
extension ONNXReader {
    mutating func convolution(_ node: Node, _ reader: NodeReader, _ graph: inout LayerGraph) throws {
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

    mutating func normalisation(_ node: Node, _ reader: NodeReader, _ graph: inout LayerGraph) throws {
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

    mutating func dense(_ node: Node, _ reader: NodeReader, _ graph: inout LayerGraph) throws {
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

    mutating func lstm(_ node: Node, _ reader: NodeReader, _ graph: inout LayerGraph) throws {
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
