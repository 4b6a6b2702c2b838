// SPDX-License-Identifier: GPL-3.0-or-later
import SwiftProtobuf

/// An ONNX file whose weights can be replaced; everything else of it stays as it is.
///
/// Weights that lie in files beside it are written into the file.
public struct ModelFile: Sendable {
    /// A tensor of weights, as a node has it.
    public struct Weights: Sendable, Hashable {
        /// What the numbers are to the node.
        public enum Role: Sendable, Hashable {
            case weights, bias
            /// A normalisation's factor, offset, running mean and running variance.
            case scale, offset, mean, variance
            /// The slope of a PRelu.
            case slope
        }

        public let role: Role
        /// The initializer, or the Constant node's output, that holds the numbers.
        public let name: String
        /// The shape at which the file stores them.
        public let shape: [Int]
        /// Inputs that flow into each output; what uniform initial weights are bounded by.
        public let fanIn: Int
        /// The node's input.
        let input: Int
        /// Whether the tensor reaches the node unchanged, so that the node can be given one of its own.
        let isDirect: Bool
    }

    /// A node with weights.
    public struct Layer: Sendable {
        public let name: String
        public let opType: String
        public let weights: [Weights]
        /// The node's place in the file.
        public let node: Int
        /// Whether it has a matrix of weights (convolutions, products, recurrent layers), not only factors and offsets.
        public var hasMatrix: Bool { weights.contains { $0.role == .weights } }
    }

    private var proto: Onnx_ModelProto
    private let directory: String
    /// Nodes with weights, in file order.
    public private(set) var layers: [Layer] = []

    /// - Throws: `ModelError`: the file can't be opened, is no ONNX model, or is damaged.
    public init(path: String) throws {
        let slash = path.lastIndex(of: "/")
        let bytes = try FileBytes.read(path)
        directory = slash.map { String(path[...$0]) } ?? "./"
        do {
            proto = try Onnx_ModelProto(serializedBytes: bytes, extensions: nil, partial: true)
        } catch {
            throw ModelError(.damaged, "is not an ONNX model, or cut short")
        }
        // what the reader of models checks holds for everything below: names, order, shapes
        _ = try GraphReader.read(proto, directory: directory)
        layers = WeightFinder(proto.graph).layers
        try inlineExternalData()
    }

    /// The numbers of a tensor.
    public func values(_ weights: Weights) throws -> [Float] {
        guard let tensor = tensor(weights.name) else { throw ModelError(.damaged, "has no tensor '\(weights.name)'") }
        return try Tensor(tensor, directory: directory).floats ?? []
    }

    /// Replaces the numbers that a layer has. Nodes that share the tensor keep theirs, unless all of them are in `nodes`, which share the new numbers.
    public mutating func replace(_ weights: Weights, of layer: Layer, sharedBy nodes: Set<Int> = [], by values: [Float]) throws {
        guard let old = tensor(weights.name), let raw = Self.raw(values, dataType: old.dataType) else {
            throw ModelError(.unsupported, "tensor '\(weights.name)' holds no floating-point numbers")
        }
        guard values.count == weights.shape.reduce(1, *) else {
            throw ModelError(.misfit, "\(values.count) values for tensor '\(weights.name)' of shape \(weights.shape)")
        }
        var tensor = old.withoutValues
        tensor.rawData = .init(raw)
        if weights.isDirect, users(of: weights.name) > 1, !isUsed(weights.name, onlyBy: nodes) {
            tensor.name = unused(weights.name + "/" + layer.name)
            proto.graph.initializer.append(tensor)
            proto.graph.node[layer.node].input[weights.input] = tensor.name
        } else if let i = proto.graph.initializer.firstIndex(where: { $0.name == weights.name }) {
            proto.graph.initializer[i] = tensor
        } else if let place = constant(weights.name) {
            proto.graph.node[place.node].attribute[place.attribute].t = tensor
        }
    }

    /// Sets an entry of the metadata.
    public mutating func setMetadata(_ key: String, _ value: String) {
        proto.metadataProps.removeAll { $0.key == key }
        var entry = Onnx_StringStringEntryProto()
        (entry.key, entry.value) = (key, value)
        proto.metadataProps.append(entry)
    }

    /// The file's bytes.
    ///
    /// - Throws: `ModelError` for a model beyond the 2 GiB that the format allows.
    public func bytes() throws -> [UInt8] {
        do {
            var options = BinaryEncodingOptions()
            options.useDeterministicOrdering = true
            return try proto.serializedBytes(partial: true, options: options)
        } catch {
            throw ModelError(.unsupported, "a model of more than 2 GiB can't be written as one file")
        }
    }

    // MARK: Layers beside each other

    /// The node of the matrix layer whose output a layer takes, directly or joined to others by Concat; of several the last.
    public func matrixLayer(before layer: Layer) -> Int? {
        let nodes = proto.graph.node
        let matrices = Set(layers.lazy.filter(\.hasMatrix).map(\.node))
        var wanted = Set(nodes[layer.node].input.filter { !$0.isEmpty })
        var found: Int?
        for i in nodes.indices.reversed() where !wanted.isDisjoint(with: nodes[i].output) {
            if matrices.contains(i) { found = max(found ?? i, i) }
            if nodes[i].opType == "Concat" { wanted.formUnion(nodes[i].input.filter { !$0.isEmpty }) }
        }
        return found
    }

    /// The node of the first matrix layer that a layer's output flows into.
    public func matrixLayer(after layer: Layer) -> Int? {
        let nodes = proto.graph.node
        let matrices = Set(layers.lazy.filter(\.hasMatrix).map(\.node))
        var reached = Set(nodes[layer.node].output.filter { !$0.isEmpty })
        for i in nodes.indices where !reached.isDisjoint(with: nodes[i].input) {
            if matrices.contains(i) { return i }
            reached.formUnion(nodes[i].output.filter { !$0.isEmpty })
        }
        return nil
    }

    // MARK: Tensors in the file

    private func tensor(_ name: String) -> Onnx_TensorProto? {
        if let found = proto.graph.initializer.first(where: { $0.name == name }) { return found }
        return constant(name).map { proto.graph.node[$0.node].attribute[$0.attribute].t }
    }

    private func constant(_ name: String) -> (node: Int, attribute: Int)? {
        for (i, node) in proto.graph.node.enumerated() where node.opType == "Constant" && node.output.first == name {
            if let attribute = node.attribute.firstIndex(where: { $0.name == "value" }) { return (i, attribute) }
        }
        return nil
    }

    private func users(of name: String) -> Int {
        proto.graph.node.reduce(0) { $0 + $1.input.count(where: { $0 == name }) }
            + proto.graph.output.count(where: { $0.name == name })
    }

    private func isUsed(_ name: String, onlyBy nodes: Set<Int>) -> Bool {
        proto.graph.node.indices.allSatisfy { nodes.contains($0) || !proto.graph.node[$0].input.contains(name) }
            && !proto.graph.output.contains { $0.name == name }
    }

    private func unused(_ name: String) -> String {
        let taken = Set(proto.graph.initializer.map(\.name) + proto.graph.node.flatMap { $0.output + $0.input })
        var candidate = name
        var number = 1
        while taken.contains(candidate) {
            number += 1
            candidate = "\(name)#\(number)"
        }
        return candidate
    }

    private mutating func inlineExternalData() throws {
        for i in proto.graph.initializer.indices where proto.graph.initializer[i].dataLocation == .external {
            let tensor = proto.graph.initializer[i]
            guard let type = ElementType(onnx: tensor.dataType), let count = tensor.dims.map({ Int($0) }).checkedElementCount else {
                throw ModelError(.unsupported, "tensor '\(tensor.name)' has element type \(tensor.dataType), which is not supported")
            }
            let width = tensor.dataType == 10 || tensor.dataType == 16 ? 2 : type.byteCount
            let read = try Tensor.externalBytes(tensor, directory: directory, count: count * width)
            proto.graph.initializer[i] = tensor.withoutValues
            proto.graph.initializer[i].rawData = .init(read)
        }
    }

    /// Numbers as the bytes of a tensor's type; nil for types that are no floating-point numbers.
    private static func raw(_ values: [Float], dataType: Int32) -> [UInt8]? {
        func bytes<T: FixedWidthInteger>(_ values: some Sequence<T>, _ width: Int) -> [UInt8] {
            var bytes: [UInt8] = []
            for value in values {
                for i in 0..<width { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * T(i)))) }
            }
            return bytes
        }
        switch dataType {
        case 1: return bytes(values.lazy.map(\.bitPattern), 4)
        case 10: return bytes(values.lazy.map(\.halfBits), 2)
        case 11: return bytes(values.lazy.map { Double($0).bitPattern }, 8)
        case 16: return bytes(values.lazy.map(\.brainBits), 2)
        default: return nil
        }
    }
}

extension Onnx_TensorProto {
    /// Name, type and shape alone.
    var withoutValues: Onnx_TensorProto {
        var tensor = Onnx_TensorProto()
        (tensor.name, tensor.dims, tensor.dataType, tensor.docString) = (name, dims, dataType, docString)
        return tensor
    }
}

extension Float {
    /// The nearest bfloat16's bits, of two equally near ones the even.
    var brainBits: UInt16 { UInt16(truncatingIfNeeded: (bitPattern &+ 0x7FFF &+ (bitPattern >> 16 & 1)) >> 16) }

    /// The nearest IEEE 754 half-precision number's bits, of two equally near ones the even.
    var halfBits: UInt16 {
        let sign = UInt16(truncatingIfNeeded: bitPattern >> 16) & 0x8000
        if isNaN { return sign | 0x7E00 }
        if magnitude >= 65520 { return sign | 0x7C00 }
        if magnitude < 0x1p-14 { return sign | UInt16((magnitude * 0x1p24).rounded(.toNearestOrEven)) }
        let bits = magnitude.bitPattern
        return sign | UInt16(truncatingIfNeeded: (bits + 0xFFF + (bits >> 13 & 1)) >> 13 &- 112 << 10)
    }
}
