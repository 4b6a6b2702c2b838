// SPDX-License-Identifier: GPL-3.0-or-later

/// ONNX's Attention (opset 23) in the operators that it is made of, as its specification writes it out: so it has their kernels, gradients and rules.
///
/// Queries, keys and values are [item, head, place, feature], or [item, place, head · feature] with the heads counted in attributes. Without a past, and
/// with as many heads of keys as of queries.
struct AttentionNodes {
    private let call: Onnx_NodeProto
    private let name: String
    private var nodes: [Onnx_NodeProto] = []
    private var count = 0

    static func isAttention(_ node: Onnx_NodeProto) -> Bool {
        node.opType == "Attention" && FunctionInliner.domain(node.domain).isEmpty
    }

    /// - Parameter prefix: of the names of values that are made.
    static func expand(_ node: Onnx_NodeProto, prefix: String) throws -> [Onnx_NodeProto] {
        var made = AttentionNodes(call: node, name: prefix)
        try made.build()
        return made.nodes
    }

    private init(call: Onnx_NodeProto, name: String) {
        self.call = call
        self.name = name
    }

    private func unsupported(_ what: String) -> ModelError {
        let title = call.name.isEmpty ? call.output.first { !$0.isEmpty } ?? "" : call.name
        return ModelError(.unsupported, "Attention node '\(title)': \(what) is not supported")
    }

    private func attribute(_ name: String) -> Onnx_AttributeProto? { call.attribute.first { $0.name == name } }
    private func int(_ name: String) -> Int64 { attribute(name)?.i ?? 0 }
    private func input(_ index: Int) -> String? {
        index < call.input.count && !call.input[index].isEmpty ? call.input[index] : nil
    }

    private mutating func build() throws {
        let known: Set<String> = [
            "is_causal", "kv_num_heads", "q_num_heads", "qk_matmul_output_mode", "scale", "softcap", "softmax_precision",
        ]
        if let other = call.attribute.first(where: { !known.contains($0.name) }) { throw unsupported("attribute '\(other.name)'") }
        guard let query = input(0), let key = input(1), let value = input(2), let output = call.output.first, !output.isEmpty else {
            throw ModelError(.damaged, "an Attention node has no query, key, value or result")
        }
        for (index, what) in [(4, "a past key"), (5, "a past value"), (6, "nonpad_kv_seqlen")] where input(index) != nil {
            throw unsupported(what)
        }
        guard call.output.dropFirst().allSatisfy({ $0.isEmpty }) else { throw unsupported("a second output") }
        let heads = int("q_num_heads")
        guard int("kv_num_heads") == heads else { throw unsupported("another number of heads of keys than of queries") }
        let (q, k, v) = (split(query, heads), split(key, heads), split(value, heads))
        let factor: String
        if let scale = attribute("scale") {
            factor = constant([scale.f])
        } else {
            let width = node("Cast", [node("Shape", [q], [("start", -1)])], [("to", 1)])
            factor = node("Reciprocal", [node("Sqrt", [width])])
        }
        var scores = node("Mul", [node("MatMul", [q, node("Transpose", [k], lists: [("perm", [0, 1, 3, 2])])]), factor])
        if let cap = attribute("softcap"), cap.f != 0 {
            let limit = constant([cap.f])
            scores = node("Mul", [node("Tanh", [node("Div", [scores, limit])]), limit])
        }
        if let mask = input(3) { scores = node("Add", [scores, node("AttentionMask", [mask])]) }
        if int("is_causal") != 0 { scores = node("Add", [scores, causal(q, k)]) }
        let softmax = input(3) != nil || int("is_causal") != 0 ? "AttentionSoftmax" : "Softmax"
        let mixed = node("MatMul", [node(softmax, [scores], [("axis", -1)]), v])
        if heads == 0 {
            node("Identity", [mixed], as: output)
        } else {
            node("Reshape", [node("Transpose", [mixed], lists: [("perm", [0, 2, 1, 3])]), integers([0, 0, -1])], as: output)
        }
    }

    /// [item, place, head · feature] as [item, head, place, feature].
    private mutating func split(_ value: String, _ heads: Int64) -> String {
        guard heads > 0 else { return value }
        return node("Transpose", [node("Reshape", [value, integers([0, 0, heads, -1])])], lists: [("perm", [0, 2, 1, 3])])
    }

    /// −∞ for every key behind its query.
    private mutating func causal(_ q: String, _ k: String) -> String {
        func places(_ value: String) -> (start: String, range: String) {
            let length = node("Squeeze", [node("Shape", [value], [("start", 2), ("end", 3)])])
            let (zero, one) = (scalar(0), scalar(1))
            return (zero, node("Range", [zero, length, one]))
        }
        let rows = node("Unsqueeze", [places(q).range, integers([1])])
        let later = node("Greater", [places(k).range, rows])
        return node("AttentionMask", [node("Not", [later])])
    }

    private mutating func constant(_ values: [Float]) -> String {
        var list = Onnx_AttributeProto()
        (list.name, list.type, list.floats) = ("value_floats", .floats, values)
        return add("Constant", [], [list], nil)
    }

    private mutating func integers(_ values: [Int64]) -> String {
        var list = Onnx_AttributeProto()
        (list.name, list.type, list.ints) = ("value_ints", .ints, values)
        return add("Constant", [], [list], nil)
    }

    private mutating func scalar(_ value: Int64) -> String { node("Constant", [], [("value_int", value)]) }

    @discardableResult
    private mutating func node(
        _ opType: String, _ inputs: [String], _ values: [(String, Int64)] = [], lists: [(String, [Int64])] = [], as output: String? = nil
    ) -> String {
        let single = values.map { name, value in
            var attribute = Onnx_AttributeProto()
            (attribute.name, attribute.type, attribute.i) = (name, .int, value)
            return attribute
        }
        let several = lists.map { name, value in
            var attribute = Onnx_AttributeProto()
            (attribute.name, attribute.type, attribute.ints) = (name, .ints, value)
            return attribute
        }
        return add(opType, inputs, single + several, output)
    }

    private mutating func add(_ opType: String, _ inputs: [String], _ attributes: [Onnx_AttributeProto], _ output: String?) -> String {
        count += 1
        var made = Onnx_NodeProto()
        made.opType = opType
        if opType.hasPrefix("Attention") { made.domain = OperatorRegistry.ownDomain }
        made.name = "\(call.name.isEmpty ? call.output.first ?? "" : call.name)/\(opType)_\(count)"
        made.input = inputs
        made.output = [output ?? "\(name)\(count)"]
        made.attribute = attributes
        nodes.append(made)
        return made.output[0]
    }
}
