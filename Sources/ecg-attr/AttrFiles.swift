// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import ECGFormats
import ECGStream
import ECGTool

/// The files that methods read beside the network: draws and baselines.
enum AttrFiles {
    /// The archive's bytes, also for the provenance.
    static func drawsBytes(_ path: String) throws -> [UInt8] { try TextFile.bytes(of: path, limit: NPZFile.limit, again: true) }

    /// Draws from an .npz archive.
    static func draws(_ path: String) throws -> Draws.Given {
        let file = try NPZFile(try drawsBytes(path), path: path)
        var given = Draws.Given()
        func wholes(_ name: String, rank: Int) throws -> Draws.Given.Block<Int>? {
            guard let array = try block(name, rank: rank) else { return nil }
            guard array.values.allSatisfy({ $0 == $0.rounded() && $0.magnitude < 1e15 }) else {
                throw ToolError(.data, "array '\(name)' holds numbers that are not whole", place: path)
            }
            return .init(shape: array.shape, elements: array.values.map { Int($0) })
        }
        func block(_ name: String, rank: Int) throws -> NPZFile.Array? {
            guard let array = try file.array(name) else { return nil }
            guard array.shape.count == rank else {
                throw ToolError(.data, "array '\(name)' has the shape \(array.shape), not \(rank) axes", place: path)
            }
            return array
        }
        given.noise = try block("noise", rank: 4).map { .init(shape: $0.shape, elements: $0.values.map { Float($0) }) }
        given.alpha = try block("alpha", rank: 2).map { .init(shape: $0.shape, elements: $0.values) }
        given.baseline = try wholes("baseline", rank: 2)
        given.permutation = try wholes("permutation", rank: 2)
        let known = ["noise", "alpha", "baseline", "permutation"]
        guard file.names.contains(where: known.contains) else {
            throw ToolError(
                .data, "has none of the arrays \(known.joined(separator: ", ")); it has \(file.names.joined(separator: ", "))", place: path)
        }
        return given
    }

    /// Baseline items: an .npy array [lead,time] or [item,lead,time], or the signals of a stream.
    static func baselines(_ path: String) throws -> [[Float]] {
        if path.hasSuffix(".npy") {
            let file = try NPYFile(path: path)
            guard (2...3).contains(file.shape.count), !file.isFortranOrder, file.count > 0, file.count < 1 << 31 else {
                throw ToolError(.data, "has the shape \(file.shape), not [lead,time] or [item,lead,time] in C order", place: path)
            }
            let size = file.shape.suffix(2).reduce(1, *)
            let values = try file.floats(from: 0, count: file.count)
            return stride(from: 0, to: values.count, by: size).map { Array(values[$0..<$0 + size]) }
        }
        let reader = try StreamReader([StreamInput(operand: path)])
        var items: [[Float]] = []
        while let frame = try reader.nextFrame() {
            guard frame.kind == .record else {
                if frame.kind == .abort { throw ToolError(.data, "is an aborted stream", place: path) }
                continue
            }
            let record = try Record(frame)
            guard let signal = record["signal"] else {
                throw ToolError(.data, "record '\(record.key)' has no tensor 'signal'", place: path)
            }
            items.append(signal.floats())
            guard items.reduce(0, { $0 + $1.count }) < 1 << 30 else {
                throw ToolError(.data, "has more baselines than fit in memory", place: path)
            }
        }
        guard !items.isEmpty else { throw ToolError(.data, "has no records to start from", place: path) }
        return items
    }
}
