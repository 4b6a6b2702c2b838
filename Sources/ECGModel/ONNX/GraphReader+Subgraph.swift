// SPDX-License-Identifier: GPL-3.0-or-later

extension GraphReader {
    /// Deeper than any exporter nests.
    private static let deepest = 8

    /// Reads a graph inside a node: a loop's body, a branch of a choice.
    mutating func subgraph(_ proto: Onnx_GraphProto, _ opsets: [String: Int]) throws -> Subgraph {
        guard scopes.count <= Self.deepest else { throw ModelError(.damaged, "has graphs in graphs, more than \(Self.deepest) deep") }
        scopes.append([:])
        defer { scopes.removeLast() }
        let depth = scopes.count - 1
        var result = Subgraph()
        // Names of its own come first: what is left belongs to a graph around it.
        for name in proto.initializer.map(\.name) + proto.sparseInitializer.map(\.values.name) { _ = declare(name, in: depth) }
        try readConstants(proto)
        var local = Set(scopes[depth].values)
        var ready = local
        for input in proto.input where scopes[depth][input.name] == nil {
            let index = declare(input.name, in: depth)
            result.inputs.append(index)
            local.insert(index)
            ready.insert(index)
        }
        for name in proto.node.flatMap(\.output) where !name.isEmpty && scopes[depth][name] == nil {
            local.insert(declare(name, in: depth))
        }
        let nodes = try nodes(of: proto, opsets)
        var computed = ready
        try define(nodes, &computed)
        // Values that inlined functions made have names of their own too.
        local.formUnion(computed)
        var captured = Set<ValueIndex>()
        func note(_ value: ValueIndex) {
            if !local.contains(value), captured.insert(value).inserted { result.captured.append(value) }
        }
        for value in nodes.flatMap(\.inputs).compactMap({ $0 }) { note(value) }
        for output in proto.output {
            let index = define(output.name)
            note(index)
            result.outputs.append(index)
        }
        result.nodes = needed(try ordered(nodes, ready: ready.union(captured), computed), result.outputs)
        return result
    }

    /// The nodes that these values depend on.
    private func needed(_ nodes: [Node], _ outputs: [ValueIndex]) -> [Node] {
        var wanted = Set(outputs)
        var kept: [Node] = []
        for node in nodes.reversed() where node.outputs.contains(where: { $0.map(wanted.contains) ?? false }) {
            wanted.formUnion(node.inputs.compactMap { $0 })
            kept.append(node)
        }
        return kept.reversed()
    }
}
