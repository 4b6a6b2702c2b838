// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import ECGModel

extension LayerGraph {
    /// The network as an ONNX file for inference: dropout is left out, each batch normalisation is a node of its own with its running statistics.
    ///
    /// - Parameters:
    ///   - parameters, states: as training left them.
    ///   - metadata: keys and values, written in this order.
    ///   - version: of the producer, ecgpipe.
    public func onnx(parameters: [Float], states: [Float], metadata: [(String, String)], version: String) throws -> [UInt8] {
        var writer = ONNXWriter(graph: self, parameters: parameters, states: states, version: version)
        return try writer.bytes(metadata: metadata)
    }
}

private struct ONNXWriter {
    let graph: LayerGraph
    let parameters: [Float]
    let states: [Float]
    var file: GraphWriter
    /// The name of each value in the file.
    var names: [String]

    init(graph: LayerGraph, parameters: [Float], states: [Float], version: String) {
        self.graph = graph
        self.parameters = parameters
        self.states = states
        file = GraphWriter(name: "ecg-train", producer: "ecgpipe", version: version)
        names = graph.extents.map { _ in "" }
        names[0] = graph.inputName
    }

    mutating func bytes(metadata: [(String, String)]) throws -> [UInt8] {
        file.input(graph.inputName, shape: [graph.input.channels, graph.input.length])
        // A dropout has no node; the value before it takes its name.
        var last = graph.output
        while let layer = graph.layers.first(where: { $0.output == last }), case .dropout = layer.operation { last = layer.inputs[0] }
        for layer in graph.layers {
            let isOutput = layer.output == last
            let plain = isOutput && graph.outputFunction == .none
            names[layer.output] = plain ? graph.outputName : isOutput ? "\(graph.outputName)_before" : "\(layer.name)_output"
            write(layer)
        }
        switch graph.outputFunction {
        case .none: break
        case .softmax: node("Softmax", graph.outputName, [names[last]], graph.outputName, [("axis", .int(-1))])
        case .sigmoid: node("Sigmoid", graph.outputName, [names[last]], graph.outputName)
        }
        file.output(graph.outputName, shape: graph.extents[last].isVector ? [graph.outputCount] : shape(last))
        for (key, value) in metadata { file.meta(key, value) }
        return try file.bytes()
    }

    private func shape(_ value: Int) -> [Int] { [graph.extents[value].channels, graph.extents[value].length] }

    private mutating func node(
        _ opType: String, _ name: String, _ inputs: [String], _ output: String, _ attributes: [(name: String, value: AttributeValue)] = []
    ) {
        file.node(opType, name: name, inputs: inputs, outputs: [output], attributes: attributes)
    }

    private mutating func weight(_ index: Int) -> String {
        let parameter = graph.parameters[index]
        file.weights(parameter.name, shape: parameter.shape, parameter.exported(Array(parameters[parameter.range])))
        return parameter.name
    }

    private mutating func state(_ index: Int) -> String {
        let state = graph.states[index]
        file.weights(state.name, shape: [state.count], Array(states[state.range]))
        return state.name
    }

    private mutating func write(_ layer: LayerGraph.Layer) {
        let inputs = layer.inputs.map { names[$0] }
        let output = names[layer.output]
        let name = layer.name
        switch layer.operation {
        case .convolution(let window, let groups, let weight, let bias):
            let weights = self.weight(weight)
            let biases = bias.map { self.weight($0) }
            node(
                "Conv", name, [inputs[0], weights] + [biases].compactMap { $0 }, output,
                [
                    ("dilations", .ints([window.dilation])), ("group", .int(groups)), ("kernel_shape", .ints([window.kernel])),
                    ("pads", .ints([window.padLeft, window.padRight])), ("strides", .ints([window.stride])),
                ])
        case .dense(let weight, let bias):
            let weights = self.weight(weight)
            let biases = bias.map { self.weight($0) }
            node("Gemm", name, [inputs[0], weights] + [biases].compactMap { $0 }, output, [("transB", .int(1))])
        case .batchNormalisation(let epsilon, let momentum, let scale, let shift, let mean, let variance):
            let all = [weight(scale), weight(shift), state(mean), state(variance)]
            node("BatchNormalization", name, inputs + all, output, [("epsilon", .float(epsilon)), ("momentum", .float(1 - momentum))])
        case .activation(let function):
            let (opType, attributes) = function.onnx
            node(opType, name, inputs, output, attributes)
        case .dropout: names[layer.output] = inputs[0]
        case .add: node("Add", name, inputs, output)
        case .concatenate: node("Concat", name, inputs, output, [("axis", .int(1))])
        case .padChannels(let count):
            file.integers(name + ".pads", graph.extents[layer.output].isVector ? [0, 0, 0, count] : [0, 0, 0, 0, count, 0])
            node("Pad", name, [inputs[0], name + ".pads"], output)
        case .padTime(let left, let right): pad(layer, left, right)
        case .maximumPool(let window): node("MaxPool", name, inputs, output, Self.attributes(window))
        case .averagePool(let window, let countPadding):
            // A dilated average came no earlier than opset 19; none is imported.
            node(
                "AveragePool", name, inputs, output,
                Self.attributes(window).filter { $0.name != "dilations" } + [("count_include_pad", .int(countPadding ? 1 : 0))])
        case .globalAverage:
            node("GlobalAveragePool", name, inputs, name + "_mean")
            node("Flatten", name + ".flatten", [name + "_mean"], output, [("axis", .int(1))])
        case .flatten: node("Flatten", name, inputs, output, [("axis", .int(1))])
        case .lstm(let hidden, let lastOnly, let input, let recurrent, let bias):
            node("Transpose", name + ".steps", inputs, name + "_steps", [("perm", .ints([2, 0, 1]))])
            let all = [weight(input), weight(recurrent), weight(bias)]
            file.integers(name + ".axes", [lastOnly ? 0 : 1])
            file.node(
                "LSTM", name: name, inputs: [name + "_steps"] + all, outputs: lastOnly ? ["", name + "_state"] : [name + "_states"],
                attributes: [("hidden_size", .int(hidden))])
            if lastOnly {
                node("Squeeze", name + ".last", [name + "_state", name + ".axes"], output)
            } else {
                node("Squeeze", name + ".squeeze", [name + "_states", name + ".axes"], name + "_squeezed")
                node("Transpose", name + ".back", [name + "_squeezed"], output, [("perm", .ints([1, 2, 0]))])
            }
        }
    }

    private mutating func pad(_ layer: LayerGraph.Layer, _ left: Int, _ right: Int) {
        var source = names[layer.inputs[0]]
        let output = names[layer.output]
        let length = graph.extents[layer.inputs[0]].length
        if left < 0 || right < 0 {
            let target = left > 0 || right > 0 ? layer.name + "_cut" : output
            for (part, value) in [("starts", max(-left, 0)), ("ends", length + min(right, 0)), ("axes", 2)] {
                file.integers("\(layer.name).\(part)", [value])
            }
            node(
                "Slice", layer.name + (target == output ? "" : ".cut"),
                [source] + ["starts", "ends", "axes"].map { "\(layer.name).\($0)" }, target)
            source = target
        }
        guard left > 0 || right > 0 else { return }
        file.integers(layer.name + ".pads", [0, 0, max(left, 0), 0, 0, max(right, 0)])
        node("Pad", layer.name, [source, layer.name + ".pads"], output)
    }

    private static func attributes(_ window: LayerGraph.Window) -> [(name: String, value: AttributeValue)] {
        [
            ("ceil_mode", .int(window.ceilMode ? 1 : 0)), ("dilations", .ints([window.dilation])), ("kernel_shape", .ints([window.kernel])),
            ("pads", .ints([window.padLeft, window.padRight])), ("strides", .ints([window.stride])),
        ]
    }
}

extension UnaryFunction {
    /// The operator and its attributes; only functions that `LayerGraph` has come from files or networks are asked for.
    fileprivate var onnx: (String, [(name: String, value: AttributeValue)]) {
        switch self {
        case .leakyRelu(let slope): ("LeakyRelu", [("alpha", .float(slope))])
        case .sigmoid: ("Sigmoid", [])
        case .tanh: ("Tanh", [])
        case .softplus: ("Softplus", [])
        case .elu(let alpha): ("Elu", [("alpha", .float(alpha))])
        case .selu(let alpha, let gamma): ("Selu", [("alpha", .float(alpha)), ("gamma", .float(gamma))])
        default: ("Relu", [])
        }
    }
}
