// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGStream

/// Rows for people or programs: aligned text, CSV with one header line and full precision, or JSON with the same rows.
///
///     @Option(name: .customLong("as"), help: .init("table, csv or json.", valueName: "form")) var form: Table.Form = .table
public struct Table: Sendable {
    public enum Form: String, ExpressibleByArgument, CaseIterable, Sendable { case table, csv, json }

    public enum Cell: Sendable, Equatable {
        case text(String)
        case integer(Int)
        /// Not finite is empty in CSV and null in JSON.
        case number(Double)
        case single(Float)
        case missing
    }

    public let columns: [String]
    public private(set) var rows: [[Cell]] = []
    /// Digits that matter to people; CSV and JSON are always exact.
    public var digits = 4

    public init(columns: [String]) { self.columns = columns }

    /// Adds a row, a cell a column.
    public mutating func add(_ row: [Cell]) {
        precondition(row.count == columns.count)
        rows.append(row)
    }

    /// The whole table as text.
    public func text(as form: Form) -> String {
        switch form {
        case .table: aligned
        case .csv: ([columns.map(Self.quoted)] + rows.map { $0.map(Self.csv) }).map { $0.joined(separator: ",") + "\n" }.joined()
        case .json:
            rows.isEmpty
                ? "[]\n"
                : "[" + rows.map { JSON.object(JSON.Object(Array(zip(columns, $0.map(\.json))))).text }.joined(separator: ",\n ") + "]\n"
        }
    }

    private var aligned: String {
        let cells = rows.map { $0.map { $0.shown(digits: digits) } }
        let widths = columns.indices.map { column in max(columns[column].count, cells.map { $0[column].count }.max() ?? 0) }
        let isText = columns.indices.map { column in rows.contains { if case .text = $0[column] { true } else { false } } }
        func line(_ row: [String]) -> String {
            var line = ""
            for (column, cell) in row.enumerated() {
                let space = String(repeating: " ", count: widths[column] - cell.count)
                line += (column > 0 ? "  " : "") + (isText[column] ? cell + space : space + cell)
            }
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }
        return ([columns] + cells).map(line).joined()
    }

    private static func csv(_ cell: Cell) -> String {
        switch cell {
        case .text(let text): quoted(text)
        case .missing: ""
        default: cell.json.isNull ? "" : cell.json.text
        }
    }

    /// A CSV field (RFC 4180).
    public static func quoted(_ field: String) -> String {
        guard field.utf8.contains(where: { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }) else { return field }
        return "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}

extension Table.Cell {
    var json: JSON {
        switch self {
        case .text(let text): .string(text)
        case .integer(let value): JSON(value)
        case .number(let value): JSON(value)
        case .single(let value): JSON(value)
        case .missing: .null
        }
    }

    func shown(digits: Int) -> String {
        switch self {
        case .text(let text): text
        case .integer(let value): String(value)
        case .number(let value): Self.rounded(value, digits)
        case .single(let value): Self.rounded(Double(value), digits)
        case .missing: "-"
        }
    }

    /// `7.83e-05`.
    private static func scientific(_ magnitude: Double, _ digits: Int) -> String {
        var mantissa = magnitude
        var exponent = 0
        while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
        while mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
        var text = rounded(mantissa, digits)
        // 9.996 to three digits
        if text.hasPrefix("10") { (text, exponent) = (rounded(1, digits), exponent + 1) }
        return text + (exponent < 0 ? "e-" : "e+") + (abs(exponent) < 10 ? "0" : "") + String(abs(exponent))
    }

    /// A number to so many significant digits, without an exponent where people would not write one.
    private static func rounded(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return "-" }
        guard value != 0 else { return "0" }
        let magnitude = abs(value)
        guard magnitude >= 1e-4, magnitude < 1e15 else { return (value < 0 ? "-" : "") + scientific(magnitude, digits) }
        var decimals = digits - 1
        var scale = 1.0
        while magnitude >= scale * 10, decimals > 0 {
            scale *= 10
            decimals -= 1
        }
        while magnitude < scale {
            scale /= 10
            decimals += 1
        }
        var power = 1.0
        for _ in 0..<decimals { power *= 10 }
        let scaled = (magnitude * power).rounded()
        let whole = Int((scaled / power).rounded(.down))
        var text = String(Int(scaled - Double(whole) * power))
        while text.count < decimals { text = "0" + text }
        return (value < 0 ? "-" : "") + String(whole) + (decimals > 0 ? "." + text : "")
    }
}

extension Stage {
    /// Writes a table to standard output or `-o`. Call it after `next()` has returned `nil`.
    public func write(_ table: Table, as form: Table.Form) throws { try text.write(table.text(as: form)) }
}
