// SPDX-License-Identifier: GPL-3.0-or-later
import ECGDigest
import ECGKernels
import SwiftProtobuf
import Synchronization

/// An ONNX model: its operator graph, read and checked. Immutable, shared by threads.
///
/// ```swift
/// let model = try Model(path: "model.onnx")
/// let session = try Session(model, itemShape: [2, 430])
/// let result = try session.run(Items(shape: [2, 430], values: beats))
/// ```
public final class Model: Sendable {
    /// `sha256:` and the digest of the file in hexadecimal.
    public let digest: String
    /// Inputs that the caller feeds.
    public var inputs: [Declaration] { graph.inputs }
    public var outputs: [Declaration] { graph.outputs }
    /// The file's metadata, as `metadata_props` has them.
    public let metadata: [String: String]
    /// Who wrote the file, as `pytorch 2.15.0`.
    public let producer: String
    public let opset: Int
    /// Class names from the metadata (`classes`, `class_names`, `labels` or `names`), in the order of the outputs; nil if there are none.
    public let classNames: [String]?

    /// What the file asks for and this library doesn't have; empty unless the model was read to be described.
    public let unsupported: [ModelError]

    package let graph: Graph
    package let operators: [any Operator]
    package let weights = PreparedWeights()
    private let plans = Mutex<[(request: PlanRequest, plan: Plan)]>([])
    /// Whether the graph mixes items on its way to some values.
    let mixing = Mutex<[[ValueIndex]: Bool]>([:])
    /// Memories of runs, shared by all sessions: what waits is bounded whatever the shapes of items.
    let pool = PlanMemoryPool()

    /// Reads a file, and external data beside it.
    /// - Throws: `ModelError`: the file can't be opened, is no ONNX model, or has an operator or attribute that is not supported.
    public convenience init(path: String, toDescribe: Bool = false) throws {
        let slash = path.lastIndex(of: "/")
        try self.init(bytes: FileBytes.read(path), directory: slash.map { String(path[...$0]) } ?? "./", toDescribe: toDescribe)
    }

    /// - Parameters:
    ///   - bytes: the file.
    ///   - directory: where external data lie, with a slash at its end; nil if there may be none.
    ///   - toDescribe: takes operators that are not supported too; such a model can't be run.
    public init(bytes: [UInt8], directory: String? = nil, toDescribe: Bool = false) throws {
        let proto: Onnx_ModelProto
        do {
            proto = try Onnx_ModelProto(serializedBytes: bytes, extensions: nil, partial: true)
        } catch {
            throw ModelError(.damaged, "is not an ONNX model, or cut short")
        }
        graph = try GraphReader.read(proto, directory: directory)
        var unsupported: [ModelError] = []
        operators = graph.nodes.map { node in
            do {
                return try OperatorRegistry.make(node)
            } catch {
                let error = error as? ModelError ?? ModelError(.damaged, "\(error)")
                unsupported.append(error)
                return UnsupportedOperator(error: error)
            }
        }
        self.unsupported = unsupported
        if let first = unsupported.first, !toDescribe {
            let more = unsupported.count > 1 ? " (and \(unsupported.count - 1) more)" : ""
            throw ModelError(first.kind, first.message + more)
        }
        digest = "sha256:" + SHA256.hex(bytes)
        var metadata: [String: String] = [:]
        for entry in proto.metadataProps { metadata[entry.key] = entry.value }
        self.metadata = metadata
        producer = [proto.producerName, proto.producerVersion].filter { !$0.isEmpty }.joined(separator: " ")
        opset = Int(clamping: proto.opsetImport.first { $0.domain.isEmpty || $0.domain == "ai.onnx" }?.version ?? 0)
        classNames = ClassNames.find(in: metadata)
    }

    /// The plan for a request, made the first time it is asked for. The last few are kept.
    package func plan(_ request: PlanRequest, workers: Workers? = nil) throws -> Plan {
        if let known = plans.withLock({ list in
            guard let place = list.firstIndex(where: { $0.request == request }) else { return Plan?.none }
            let entry = list.remove(at: place)
            list.append(entry)
            return entry.plan
        }) {
            return known
        }
        let made = try Plan(graph, operators, request, weights: weights, workers: workers)
        plans.withLock { list in
            list.append((request, made))
            if list.count > 24 { list.removeFirst() }
        }
        return made
    }

    /// Gives back the memory that waits for further runs.
    public func release() { pool.clear() }

    /// A value by the name of the value or of the node that computes it.
    package func value(named name: String) -> ValueIndex? {
        if let node = graph.nodes.first(where: { $0.name == name }), let output = node.outputs.first ?? nil { return output }
        return graph.value(named: name)
    }
}

/// Stands for an operator that is not supported, in a model that is only described.
private struct UnsupportedOperator: Operator {
    let error: ModelError
    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised { throw error }
}
