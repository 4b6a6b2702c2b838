// SPDX-License-Identifier: GPL-3.0-or-later

/// An operator that runs graphs of its own. The planner puts their nodes in its place: see `PlanBuilder+Control`.
protocol ControlOperator: Operator {}

extension ControlOperator {
    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        throw node.unsupported("a graph in this place")
    }
}

/// A graph inside a node, with the operators of its nodes.
struct Branch: Sendable {
    let graph: Subgraph
    let operators: [any Operator]

    init(_ graph: Subgraph) throws {
        self.graph = graph
        operators = try graph.nodes.map { try OperatorRegistry.make($0) }
    }
}

/// Loop: a body that runs a number of times which is known when the items' shape is, as recurrent layers of Keras have it behind tf2onnx.
struct LoopOperator: ControlOperator {
    let body: Branch
    /// Values that each round hands to the next.
    let carried: Int

    init(_ node: NodeReader) throws {
        let graph = try node.graph("body")
        body = try Branch(graph)
        carried = graph.inputs.count - 2
        let own = node.inputCount - graph.captured.count
        guard carried >= 0, own == graph.inputs.count, graph.outputs.count > carried, node.outputCount <= graph.outputs.count - 1 else {
            throw node.damaged(
                "its body has \(graph.inputs.count) inputs and \(graph.outputs.count) outputs for \(own) and \(node.outputCount)")
        }
    }
}

/// If, where the condition is known when the items' shape is: what exporters write that don't know a shape.
struct IfOperator: ControlOperator {
    let then: Branch
    let other: Branch

    init(_ node: NodeReader) throws {
        then = try Branch(node.graph("then_branch"))
        other = try Branch(node.graph("else_branch"))
        guard [then, other].allSatisfy({ $0.graph.inputs.isEmpty && $0.graph.outputs.count >= node.outputCount }) else {
            throw node.damaged("its branches don't give its \(node.outputCount) outputs")
        }
    }
}

let controlOperators: [OperatorEntry] = [
    OperatorEntry("Loop") { try LoopOperator($0) },
    OperatorEntry("If") { try IfOperator($0) },
]
