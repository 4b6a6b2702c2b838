// SPDX-License-Identifier: GPL-3.0-or-later
import ECGStream
import ECGTool

/// The segments that `--per-beat` stored in a record: a folder of recordings keeps them in place of the maps, which are many times larger.
struct StoredSegments {
    static let prefix = "segsal/"

    let leads: [String]
    /// …, -2, -1, +1, +2, …
    let numbers: [Int]
    /// By map: a row of means a lead.
    let maps: [(name: String, means: [[Double]])]

    /// nil where the record has maps of its own, or no segments either.
    init?(_ record: Record, maps wanted: [String], segment: Double, raw: Bool, withPadding: Bool) throws {
        let stored = record.tensors.filter { $0.name.hasPrefix(Self.prefix) }
        guard !stored.isEmpty, !record.tensors.contains(where: { $0.name.hasPrefix("attr/") }) else { return nil }
        func damaged(_ what: String) -> ToolError { ToolError(.data, what, record: record.key) }
        guard let about = record.meta["segments"], let names = about["name"]?.strings else {
            throw damaged("has stored segments without their names")
        }
        numbers = try names.map { name in
            guard let number = Int(name), number != 0 else { throw damaged("has a stored segment '\(name)'") }
            return number
        }
        // Another duration or scale would put other numbers under the same names.
        guard about["seconds"]?.double == segment, about["raw"]?.bool == raw, about["padding"]?.bool == withPadding else {
            throw damaged("has segments that were stored with other options of --segment, --raw or --with-padding")
        }
        let chosen =
            wanted.isEmpty
            ? stored
            : try wanted.map { name in
                guard let tensor = record[Self.prefix + name] else { throw damaged("has no map '\(name)'") }
                return tensor
            }
        let columns = numbers.count
        let rows = chosen[0].shape.first ?? 0
        leads = record.leads ?? (0..<rows).map { String($0 + 1) }
        let count = leads.count
        maps = try chosen.map { tensor in
            guard tensor.shape == [count, columns] else {
                throw damaged("stored segments '\(tensor.name)' have the shape \(tensor.shape), not [\(count), \(columns)]")
            }
            let values = tensor.floats()
            return (
                String(tensor.name.dropFirst(Self.prefix.count)),
                (0..<count).map { lead in values[lead * columns..<(lead + 1) * columns].map { Double($0) } }
            )
        }
    }
}
