// SPDX-License-Identifier: GPL-3.0-or-later

/// A node's place in the graph's list of nodes, which is in order of execution.
public typealias NodeIndex = Int
/// A value's place in the graph's list of values.
public typealias ValueIndex = Int

/// One node of the operator graph.
package struct Node: Sendable {
    package let name: String
    package let opType: String
    package let domain: String
    package let inputs: [ValueIndex?]
    package let outputs: [ValueIndex?]
    package let attributes: [String: AttributeValue]
    package let opset: Int

    /// For messages: `Conv node '/c0/Conv'`.
    package var place: String { "\(domain.isEmpty ? "" : domain + ".")\(opType) node '\(name)'" }
}

/// An attribute's value, as the file has it.
package enum AttributeValue: Sendable {
    case float(Float)
    case int(Int)
    case string(String)
    case tensor(Tensor)
    case floats([Float])
    case ints([Int])
    case strings([String])
    case graph(Subgraph)
    /// Sparse tensors and types, which no supported operator takes.
    case other
}

/// A graph that a node holds: the body of a loop, the branch of a choice. Its values are numbered with those of the graph around it, which it may read;
/// its initializers are constants of that graph.
package struct Subgraph: Sendable {
    package var inputs: [ValueIndex] = []
    package var outputs: [ValueIndex] = []
    /// In order of execution, without those that no output needs.
    package var nodes: [Node] = []
    /// The values of graphs around it that it reads.
    package var captured: [ValueIndex] = []
}

/// An input or output as the file declares it; -1 stands for an extent that is free or absent.
public struct Declaration: Sendable {
    public let name: String
    public let value: ValueIndex
    public let type: ElementType
    /// nil where the file gives no shape.
    public let shape: [Int]?
    /// The names of free extents, as `batch`; "" where there is none.
    public let extentNames: [String]

    /// For messages: `[batch,2,430]`.
    public var text: String {
        guard let shape else { return "of any shape" }
        return "["
            + shape.indices.map { shape[$0] >= 0 ? String(shape[$0]) : (extentNames[$0].isEmpty ? "?" : extentNames[$0]) }.joined(
                separator: ",") + "]"
    }
}

/// The operator graph of a file: nodes in order of execution, values by number, constants with their elements.
package struct Graph: Sendable {
    package var nodes: [Node] = []
    package var valueNames: [String] = []
    package var constants: [ValueIndex: Tensor] = [:]
    package var inputs: [Declaration] = []
    package var outputs: [Declaration] = []
    /// The node that computes a value.
    package var producer: [ValueIndex: NodeIndex] = [:]

    package func value(named name: String) -> ValueIndex? { valueNames.firstIndex(of: name) }
}
