// SPDX-License-Identifier: GPL-3.0-or-later

/// A layer of a model, as it is described and named.
public struct Layer: Sendable {
    /// The node's name; where it has none, that of its first output.
    public let name: String
    public let opType: String
    /// The name of the node's first output, which names the layer too.
    public let output: String
    /// The output's shape, items included, where it could be worked out.
    public let shape: Shape?
    /// The weights' shape, of a layer that has any.
    public let weights: Shape?
}

extension Model {
    /// The nodes that compute something from the items, in file order; shape arithmetic and constants are left out.
    ///
    /// - Parameter itemShape: one item's shape; where nil, the extents that the input declares.
    public func layers(itemShape: Shape? = nil) -> [Layer] {
        let shapes = shapes(itemShape)
        let computed = dependsOnItems
        return graph.nodes.compactMap { node in
            guard let output = node.outputs.first ?? nil, computed.contains(output) else { return nil }
            let weights = node.inputs.dropFirst().compactMap { $0.flatMap { graph.constants[$0]?.shape } }.first { $0.count > 1 }
            return Layer(name: node.name, opType: node.opType, output: graph.valueNames[output], shape: shapes[output], weights: weights)
        }
    }

    /// The last convolution in file order with more than one tap, by name: the layer of Grad-CAM unless another is asked for.
    public var lastConvolution: String? { lastConvolutionNode?.name }

    /// The same; a 1×1 shortcut, which may stand behind it, sees no shape.
    package var lastConvolutionNode: Node? {
        graph.nodes.last { node in
            guard node.opType == "Conv", node.inputs.count > 1, let weights = node.inputs[1].flatMap({ graph.constants[$0] }) else {
                return false
            }
            return weights.shape.dropFirst(2).contains { $0 > 1 }
        }
    }

    /// Floating-point operations of one item's forward run by the direct algorithms, a multiply-add counted as two: convolutions, matrix products and
    /// recurrent layers alone, as the papers' benchmarks count them.
    public var operations: Int {
        let shapes = shapes(nil)
        return graph.nodes.reduce(0) { sum, node in
            func shape(_ index: Int) -> Shape? {
                index < node.inputs.count ? node.inputs[index].flatMap { shapes[$0] ?? graph.constants[$0]?.shape } : nil
            }
            guard let output = (node.outputs.first ?? nil).flatMap({ shapes[$0] }), let weights = shape(1) else { return sum }
            switch node.opType {
            case "Conv": return sum + 2 * output.elementCount * weights.dropFirst().reduce(1, *)
            case "Gemm", "MatMul": return sum + 2 * output.elementCount * (weights.elementCount / max(1, output.last ?? 1))
            case "LSTM", "GRU", "RNN": return sum + 2 * (shape(0)?.first ?? 0) * (weights.elementCount + (shape(2)?.elementCount ?? 0))
            default: return sum
            }
        }
    }

    /// The values that elements of the input flow into; not those of shapes alone.
    private var dependsOnItems: Set<ValueIndex> {
        var values = Set(graph.inputs.map(\.value))
        for node in graph.nodes where node.opType != "Shape" && node.inputs.contains(where: { $0.map(values.contains) ?? false }) {
            values.formUnion(node.outputs.compactMap { $0 })
        }
        return values
    }

    private func shapes(_ itemShape: Shape?) -> [ValueIndex: Shape] {
        guard graph.inputs.count == 1, let input = graph.inputs.first else { return [:] }
        let declared = input.shape.map { Array($0.dropFirst()) }
        guard let item = itemShape ?? declared, item.allSatisfy({ $0 > 0 }) else { return [:] }
        let count = input.shape?.first.flatMap { $0 > 0 ? $0 : nil } ?? 1
        var builder = PlanBuilder(
            graph, operators, PlanRequest(inputShapes: [input.value: [count] + item], kept: graph.outputs.map(\.value)))
        // What comes before an operator that is not supported is described with its shapes.
        try? builder.specialise()
        return builder.shapes
    }
}
