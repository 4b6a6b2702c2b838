// SPDX-License-Identifier: GPL-3.0-or-later
import ECGStream
import ECGTool

/// The meta that fits a table, a row a record.
///
/// The header must come before the rows, so the columns are those of the first records; what turns up later for the first time is named in a
/// warning.
enum CSVExport {
    /// Records that are looked at before the header is written.
    private static let lookahead = 1000

    static func run(_ stage: Stage) throws {
        let output = try stage.text
        var columns: [String] = []
        var known: Set<String> = []
        var first: [[(name: String, value: JSON)]] = []
        while first.count < lookahead, let frame = try stage.nextFrame() {
            let row = try frame.meta().scalars
            for cell in row where known.insert(cell.name).inserted { columns.append(cell.name) }
            first.append(row)
        }
        if columns.isEmpty { columns = ["key"] }
        known.insert("key")
        try output.write(columns.map(Table.quoted).joined(separator: ",") + "\n")
        for row in first { try write(row, columns, output) }
        while let frame = try stage.nextFrame() {
            let meta = try frame.meta()
            let row = meta.scalars
            for cell in row where known.insert(cell.name).inserted {
                stage.warn("'\(cell.name)' comes too late to have a column; use --to jsonl", record: meta["key"]?.string)
            }
            try write(row, columns, output)
        }
    }

    private static func write(_ row: [(name: String, value: JSON)], _ columns: [String], _ output: ByteOutput) throws {
        let cells = columns.map { column -> String in
            guard let value = row.first(where: { $0.name == column })?.value, !value.isNull else { return "" }
            return Table.quoted(value.string ?? value.text)
        }
        try output.write(cells.joined(separator: ",") + "\n")
    }
}
