// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import ECGModel
import Glibc
import TestSupport
import Testing

/// ONNX's own backend node tests, as Tests/Oracles/onnx_nodes.py writes them: `make onnx-nodes`.
///
/// Every case is run whose operators are in the registry and whose tensors are of a type that a model may have. The pass table is
/// compared with the committed one (Tests/ECGModelTests/BackendNodes.txt), so that nothing that once passed is lost in silence.
struct BackendNodeTests {
    struct Case {
        let name: String
        let operators: [String]
        let types: [String]
        let relative: Double
        let absolute: Double
    }

    enum Outcome: String { case passed, failed, refused, skipped }

    static let folder: String? = getenv("ONNX_NODES").map { String(cString: $0) }

    @Test(.enabled(if: folder != nil, "set ONNX_NODES to the folder that Tests/Oracles/onnx_nodes.py wrote"))
    func casesOfTheListedOperatorsPass() throws {
        let folder = try #require(Self.folder)
        let known = Set(OperatorRegistry.names)
        var lines: [String] = []
        var counts: [Outcome: Int] = [:]
        for one in try Self.cases(folder) {
            let outside = one.operators.filter { !known.contains($0) }
            var outcome = Outcome.skipped
            var why = ""
            if !outside.isEmpty {
                why = "operator \(outside.joined(separator: ",")) is out of scope"
            } else if let type = one.types.first(where: { !["float", "double", "int64", "bool", "int32"].contains($0) }) {
                why = "type \(type) is out of scope"
            } else {
                do {
                    why = try Self.run(one, in: "\(folder)/\(one.name)") ?? ""
                    outcome = why.isEmpty ? .passed : .failed
                } catch let error as ModelError {
                    (outcome, why) = (.refused, error.message)
                }
            }
            counts[outcome, default: 0] += 1
            lines.append("\(outcome.rawValue) \(one.name)" + (why.isEmpty ? "" : ": \(why)"))
        }
        let summary = [Outcome.passed, .failed, .refused, .skipped].map { "\($0.rawValue) \(counts[$0] ?? 0)" }.joined(separator: ", ")
        let table = "# ONNX backend node tests: \(summary)\n" + lines.joined(separator: "\n") + "\n"
        if let path = getenv("ONNX_NODES_TABLE").map({ String(cString: $0) }) { try write(table, to: path) }
        #expect(counts[.failed] ?? 0 == 0, "\(lines.filter { $0.hasPrefix("failed") }.joined(separator: "\n"))")
        let before = try Self.text(#filePath.replacing("BackendNodeTests.swift", with: "BackendNodes.txt")).split(separator: "\n").filter {
            $0.hasPrefix("passed ")
        }
        let now = Set(lines)
        let lost = before.filter { !now.contains(String($0)) }
        #expect(lost.isEmpty, "passed before: \(lost.joined(separator: ", "))")
    }

    static func cases(_ folder: String) throws -> [Case] {
        try text("\(folder)/cases.txt").split(separator: "\n").map { line in
            let words = line.split(separator: " ").map(String.init)
            return Case(
                name: words[0], operators: words[1].split(separator: ",").map(String.init),
                types: words[2].split(separator: ",").map(String.init),
                relative: Double(words[3]) ?? 1e-3, absolute: Double(words[4]) ?? 1e-7)
        }
    }

    /// nil if the outputs are right, else what is wrong.
    static func run(_ one: Case, in folder: String) throws -> String? {
        let graph = try Graph.read(bytes("\(folder)/model.onnx"))
        // Shapes, axes and indices must be known when a plan is made: they go in as constants, as exporters write them.
        var inputs: [(name: String, tensor: ECGModel.Tensor)] = []
        for (index, declared) in graph.inputs.enumerated() where access("\(folder)/input_\(index).pb", R_OK) == 0 {
            inputs.append((declared.name, try Tensor.read(bytes("\(folder)/input_\(index).pb"))))
        }
        do {
            // The first input stays one, so that the kernels are tested and not only the folding of constants.
            return try compare(one, graph, inputs, fixed: { $0 > 0 && !$1.type.isFloat && $1.type != .bool }, folder)
        } catch {
            return try compare(one, graph, inputs, fixed: { _, _ in true }, folder)
        }
    }

    private static func compare(
        _ one: Case, _ read: Graph, _ inputs: [(name: String, tensor: ECGModel.Tensor)], fixed: (Int, ECGModel.Tensor) -> Bool,
        _ folder: String
    ) throws -> String? {
        var graph = read
        var fed: [(value: ValueIndex, tensor: ECGModel.Tensor)] = []
        for (index, input) in inputs.enumerated() {
            guard let value = graph.value(named: input.name) else { continue }
            if fixed(index, input.tensor) { graph.constants[value] = input.tensor } else { fed.append((value, input.tensor)) }
        }
        for (index, found) in try graph.evaluate(fed).enumerated() {
            let expected = try Tensor.read(bytes("\(folder)/output_\(index).pb"))
            guard found.shape == expected.shape else { return "output \(index) has shape \(found.shape.text), not \(expected.shape.text)" }
            guard found.type == expected.type else { return "output \(index) is \(found.type.rawValue), not \(expected.type.rawValue)" }
            let (values, reference) = (found.doubles, expected.doubles)
            for place in values.indices {
                let (a, b) = (values[place], reference[place])
                if a == b || (a.isNaN && b.isNaN) { continue }
                let allowed: Double = one.absolute + one.relative * b.magnitude
                if !((a - b).magnitude <= allowed) { return "output \(index), element \(place), is \(a), not \(b)" }
            }
        }
        return nil
    }

    static func bytes(_ path: String) throws -> [UInt8] { try #require(Npy.bytes(path), "\(path) cannot be read") }

    static func text(_ path: String) throws -> String { String(decoding: try bytes(path), as: UTF8.self) }

    private func write(_ text: String, to path: String) throws {
        let file = try #require(fopen(path, "w"))
        defer { fclose(file) }
        fputs(text, file)
    }
}
