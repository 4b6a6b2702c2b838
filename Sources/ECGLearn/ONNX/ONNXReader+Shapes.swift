// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import ECGModel

/// Nodes without weights that combine, cut, pool or move values.
extension ONNXReader {
    mutating func sum(_ node: Node, _ graph: inout LayerGraph) throws {
        let constants = node.inputs.indices.filter { constant(node, $0) != nil }
        guard constants.isEmpty else { throw unsupported(node, "a constant summand") }
        let all = try node.inputs.indices.map { try input(node, $0, &graph) }
        guard all.allSatisfy({ $0.axes == all[0].axes }) else { throw unsupported(node, "its summands have different axes") }
        set(node, try graph.add(name(node), .add, all.map(\.value)), all[0].axes)
    }

    mutating func pad(_ node: Node, _ reader: NodeReader, _ graph: inout LayerGraph) throws {
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

    mutating func slice(_ node: Node, _ graph: inout LayerGraph) throws {
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

    mutating func pool(_ node: Node, _ reader: NodeReader, _ graph: inout LayerGraph) throws {
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
    mutating func move(_ node: Node, _ reader: NodeReader, _ graph: inout LayerGraph) throws {
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
}
