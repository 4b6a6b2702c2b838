// SPDX-License-Identifier: GPL-3.0-or-later
import ECGStream

/// A table with a header line (RFC 4180), as the tools of the suite write it.
public struct CSVTable {
    /// The file's name, for messages.
    public let name: String
    public let columns: [String]
    public private(set) var rows: [[String]] = []

    private static let most = 64 << 20

    /// Reads the one operand, or standard input, of at most 64 MiB.
    public init(_ inputs: [StreamInput], _ stage: Stage) throws {
        guard let input = inputs.first, inputs.count == 1 else { throw ToolError(.usage, "one table is wanted") }
        try stage.refuseTerminal(input)
        let path: String
        switch input {
        case .standardInput: path = "-"
        case .file(let file): path = file
        }
        try self.init(try TextFile.bytes(of: path, limit: Self.most), name: input.name)
    }

    /// Reads a file, of at most 64 MiB; `-` is standard input.
    public init(path: String) throws {
        try self.init(try TextFile.bytes(of: path, limit: Self.most), name: path == "-" ? "standard input" : path)
    }

    public init(_ bytes: [UInt8], name: String) throws {
        self.name = name
        var lines = try Self.lines(bytes, name)
        guard !lines.isEmpty else { throw ToolError(.data, "the table is empty (the stage before failed?)", place: name) }
        columns = lines.removeFirst()
        for (number, line) in lines.enumerated() {
            guard line.count == columns.count else {
                throw ToolError(.data, "row \(number + 1) has \(line.count) fields, and the header \(columns.count)", place: name)
            }
        }
        rows = lines
    }

    private static func lines(_ bytes: [UInt8], _ name: String) throws -> [[String]] {
        guard bytes.first != 0x89 else { throw ToolError(.data, "this is an ecg-stream, and a table (CSV) is wanted", place: name) }
        var lines: [[String]] = []
        var line: [String] = []
        var field: [UInt8] = []
        var isQuoted = false
        var index = 0
        func text(_ field: [UInt8]) -> String { String(decoding: field, as: UTF8.self) }
        func end(_ lines: inout [[String]], _ line: inout [String], _ field: inout [UInt8]) {
            if !line.isEmpty || !field.isEmpty { lines.append(line + [text(field)]) }
            line = []
            field = []
        }
        // A byte order mark is no part of the first column's name.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
        while index < bytes.count {
            let byte = bytes[index]
            if isQuoted {
                if byte != 0x22 {
                    field.append(byte)
                } else if index + 1 < bytes.count, bytes[index + 1] == 0x22 {
                    field.append(byte)
                    index += 1
                } else {
                    isQuoted = false
                }
            } else {
                switch byte {
                case 0x22 where field.isEmpty: isQuoted = true
                case 0x2C:
                    line.append(text(field))
                    field = []
                case 0x0A: end(&lines, &line, &field)
                case 0x0D: break
                default: field.append(byte)
                }
            }
            index += 1
        }
        guard !isQuoted else { throw ToolError(.data, "a field in quotes does not end", place: name) }
        end(&lines, &line, &field)
        return lines
    }

    /// The place of the first of some columns that is there.
    public func column(_ names: String...) -> Int? { names.lazy.compactMap { columns.firstIndex(of: $0) }.first }

    /// - Throws: `ToolError` that says which columns there are.
    public func require(_ names: String...) throws -> Int {
        if let place = names.lazy.compactMap({ columns.firstIndex(of: $0) }).first { return place }
        throw ToolError(
            .data, "no column '\(names.joined(separator: "' or '"))': the columns are \(columns.prefix(20).joined(separator: ","))",
            place: name)
    }

    /// A field as a number; NaN where the field is empty.
    public func number(_ row: Int, _ column: Int) throws -> Double {
        let field = rows[row][column]
        if field.isEmpty { return .nan }
        guard let value = Double(field) else {
            throw ToolError(.data, "row \(row + 1), column '\(columns[column])': '\(field)' is not a number", place: name)
        }
        return value
    }

    /// A field as a count.
    public func count(_ row: Int, _ column: Int) throws -> Int {
        let value = try number(row, column)
        guard value >= 0, value < 1e15, value == value.rounded() else {
            throw ToolError(.data, "row \(row + 1), column '\(columns[column])': '\(rows[row][column])' is not a count", place: name)
        }
        return Int(value)
    }
}
