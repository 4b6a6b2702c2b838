// SPDX-License-Identifier: GPL-3.0-or-later

/// Puts the nodes of graphs inside nodes in their place: a loop's body once for each round, the branch that is taken of a choice.
extension PlanBuilder {
    /// More than a recurrent layer needs over a recording of minutes; sizes from a file are not to be trusted.
    private static let mostNodes = 1 << 17

    mutating func run(_ control: any ControlOperator, _ node: Node, _ inputs: [ValueIndex?], _ outputs: [ValueIndex?]) throws {
        let reader = NodeReader(node)
        switch control {
        case let loop as LoopOperator: try run(loop, reader, inputs, outputs)
        case let choice as IfOperator:
            guard let input = inputs.first ?? nil, let taken = try fact(input).constant?.integers?.first else {
                throw reader.unsupported("a condition that depends on the items")
            }
            // Both branches' values from outside are inputs of the node, in the order of the attributes' names.
            let captured = choice.other.graph.captured + choice.then.graph.captured
            let names = Dictionary(zip(captured, inputs.suffix(captured.count).compactMap { $0 })) { first, _ in first }
            let results = try add(taken != 0 ? choice.then : choice.other, names)
            for (output, result) in zip(outputs, results) { if let output { try join(output, result) } }
        default: throw reader.unsupported("a graph in this place")
        }
    }

    private mutating func run(_ loop: LoopOperator, _ reader: NodeReader, _ inputs: [ValueIndex?], _ outputs: [ValueIndex?]) throws {
        let body = loop.body.graph
        var most = Int.max
        if let limit = inputs[0] {
            guard let known = try fact(limit).constant?.integers?.first else {
                throw reader.unsupported("a number of rounds that depends on the items")
            }
            most = max(0, known)
        }
        func isTrue(_ fact: Fact) throws -> Bool {
            guard let value = fact.constant?.integers?.first else { throw reader.unsupported("a condition that depends on the items") }
            return value != 0
        }
        var goesOn = try inputs[1].map { try isTrue(try fact($0)) } ?? true
        var carried: [ValueIndex] = []
        for place in 0..<loop.carried {
            guard let value = inputs[2 + place] else { throw reader.damaged("has no input \(2 + place)") }
            carried.append(value)
        }
        let outside = Dictionary(zip(body.captured, inputs.suffix(body.captured.count).compactMap { $0 })) { first, _ in first }
        var collected = [[ValueIndex]](repeating: [], count: body.outputs.count - 1 - loop.carried)
        depth += 1
        defer { depth -= 1 }
        var round = 0
        while goesOn, round < most {
            repeatedNodes += max(1, body.nodes.count)
            guard repeatedNodes <= Self.mostNodes else {
                throw reader.unsupported("a loop of more than \(Self.mostNodes) operators in all rounds")
            }
            var names = outside
            names[body.inputs[0]] = constant(Tensor([], [Int64(round)]))
            names[body.inputs[1]] = constant(Tensor([], [true]))
            for (place, value) in carried.enumerated() { names[body.inputs[2 + place]] = value }
            let results = try add(loop.body, names)
            goesOn = try isTrue(try fact(results[0]))
            carried = Array(results[1..<1 + loop.carried])
            for (place, value) in results[(1 + loop.carried)...].enumerated() { collected[place].append(value) }
            round += 1
        }
        for (place, output) in outputs.enumerated() {
            guard let output else { continue }
            if place < loop.carried {
                try join(output, carried[place])
            } else {
                try stack(collected[place - loop.carried], as: output, reader)
            }
        }
    }

    /// Adds a branch's nodes; the values that its outputs are.
    ///
    /// - Parameter names: the values that stand for its inputs.
    private mutating func add(_ branch: Branch, _ names: [ValueIndex: ValueIndex]) throws -> [ValueIndex] {
        var names = names
        for (node, made) in zip(branch.graph.nodes, branch.operators) {
            let inputs = node.inputs.map { $0.map { names[$0] ?? $0 } }
            let outputs = node.outputs.map { output in output.map { _ in newValue() } }
            for (own, value) in zip(node.outputs, outputs) { if let own { names[own] = value } }
            try add(node, made, inputs: inputs, outputs: outputs)
        }
        return branch.graph.outputs.map { names[$0] ?? $0 }
    }

    private mutating func newValue() -> ValueIndex {
        madeValues += 1
        return graph.valueNames.count + madeValues - 1
    }

    private mutating func constant(_ tensor: Tensor) -> ValueIndex {
        let value = newValue()
        define(value, addValue(Fact(constant: tensor)))
        return value
    }

    /// Makes one value another name of a second.
    private mutating func join(_ value: ValueIndex, _ other: ValueIndex) throws {
        guard let planned = try form(other, nil) else { throw ModelError(.misfit, "a loop's result is not known") }
        define(value, planned)
        forms[value] = forms[other]
    }

    /// The values of all rounds, one behind the other along a new first axis.
    private mutating func stack(_ values: [ValueIndex], as output: ValueIndex, _ reader: NodeReader) throws {
        guard !values.isEmpty else { throw reader.unsupported("a loop of no rounds") }
        let name = reader.node.name
        func node(_ opType: String, _ attributes: [String: AttributeValue]) -> Node {
            Node(name: name, opType: opType, domain: "", inputs: [], outputs: [], attributes: attributes, opset: 11)
        }
        let (widen, concatenate) = (node("Unsqueeze", ["axes": .ints([0])]), node("Concat", ["axis": .int(0)]))
        let (wider, joined) = (try OperatorRegistry.make(widen), try OperatorRegistry.make(concatenate))
        var rows: [ValueIndex] = []
        for value in values {
            let row = newValue()
            try add(widen, wider, inputs: [value], outputs: [row])
            rows.append(row)
        }
        try add(concatenate, joined, inputs: rows, outputs: [output])
    }
}
