// SPDX-License-Identifier: GPL-3.0-or-later
import SwiftProtobuf

/// Turns a parsed file into the operator graph: names into numbers, nodes into order of execution, and everything checked that a
/// damaged or hostile file could get wrong.
struct GraphReader {
    var graph = Graph()
    /// Values by name: of the model's graph, and of each graph inside it that is being read.
    var scopes: [[String: ValueIndex]] = [[:]]
    let directory: String?
    var functions: [Onnx_FunctionProto] = []

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
        functions = model.functions
        try readConstants(proto)
        var defined = Set(graph.constants.keys)
        for input in proto.input {
            let index = define(input.name)
            // Old exporters list the weights among the inputs too.
            guard graph.constants[index] == nil else { continue }
            graph.inputs.append(try declaration(input, index))
            guard defined.insert(index).inserted else { throw ModelError(.damaged, "input '\(input.name)' is defined twice") }
        }
        var nodes = try nodes(of: proto, opsets)
        try define(nodes, &defined)
        let ready = Set(graph.constants.keys).union(graph.inputs.map(\.value))
        nodes = withoutUnread(try ordered(nodes, ready: ready, defined), outputs: proto.output.map(\.name))
        graph.nodes = nodes
        for (index, node) in nodes.enumerated() {
            for output in node.outputs.compactMap({ $0 }) { graph.producer[output] = index }
        }
        for output in proto.output {
            guard let index = scopes[0][output.name], defined.contains(index) else {
                throw ModelError(.damaged, "output '\(output.name)' is computed by no node")
            }
            graph.outputs.append(try declaration(output, index))
        }
        guard !graph.outputs.isEmpty else { throw ModelError(.damaged, "has no outputs") }
        return graph
    }

    /// The value of this name, of the innermost graph that has it; a name that none has is one of the model's graph.
    mutating func define(_ name: String) -> ValueIndex {
        for scope in scopes.reversed() { if let index = scope[name] { return index } }
        return declare(name, in: 0)
    }

    /// The value that a node of the innermost graph makes.
    private mutating func result(_ name: String) -> ValueIndex {
        scopes[scopes.count - 1][name] ?? declare(name, in: scopes.count - 1)
    }

    /// A new value of the graph at a depth.
    mutating func declare(_ name: String, in depth: Int) -> ValueIndex {
        scopes[depth][name] = graph.valueNames.count
        graph.valueNames.append(name)
        return graph.valueNames.count - 1
    }

    /// Reads the constants that a graph comes with.
    mutating func readConstants(_ proto: Onnx_GraphProto) throws {
        for tensor in proto.initializer {
            let index = define(tensor.name)
            graph.constants[index] = try Tensor(tensor, directory: directory)
        }
        for sparse in proto.sparseInitializer {
            let index = define(sparse.values.name)
            graph.constants[index] = try Tensor(sparse, directory: directory)
        }
    }

    /// A graph's nodes, with functions inlined, as they stand in the file.
    mutating func nodes(of proto: Onnx_GraphProto, _ opsets: [String: Int]) throws -> [Node] {
        try FunctionInliner.nodes(proto.node, functions: functions, opsets: opsets).enumerated().map { try node($1, number: $0) }
    }

    /// Notes what nodes compute.
    func define(_ nodes: [Node], _ defined: inout Set<ValueIndex>) throws {
        for node in nodes {
            for output in node.outputs.compactMap({ $0 }) {
                guard defined.insert(output).inserted else {
                    throw ModelError(.damaged, "value '\(graph.valueNames[output])' is computed twice, the second time by \(node.place)")
                }
            }
        }
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
        for attribute in proto.attribute where attribute.type != .graph { attributes[attribute.name] = try value(attribute) }
        // What graphs inside read from outside are inputs too, behind its own: so the node stands behind what computes them.
        var captured: [ValueIndex] = []
        for attribute in proto.attribute.filter({ $0.type == .graph }).sorted(by: { $0.name < $1.name }) {
            let body = try subgraph(attribute.g, inlined.opsets)
            captured += body.captured
            attributes[attribute.name] = .graph(body)
        }
        let inputs = proto.input.map { $0.isEmpty ? nil : define($0) } + captured
        let outputs = proto.output.map { $0.isEmpty ? nil : result($0) }
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
        var read = Set(outputs.compactMap { scopes[0][$0] })
        for node in nodes { read.formUnion(node.inputs.compactMap { $0 }) }
        return nodes.map { node in
            Node(
                name: node.name, opType: node.opType, domain: node.domain, inputs: node.inputs,
                outputs: node.outputs.enumerated().map { place, output in place == 0 || output.map(read.contains) ?? false ? output : nil },
                attributes: node.attributes, opset: node.opset)
        }
    }

    /// The nodes in order of execution. The specification asks for that order; files that don't keep it are sorted, cycles refused.
    func ordered(_ nodes: [Node], ready known: Set<ValueIndex>, _ defined: Set<ValueIndex>) throws -> [Node] {
        var ready = known
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
