// SPDX-License-Identifier: GPL-3.0-or-later

extension Graph {
    /// The operator graph of a model file's bytes, nothing else of it.
    package static func read(_ bytes: [UInt8], directory: String? = nil) throws -> Graph {
        guard let proto = try? Onnx_ModelProto(serializedBytes: bytes, extensions: nil, partial: true) else {
            throw ModelError(.damaged, "is not an ONNX model, or cut short")
        }
        return try GraphReader.read(proto, directory: directory)
    }
}

extension Tensor {
    /// A tensor that lies in a file by itself, as ONNX's own tests have them.
    package static func read(_ bytes: [UInt8]) throws -> Tensor {
        guard let proto = try? Onnx_TensorProto(serializedBytes: bytes, extensions: nil, partial: true) else {
            throw ModelError(.damaged, "is not a tensor, or cut short")
        }
        return try Tensor(proto, directory: nil)
    }
}
