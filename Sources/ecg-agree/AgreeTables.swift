// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import ECGTool

/// The tables that correlations become.
struct AgreeTables {
    /// Both sides of the mean over all pairs of models.
    static let every = "all"

    private let rows: [AgreementTable.Row]

    init(_ rows: [AgreementTable.Row]) { self.rows = rows }

    private func cell(_ value: Double?) -> Table.Cell { value.map { .number($0) } ?? .missing }

    /// A row a pair.
    private var pairs: Table {
        var table = Table(columns: ["class", "map", "a", "b", "mean", "sd", "n", "constant"])
        for row in rows {
            table.add([
                .text(row.cell.group), row.cell.map.map { .text($0) } ?? .missing, .text(row.cell.a), .text(row.cell.b),
                cell(row.correlations.mean), cell(row.correlations.deviation), .integer(row.correlations.count), .integer(row.constant),
            ])
        }
        return table
    }

    /// Between methods: for people the matrix, mean and standard deviation in each cell.
    func methods(for form: Table.Form) -> Table {
        guard form == .table else { return pairs }
        var groups: [String] = []
        var names: [String] = []
        for row in rows {
            if !groups.contains(row.cell.group) { groups.append(row.cell.group) }
            if !names.contains(row.cell.a) { names.append(row.cell.a) }
        }
        let isOne = groups.count < 2
        var table = Table(columns: (isOne ? [] : ["class"]) + ["map"] + names + ["n", "constant"])
        for group in groups {
            for a in names {
                let own = rows.filter { $0.cell.group == group && $0.cell.a == a }
                let cells: [Table.Cell] = names.map { b in
                    own.first { $0.cell.b == b }.map { row in
                        a == b ? .text("1") : .text(Self.shown(row))
                    } ?? .missing
                }
                let diagonal = own.first { $0.cell.b == a }
                table.add(
                    (isOne ? [] : [.text(group)]) + [.text(a)] + cells + [
                        .integer(diagonal?.correlations.count ?? 0), .integer(diagonal?.constant ?? 0),
                    ])
            }
        }
        return table
    }

    /// Between models.
    func models(for form: Table.Form) -> Table { pairs }

    private static func shown(_ row: AgreementTable.Row) -> String {
        func two(_ value: Double) -> String {
            let hundredths = Int((abs(value) * 100).rounded())
            let digits = String(hundredths % 100)
            return (value < 0 && hundredths > 0 ? "-" : "") + "\(hundredths / 100)." + (digits.count < 2 ? "0" : "") + digits
        }
        guard let mean = row.correlations.mean else { return "-" }
        return two(mean) + (row.correlations.deviation.map { " ±" + two($0) } ?? "")
    }
}
