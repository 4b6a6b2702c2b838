// SPDX-License-Identifier: GPL-3.0-or-later

/// Finds the weights of a graph's nodes, through the moves that exporters put between an initializer and its node.
struct WeightFinder {
    private let graph: Onnx_GraphProto
    private var initializers: [String: Onnx_TensorProto] = [:]
    private var producers: [String: Int] = [:]

    init(_ graph: Onnx_GraphProto) {
        self.graph = graph
        for tensor in graph.initializer { initializers[tensor.name] = tensor }
        for (i, node) in graph.node.enumerated() {
            for output in node.output where !output.isEmpty { producers[output] = i }
        }
    }

    var layers: [ModelFile.Layer] {
        graph.node.enumerated().compactMap { i, node in
            let weights = weights(node)
            guard !weights.isEmpty else { return nil }
            let name = node.name.isEmpty ? (node.output.first { !$0.isEmpty } ?? "number \(i)") : node.name
            return ModelFile.Layer(name: name, opType: node.opType, weights: weights, node: i)
        }
    }

    private func weights(_ node: Onnx_NodeProto) -> [ModelFile.Weights] {
        guard node.domain.isEmpty || node.domain == "ai.onnx" else { return [] }
        func attribute(_ name: String) -> Int { node.attribute.first { $0.name == name }.map { Int($0.i) } ?? 0 }
        func all(_ roles: [(Int, ModelFile.Weights.Role)], fanIn: ([Int]) -> Int) -> [ModelFile.Weights] {
            // a bias is bounded by the fan-in of the weights beside it
            let first = roles.first.flatMap { source(node, $0.0) }
            let bound = first.map { max(fanIn($0.shape), 1) } ?? 1
            return roles.compactMap { input, role in
                source(node, input).map {
                    ModelFile.Weights(role: role, name: $0.name, shape: $0.shape, fanIn: bound, input: input, isDirect: $0.isDirect)
                }
            }
        }
        switch node.opType {
        case "Conv", "ConvTranspose":
            return all([(1, .weights), (2, .bias)]) { $0.dropFirst().reduce(1, *) }
        case "Gemm":
            let transposed = attribute("transB") != 0
            return all([(1, .weights), (2, .bias)]) { $0.count == 2 ? $0[transposed ? 1 : 0] : 1 }
        case "MatMul":
            // whichever factor is constant
            return all([(1, .weights)]) { $0.count > 1 ? $0[$0.count - 2] : $0.first ?? 1 }
                + all([(0, .weights)]) { $0.last ?? 1 }
        case "LSTM", "GRU", "RNN":
            let hidden = attribute("hidden_size")
            return all([(1, .weights), (2, .weights), (3, .bias), (7, .bias)]) { shape in hidden > 0 ? hidden : shape.last ?? 1 }
        case "BatchNormalization":
            return all([(1, .scale), (2, .offset), (3, .mean), (4, .variance)]) { _ in 1 }
        case "LayerNormalization", "InstanceNormalization", "GroupNormalization":
            return all([(1, .scale), (2, .offset)]) { _ in 1 }
        case "PRelu": return all([(1, .slope)]) { _ in 1 }
        case "Loop":
            // A recurrent layer behind tf2onnx: its body takes the weights from round to round as they are.
            guard let body = node.attribute.first(where: { $0.name == "body" })?.g, body.input.count == node.input.count else { return [] }
            return node.input.indices.dropFirst(2).flatMap { input in
                all([(input, isMatrix(body.input[input].name, in: body) ? .weights : .bias)]) { $0.dropLast().reduce(1, *) }
            }
        case "Add":
            // the bias of a product that the exporter wrote as a node of its own
            for (bias, product) in [(1, 0), (0, 1)] where node.input.count == 2 {
                guard let producer = producers[node.input[product]], ["MatMul", "Gemm", "Conv"].contains(graph.node[producer].opType),
                    let found = source(node, bias), found.shape.contains(where: { $0 > 1 })
                else { continue }
                let matrix = weights(graph.node[producer]).first
                return [
                    ModelFile.Weights(
                        role: .bias, name: found.name, shape: found.shape, fanIn: matrix?.fanIn ?? 1, input: bias, isDirect: found.isDirect)
                ]
            }
            return []
        default: return []
        }
    }

    /// Whether a loop's body multiplies by a value; what it adds or takes apart is a bias.
    private func isMatrix(_ name: String, in body: Onnx_GraphProto) -> Bool {
        !body.node.contains { $0.input.contains(name) && ["Add", "Split", "Squeeze"].contains($0.opType) }
    }

    /// Where a node's input is stored; nil for what is computed from the items, and for what is no floating-point tensor.
    private func source(_ node: Onnx_NodeProto, _ input: Int) -> (name: String, shape: [Int], isDirect: Bool)? {
        guard input < node.input.count, !node.input[input].isEmpty else { return nil }
        var name = node.input[input]
        var isDirect = true
        // as deep as exporters go; a cycle would not have been read
        for _ in 0..<16 {
            if let tensor = initializers[name] { return described(tensor, name, isDirect) }
            guard let producer = producers[name] else { return nil }
            let node = graph.node[producer]
            switch node.opType {
            case "Constant":
                guard let value = node.attribute.first(where: { $0.name == "value" }) else { return nil }
                return described(value.t, name, isDirect)
            case "Identity": break
            case "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Cast": isDirect = false
            default: return nil
            }
            guard let next = node.input.first else { return nil }
            name = next
        }
        return nil
    }

    private func described(_ tensor: Onnx_TensorProto, _ name: String, _ isDirect: Bool) -> (String, [Int], Bool)? {
        guard ElementType(onnx: tensor.dataType)?.isFloat == true else { return nil }
        return (name, tensor.dims.map { Int($0) }, isDirect)
    }
}
