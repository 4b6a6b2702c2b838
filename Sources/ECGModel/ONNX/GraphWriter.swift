// SPDX-License-Identifier: GPL-3.0-or-later
import SwiftProtobuf

/// Puts an ONNX file together: nodes, weights, one input and one output with a free batch extent, and metadata.
///
/// The same calls give the same bytes.
package struct GraphWriter {
    package static let opset = 17
    private var graph = Onnx_GraphProto()
    private var metadata: [(key: String, value: String)] = []
    private let producer: (name: String, version: String)

    package init(name: String, producer: String, version: String) {
        graph.name = name
        self.producer = (producer, version)
    }

    /// - Parameter shape: without the batch, which is free.
    package mutating func input(_ name: String, shape: [Int]) { graph.input.append(Self.declaration(name, shape)) }
    package mutating func output(_ name: String, shape: [Int]) { graph.output.append(Self.declaration(name, shape)) }

    package mutating func node(
        _ opType: String, name: String, inputs: [String], outputs: [String], attributes: [(name: String, value: AttributeValue)] = []
    ) {
        var node = Onnx_NodeProto()
        node.opType = opType
        node.name = name
        node.input = inputs
        node.output = outputs
        node.attribute = attributes.map { Self.attribute($0.name, $0.value) }
        graph.node.append(node)
    }

    package mutating func weights(_ name: String, shape: [Int], _ elements: [Float]) {
        precondition(elements.count == shape.reduce(1, *))
        var tensor = Onnx_TensorProto()
        tensor.name = name
        tensor.dims = shape.map { Int64($0) }
        tensor.dataType = 1
        var bytes = [UInt8](repeating: 0, count: elements.count * 4)
        for (index, element) in elements.enumerated() {
            let bits = element.bitPattern
            bytes[4 * index] = UInt8(truncatingIfNeeded: bits)
            bytes[4 * index + 1] = UInt8(truncatingIfNeeded: bits >> 8)
            bytes[4 * index + 2] = UInt8(truncatingIfNeeded: bits >> 16)
            bytes[4 * index + 3] = UInt8(truncatingIfNeeded: bits >> 24)
        }
        tensor.rawData = .init(bytes)
        graph.initializer.append(tensor)
    }

    package mutating func integers(_ name: String, _ elements: [Int]) {
        var tensor = Onnx_TensorProto()
        tensor.name = name
        tensor.dims = [Int64(elements.count)]
        tensor.dataType = 7
        tensor.int64Data = elements.map { Int64($0) }
        graph.initializer.append(tensor)
    }

    package mutating func meta(_ key: String, _ value: String) { metadata.append((key, value)) }

    /// The file.
    package func bytes() throws -> [UInt8] {
        var model = Onnx_ModelProto()
        model.irVersion = 8
        model.producerName = producer.name
        model.producerVersion = producer.version
        var opset = Onnx_OperatorSetIdProto()
        opset.version = Int64(Self.opset)
        model.opsetImport = [opset]
        model.graph = graph
        model.metadataProps = metadata.map { entry in
            var proto = Onnx_StringStringEntryProto()
            proto.key = entry.key
            proto.value = entry.value
            return proto
        }
        return try model.serializedBytes()
    }

    private static func declaration(_ name: String, _ shape: [Int]) -> Onnx_ValueInfoProto {
        var info = Onnx_ValueInfoProto()
        info.name = name
        var tensor = Onnx_TypeProto.Tensor()
        tensor.elemType = 1
        var batch = Onnx_TensorShapeProto.Dimension()
        batch.dimParam = "batch"
        tensor.shape.dim =
            [batch]
            + shape.map { extent in
                var dimension = Onnx_TensorShapeProto.Dimension()
                dimension.dimValue = Int64(extent)
                return dimension
            }
        info.type.tensorType = tensor
        return info
    }

    private static func attribute(_ name: String, _ value: AttributeValue) -> Onnx_AttributeProto {
        var attribute = Onnx_AttributeProto()
        attribute.name = name
        switch value {
        case .float(let float):
            attribute.type = .float
            attribute.f = float
        case .int(let int):
            attribute.type = .int
            attribute.i = Int64(int)
        case .string(let string):
            attribute.type = .string
            attribute.s = .init(Array(string.utf8))
        case .floats(let floats):
            attribute.type = .floats
            attribute.floats = floats
        case .ints(let ints):
            attribute.type = .ints
            attribute.ints = ints.map { Int64($0) }
        case .strings(let strings):
            attribute.type = .strings
            attribute.strings = strings.map { .init(Array($0.utf8)) }
        case .tensor, .graph, .other: preconditionFailure("no node that is written has an attribute of this kind")
        }
        return attribute
    }
}
