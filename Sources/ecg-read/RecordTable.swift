// SPDX-License-Identifier: GPL-3.0-or-later
import ECGStream
import ECGTool

/// What a file says of recordings beside their headers, such as diagnoses: members of the meta, by the record's key.
///
/// Either CSV, whose first column names the record and each further one a member, or a JSON object a line with the member `record`. In CSV a field that reads
/// as a number is one, and an empty field is no member.
struct RecordTable: Sendable {
    private var members: [String: [(name: String, value: JSON)]] = [:]
    private let name: String

    /// The members of a frame that this tool sets itself.
    private static let reserved: Set = [
        "key", "record", "fs", "leads", "units", "start", "more", "tensors", "aux", "symbols", "r", "sample",
    ]

    init(path: String) throws {
        name = path
        let bytes = try Self.bytes(of: path)
        if bytes.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") {
            try readLines(String(decoding: bytes, as: UTF8.self))
        } else {
            try readTable(try CSVTable(bytes, name: path))
        }
    }

    /// The file's bytes, also for the provenance.
    static func bytes(of path: String) throws -> [UInt8] { try TextFile.bytes(of: path, limit: 256 << 20, again: true) }

    /// The members of a recording; nil if the file does not name it.
    subscript(key: String) -> [(name: String, value: JSON)]? { members[key] }

    private mutating func readLines(_ text: String) throws {
        for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() where !line.isEmpty {
            let place = "\(name), line \(number + 1)"
            let object: JSON.Object
            do {
                guard let parsed = try JSON(parsing: String(line)).object else { throw ToolError(.data, "is no JSON object", place: place) }
                object = parsed
            } catch let error as JSONError { throw ToolError(.data, error.description, place: place) }
            guard let record = object["record"]?.string else { throw ToolError(.data, "has no member 'record' with a name", place: place) }
            try add(record, object.members.filter { $0.0 != "record" }.map { ($0.0, $0.1) }, place)
        }
    }

    private mutating func readTable(_ table: CSVTable) throws {
        for (number, row) in table.rows.enumerated() {
            let values: [(name: String, value: JSON)] = zip(table.columns, row).dropFirst().compactMap { column, field in
                if field.isEmpty { return nil }
                return (column, Double(field).flatMap { $0.isFinite ? JSON($0) : nil } ?? .string(field))
            }
            try add(row[0], values, "\(name), row \(number + 1)")
        }
    }

    private mutating func add(_ record: String, _ values: [(name: String, value: JSON)], _ place: String) throws {
        if let wrong = values.first(where: { $0.name.isEmpty || Self.reserved.contains($0.name) }) {
            throw ToolError(.data, "'\(wrong.name)' cannot be the name of a member: it has a meaning of its own", place: place)
        }
        guard members.updateValue(values, forKey: record) == nil else {
            throw ToolError(.data, "record '\(record)' is named a second time", place: place)
        }
    }
}
