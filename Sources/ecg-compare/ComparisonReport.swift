// SPDX-License-Identifier: GPL-3.0-or-later
import ECGScore
import ECGTool

/// The lines of all records, as bxb -l has them, and what sumstats makes of them.
struct ComparisonReport {
    /// bxb's columns: capital letters are the reference's classes, small ones the test's; n' stands for all but v.
    static let counts = ["Nn'", "Vn'", "Fn'", "On'", "Nv", "Vv", "Fv'", "Ov'", "No'", "Vo'", "Fo'"]
    static let shares = ["Q Se", "Q +P", "V Se", "V +P"]
    static let errors = ["RR err", "time err", "bias", "SD"]

    private struct Line {
        var name: String
        var counts: [Int]
        /// In per cent; nil where there is nothing to divide by.
        var shares: [Double?]
        /// In milliseconds.
        var errors: [Double?]
    }

    private var records: [Line] = []

    mutating func add(_ name: String, _ comparison: BeatComparison, frequency: Double) {
        let v = BeatClass.ventricular.rawValue
        func notV(_ row: [Int]) -> Int { row.reduce(0, +) - row[v] }
        let rows = [[BeatClass.normal], [.ventricular], [.fusion, .unknown]].map { $0.map(\.rawValue) }
        func sum(_ rows: [Int], _ value: (Int) -> Int) -> Int { rows.reduce(0) { $0 + value($1) } }
        let pairs = comparison.pairs
        let counts =
            rows.map { sum($0) { notV(pairs[$0]) } } + [notV(comparison.extra)] + rows.map { sum($0) { pairs[$0][v] } }
            + [comparison.extra[v]] + rows.map { sum($0) { comparison.missed[$0] } }
        let milliseconds = 1000 / frequency
        let errors = [comparison.intervalError, comparison.meanAbsoluteError, comparison.meanError, comparison.errorDeviation]
        records.append(
            Line(name: name, counts: counts, shares: Self.shares(of: counts), errors: errors.map { $0.map { $0 * milliseconds } }))
    }

    /// Q Se, Q +P, V Se, V +P of a line's counts.
    private static func shares(of c: [Int]) -> [Double?] {
        let found = c[0] + c[1] + c[2] + c[4] + c[5] + c[6]
        func share(_ part: Int, _ whole: Int) -> Double? { whole > 0 ? 100 * Double(part) / Double(whole) : nil }
        return [
            share(found, found + c[8] + c[9] + c[10]), share(found, found + c[3] + c[7]), share(c[5], c[1] + c[5] + c[9]),
            share(c[5], c[4] + c[5] + c[6] + c[7]),
        ]
    }

    private var sum: [Int] { Self.counts.indices.map { column in records.reduce(0) { $0 + $1.counts[column] } } }

    private func average(_ values: [Double?]) -> Double? {
        let present = values.compactMap { $0 }
        return present.isEmpty ? nil : present.reduce(0, +) / Double(present.count)
    }

    /// Sum and gross values in one line, averages over the records in the other.
    private var totals: [Line] {
        let averageErrors = Self.errors.indices.map { column in average(records.map { $0.errors[column] }) }
        let averageShares = Self.shares.indices.map { column in average(records.map { $0.shares[column] }) }
        return [
            Line(name: "Gross", counts: sum, shares: Self.shares(of: sum), errors: Self.errors.map { _ in nil }),
            Line(name: "Average", counts: [], shares: averageShares, errors: averageErrors),
        ]
    }

    /// Whether gross sensitivity and positive predictivity reach a fraction.
    func reaches(_ share: Double) -> Bool {
        let gross = Self.shares(of: sum)
        return (gross[0] ?? 0) >= 100 * share && (gross[1] ?? 100) >= 100 * share
    }

    /// For people: aligned, shares in per cent, errors in milliseconds.
    var lines: String {
        let header = ["Record"] + Self.counts + Self.shares + Self.errors
        let rows = (records + totals).map { line in
            [line.name] + (line.counts.isEmpty ? Self.counts.map { _ in "" } : line.counts.map(String.init))
                + line.shares.map { Self.text($0, decimals: 2) } + line.errors.map { Self.text($0, decimals: 1) }
        }
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        return ([header] + rows).map { row in
            var line = row[0] + String(repeating: " ", count: widths[0] - row[0].count)
            for column in 1..<row.count { line += String(repeating: " ", count: widths[column] + 1 - row[column].count) + row[column] }
            return line + "\n"
        }.joined()
    }

    /// For programs.
    var table: Table {
        var table = Table(columns: ["record"] + Self.counts + Self.shares + Self.errors)
        for line in records + totals {
            let counts: [Table.Cell] = line.counts.isEmpty ? Self.counts.map { _ in .missing } : line.counts.map { .integer($0) }
            table.add([.text(line.name)] + counts + (line.shares + line.errors).map { $0.map { .number($0) } ?? .missing })
        }
        return table
    }

    private static func text(_ value: Double?, decimals: Int) -> String {
        guard let value, value.isFinite, abs(value) < 1e12 else { return "-" }
        let scale = decimals == 2 ? 100.0 : 10.0
        let scaled = Int((value.magnitude * scale).rounded())
        let fraction = String(scaled % Int(scale))
        let sign = value < 0 && scaled > 0 ? "-" : ""
        return sign + String(scaled / Int(scale)) + "." + String(repeating: "0", count: decimals - fraction.count) + fraction
    }
}
