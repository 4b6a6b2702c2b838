// SPDX-License-Identifier: GPL-3.0-or-later
import SwiftProtobuf

/// Turns a parsed file into the operator graph: names into numbers, nodes into order of execution, and everything checked that a
/// damaged or hostile file could get wrong.
struct GraphReader {
    private var graph = Graph()
    private var indices: [String: ValueIndex] = [:]
    private let directory: String?

    /// - Parameter directory: where external data lie, with a slash at its end.
    static func read(_ model: Onnx_ModelProto, directory: String?) throws -> Graph {
        var reader = GraphReader(directory: directory)
        return try reader.graph(of: model)
    }

    private init(directory: String?) { self.directory = directory }

    private mutating func graph(of model: Onnx_ModelProto) throws -> Graph {
        guard model.hasGraph, !model.graph.node.isEmpty || !model.graph.output.isEmpty else {
            throw ModelError(.damaged, "has no graph: not an ONNX model")
        }
        var opsets: [String: Int] = [:]
        for opset in model.opsetImport { opsets[FunctionInliner.domain(opset.domain)] = Int(clamping: opset.version) }
        let proto = model.graph
        for tensor in proto.initializer {
            let index = define(tensor.name)
            graph.constants[index] = try Tensor(tensor, directory: directory)
        }
        for sparse in proto.sparseInitializer {
            let index = define(sparse.values.name)
            graph.constants[index] = try Tensor(sparse, directory: directory)
        }
        var defined = Set(graph.constants.keys)
        for input in proto.input {
            let index = define(input.name)
            // Old exporters list the weights among the inputs too.
            guard graph.constants[index] == nil else { continue }
            graph.inputs.append(try declaration(input, index))
            guard defined.insert(index).inserted else { throw ModelError(.damaged, "input '\(input.name)' is defined twice") }
        }
        var nodes = try FunctionInliner.nodes(of: model, opsets: opsets).enumerated().map { try node($1, number: $0) }
        for node in nodes {
            for output in node.outputs.compactMap({ $0 }) {
                guard defined.insert(output).inserted else {
                    throw ModelError(.damaged, "value '\(graph.valueNames[output])' is computed twice, the second time by \(node.place)")
                }
            }
        }
        nodes = withoutUnread(try ordered(nodes, defined), outputs: proto.output.map(\.name))
        graph.nodes = nodes
        for (index, node) in nodes.enumerated() {
            for output in node.outputs.compactMap({ $0 }) { graph.producer[output] = index }
        }
        for output in proto.output {
            guard let index = indices[output.name], defined.contains(index) else {
                throw ModelError(.damaged, "output '\(output.name)' is computed by no node")
            }
            graph.outputs.append(try declaration(output, index))
        }
        guard !graph.outputs.isEmpty else { throw ModelError(.damaged, "has no outputs") }
        return graph
    }

    private mutating func define(_ name: String) -> ValueIndex {
        if let index = indices[name] { return index }
        indices[name] = graph.valueNames.count
        graph.valueNames.append(name)
        return graph.valueNames.count - 1
    }

    private func declaration(_ info: Onnx_ValueInfoProto, _ index: ValueIndex) throws -> Declaration {
        let tensor = info.type.tensorType
        guard info.type.value == nil || tensor.elemType == 0 || ElementType(onnx: tensor.elemType) != nil else {
            throw ModelError(.unsupported, "'\(info.name)' has element type \(tensor.elemType), which is not supported")
        }
        let extents = tensor.hasShape ? tensor.shape.dim : nil
        return Declaration(
            name: info.name, value: index, type: ElementType(onnx: tensor.elemType) ?? .float32,
            shape: extents.map { $0.map { if case .dimValue(let value) = $0.value, value >= 0 { Int(value) } else { -1 } } },
            extentNames: extents.map { $0.map { $0.dimParam } } ?? [])
    }

    private mutating func node(_ inlined: FunctionInliner.Inlined, number: Int) throws -> Node {
        let proto = inlined.node
        let domain = FunctionInliner.domain(proto.domain)
        let name = proto.name.isEmpty ? (proto.output.first { !$0.isEmpty } ?? "number \(number)") : proto.name
        var attributes: [String: AttributeValue] = [:]
        for attribute in proto.attribute { attributes[attribute.name] = try value(attribute) }
        let inputs = proto.input.map { $0.isEmpty ? nil : define($0) }
        let outputs = proto.output.map { $0.isEmpty ? nil : define($0) }
        return Node(
            name: name, opType: proto.opType, domain: domain, inputs: inputs, outputs: outputs, attributes: attributes,
            opset: inlined.opsets[domain] ?? 0)
    }

    private func value(_ attribute: Onnx_AttributeProto) throws -> AttributeValue {
        switch attribute.type {
        case .float: .float(attribute.f)
        case .int: .int(Int(attribute.i))
        case .string: .string(String(decoding: attribute.s, as: UTF8.self))
        case .tensor: .tensor(try Tensor(attribute.t, directory: directory))
        case .sparseTensor: .tensor(try Tensor(attribute.sparseTensor, directory: directory))
        case .floats: .floats(attribute.floats)
        case .ints: .ints(attribute.ints.map { Int($0) })
        case .strings: .strings(attribute.strings.map { String(decoding: $0, as: UTF8.self) })
        default: .other
        }
    }

    /// The nodes without those of their further outputs that nothing reads, which are as good as left out (Dropout's mask, MaxPool's indices).
    private func withoutUnread(_ nodes: [Node], outputs: [String]) -> [Node] {
        var read = Set(outputs.compactMap { indices[$0] })
        for node in nodes { read.formUnion(node.inputs.compactMap { $0 }) }
        return nodes.map { node in
            Node(
                name: node.name, opType: node.opType, domain: node.domain, inputs: node.inputs,
                outputs: node.outputs.enumerated().map { place, output in place == 0 || output.map(read.contains) ?? false ? output : nil },
                attributes: node.attributes, opset: node.opset)
        }
    }

    /// The nodes in order of execution. The specification asks for that order; files that don't keep it are sorted, cycles refused.
    private func ordered(_ nodes: [Node], _ defined: Set<ValueIndex>) throws -> [Node] {
        var ready = Set(graph.constants.keys).union(graph.inputs.map(\.value))
        var result: [Node] = []
        var waiting = nodes
        while !waiting.isEmpty {
            var left: [Node] = []
            for node in waiting {
                if node.inputs.allSatisfy({ $0.map(ready.contains) ?? true }) {
                    result.append(node)
                    ready.formUnion(node.outputs.compactMap { $0 })
                } else {
                    left.append(node)
                }
            }
            if left.count == waiting.count, let stuck = left.first {
                let missing = stuck.inputs.compactMap { $0 }.first { !ready.contains($0) }
                let name = missing.map { graph.valueNames[$0] } ?? ""
                let why = missing.map(defined.contains) ?? false ? "part of a cycle" : "computed by no node"
                throw ModelError(.damaged, "input '\(name)' of \(stuck.place) is \(why)")
            }
            waiting = left
        }
        return result
    }
}
