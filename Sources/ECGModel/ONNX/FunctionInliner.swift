// SPDX-License-Identifier: GPL-3.0-or-later

/// Puts the bodies of a model's own functions in the place of the nodes that call them, as exporters that write whole layers as functions want it.
///
/// Names of a body's values get the call's as a prefix, so that two calls don't meet; attributes that a body takes over from its call (`ref_attr_name`) are
/// filled in. Functions may call others, not themselves.
struct FunctionInliner {
    /// A node and the opsets that its operator is one of.
    struct Inlined {
        let node: Onnx_NodeProto
        let opsets: [String: Int]
    }

    private struct Key: Hashable {
        let domain: String
        let name: String
        let overload: String
    }

    /// More nodes than any network has: nested functions can double at every level.
    private static let limit = 1 << 18

    private let functions: [Key: Onnx_FunctionProto]
    private var result: [Inlined] = []
    private var calls = 0

    /// - Parameters:
    ///   - nodes: of the model's graph, or of a graph inside it.
    ///   - functions: the model's.
    ///   - opsets: the model's own, by domain.
    static func nodes(_ nodes: [Onnx_NodeProto], functions: [Onnx_FunctionProto], opsets: [String: Int]) throws -> [Inlined] {
        let table = functions.map { (Key(domain: domain($0.domain), name: $0.name, overload: $0.overload), $0) }
        var inliner = FunctionInliner(functions: Dictionary(table) { first, _ in first })
        for node in nodes { try inliner.add(node, opsets, inside: []) }
        return inliner.result
    }

    private init(functions: [Key: Onnx_FunctionProto]) { self.functions = functions }

    static func domain(_ name: String) -> String { name == "ai.onnx" ? "" : name }

    private mutating func add(_ node: Onnx_NodeProto, _ opsets: [String: Int], inside: [Key]) throws {
        let key = Key(domain: Self.domain(node.domain), name: node.opType, overload: node.overload)
        if AttentionNodes.isAttention(node), functions[key] == nil {
            calls += 1
            let known = opsets.merging([OperatorRegistry.ownDomain: 1]) { own, _ in own }
            for made in try AttentionNodes.expand(node, prefix: "\(node.name)/\(calls)/") {
                result.append(Inlined(node: made, opsets: known))
            }
            return
        }
        guard let function = functions[key] else {
            guard result.count < Self.limit else { throw ModelError(.damaged, "has more than \(Self.limit) nodes") }
            return result.append(Inlined(node: node, opsets: opsets))
        }
        guard !inside.contains(key), inside.count < 64 else { throw ModelError(.damaged, "function '\(function.name)' calls itself") }
        guard node.input.count <= function.input.count, node.output.count <= function.output.count else {
            throw ModelError(.damaged, "node '\(node.name)' has more inputs or outputs than its function '\(function.name)'")
        }
        let call = node.name.isEmpty ? node.output.first { !$0.isEmpty } ?? function.name : node.name
        calls += 1
        guard calls < Self.limit else { throw ModelError(.damaged, "calls functions more than \(Self.limit) times") }
        let prefix = "\(call)/\(calls)/"
        // What the call leaves out is left out inside too; outputs that it doesn't ask for get a name of their own.
        var names: [String: String] = ["": ""]
        for (index, name) in function.input.enumerated() { names[name] = index < node.input.count ? node.input[index] : "" }
        for (index, name) in function.output.enumerated() where index < node.output.count && !node.output[index].isEmpty {
            names[name] = node.output[index]
        }
        var given: [String: Onnx_AttributeProto] = [:]
        for attribute in function.attributeProto { given[attribute.name] = attribute }
        for attribute in node.attribute { given[attribute.name] = attribute }
        var inner: [String: Int] = [:]
        for opset in function.opsetImport { inner[Self.domain(opset.domain)] = Int(clamping: opset.version) }
        for body in function.node {
            guard !body.attribute.contains(where: { $0.type == .graph }) else {
                throw ModelError(.unsupported, "a \(body.opType) inside function '\(function.name)' is not supported")
            }
            var made = body
            made.name = body.name.isEmpty ? "" : "\(call)/\(body.name)"
            made.input = body.input.map { names[$0] ?? prefix + $0 }
            made.output = body.output.map { names[$0] ?? prefix + $0 }
            made.attribute = body.attribute.compactMap { attribute in
                guard !attribute.refAttrName.isEmpty else { return attribute }
                guard var value = given[attribute.refAttrName] else { return nil }
                value.name = attribute.name
                return value
            }
            try add(made, inner, inside: inside + [key])
        }
    }
}
