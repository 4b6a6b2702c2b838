// SPDX-License-Identifier: GPL-3.0-or-later

/// A node's attributes as an operator reads them, with messages that name the node. Keeps count of what was read, so that an attribute that
/// the operator doesn't know is refused, not ignored.
package final class NodeReader {
    package let node: Node
    /// The floating-point type that the plan computes in, where it is not the model's own.
    package let floatType: ElementType?
    /// The rule for the reverse run of this use; nil if there is none.
    package let rule: Rule?
    private var read: Set<String> = []

    package init(_ node: Node, floatType: ElementType? = nil, rule: Rule? = nil) {
        self.node = node
        self.floatType = floatType
        self.rule = rule
    }

    package var opset: Int { node.opset }
    package var inputCount: Int { node.inputs.count }
    package var outputCount: Int { node.outputs.count }
    /// Whether input or output `index` is there (optional ones may be left out or empty).
    package func hasInput(_ index: Int) -> Bool { index < node.inputs.count && node.inputs[index] != nil }
    package func hasOutput(_ index: Int) -> Bool { index < node.outputs.count && node.outputs[index] != nil }

    // MARK: Attributes

    package func int(_ name: String) throws -> Int? {
        guard let value = take(name) else { return nil }
        guard case .int(let int) = value else { throw wrongType(name, "an integer") }
        return int
    }

    package func int(_ name: String, default standard: Int) throws -> Int { try int(name) ?? standard }

    package func flag(_ name: String, default standard: Bool = false) throws -> Bool { try int(name).map { $0 != 0 } ?? standard }

    package func float(_ name: String) throws -> Float? {
        guard let value = take(name) else { return nil }
        switch value {
        case .float(let float): return float
        case .int(let int): return Float(int)
        default: throw wrongType(name, "a number")
        }
    }

    package func float(_ name: String, default standard: Float) throws -> Float { try float(name) ?? standard }

    package func string(_ name: String) throws -> String? {
        guard let value = take(name) else { return nil }
        guard case .string(let string) = value else { throw wrongType(name, "a string") }
        return string
    }

    package func string(_ name: String, default standard: String) throws -> String { try string(name) ?? standard }

    package func ints(_ name: String) throws -> [Int]? {
        guard let value = take(name) else { return nil }
        switch value {
        case .ints(let ints): return ints
        case .int(let int): return [int]
        // An empty list keeps no type in some files.
        case .floats(let floats) where floats.isEmpty: return []
        default: throw wrongType(name, "a list of integers")
        }
    }

    package func floats(_ name: String) throws -> [Float]? {
        guard let value = take(name) else { return nil }
        switch value {
        case .floats(let floats): return floats
        case .float(let float): return [float]
        case .ints(let ints) where ints.isEmpty: return []
        default: throw wrongType(name, "a list of numbers")
        }
    }

    package func strings(_ name: String) throws -> [String]? {
        guard let value = take(name) else { return nil }
        guard case .strings(let strings) = value else { throw wrongType(name, "a list of strings") }
        return strings
    }

    package func tensor(_ name: String) throws -> Tensor? {
        guard let value = take(name) else { return nil }
        guard case .tensor(let tensor) = value else { throw wrongType(name, "a tensor") }
        return tensor
    }

    package func graph(_ name: String) throws -> Subgraph {
        guard case .graph(let graph)? = take(name) else { throw damaged("has no graph '\(name)'") }
        return graph
    }

    /// Attributes that change nothing in inference.
    package func ignore(_ names: String...) { read.formUnion(names) }

    /// An attribute that was not read, if any.
    package var unreadAttribute: String? { node.attributes.keys.filter { !read.contains($0) }.min() }

    private func take(_ name: String) -> AttributeValue? {
        read.insert(name)
        return node.attributes[name]
    }

    private func wrongType(_ name: String, _ wanted: String) -> ModelError {
        ModelError(.damaged, "attribute '\(name)' of \(node.place) is not \(wanted)")
    }

    // MARK: Inputs

    /// The input fact, which must be there.
    package func input(_ index: Int, of inputs: [Fact?]) throws -> Fact {
        guard index < inputs.count, let fact = inputs[index] else { throw ModelError(.damaged, "\(node.place) has no input \(index)") }
        return fact
    }

    /// An input's elements, which must be constant; nil where the input is left out.
    package func constant(_ index: Int, of inputs: [Fact?]) throws -> Tensor? {
        guard index < inputs.count, let fact = inputs[index] else { return nil }
        guard let constant = fact.constant else { throw unsupported("input \(index) that depends on the items") }
        return constant
    }

    /// A constant input of integers (shapes, axes, indices); nil where it is left out.
    package func constantIntegers(_ index: Int, of inputs: [Fact?]) throws -> [Int]? {
        guard let constant = try constant(index, of: inputs) else { return nil }
        guard let integers = constant.integers else { throw misfit("input \(index) is not of integers") }
        return integers
    }

    /// An axis, counted from the end if negative, as a place among `rank` axes.
    package func axis(_ axis: Int, rank: Int) throws -> Int {
        let resolved = axis < 0 ? axis &+ rank : axis
        guard (0..<max(rank, 1)).contains(resolved) else { throw misfit("axis \(axis) does not exist in \(rank) dimensions") }
        return resolved
    }

    /// A shape that is safe to allocate.
    package func checked(_ shape: Shape) throws -> Shape {
        guard shape.checkedElementCount != nil else { throw misfit("would give shape \(shape.text)") }
        return shape
    }

    // MARK: Errors

    package func unsupported(_ what: String) -> ModelError { ModelError(.unsupported, "\(node.place): \(what) is not supported") }
    package func misfit(_ what: String) -> ModelError { ModelError(.misfit, "\(node.place): \(what)") }
    package func damaged(_ what: String) -> ModelError { ModelError(.damaged, "\(node.place): \(what)") }
}
