// SPDX-License-Identifier: GPL-3.0-or-later
import ECGScore
import ECGTool

/// The tables of a reading study: votes as Storås et al. have them in Table 2, agreement as in Table 3.
struct TallyReport {
    let study: ReaderStudy
    let features: [String]
    let displays: [String]

    /// Features, and all of them together where there are several; nil stands for all.
    private var rows: [(name: String, feature: String?)] { features.map { ($0, $0) } + (features.count > 1 ? [("total", nil)] : []) }

    /// Cohen's kappa a feature and display. For people a row a feature, as in the paper; for programs a row each.
    func agreement(within: Bool, _ bootstrap: Bootstrap, level: Double, for form: Table.Form) -> Table {
        var people = Table(columns: ["feature"] + displays)
        var table = Table(columns: ["feature", "display", "between", "kappa", "low", "high", "agreement", "pairs", "readers", "items"])
        for row in rows {
            var line: [Table.Cell] = [.text(row.name)]
            for display in displays {
                let pairs =
                    within
                    ? study.withinReaders(feature: row.feature, display: display)
                    : study.betweenReaders(feature: row.feature, display: display)
                let kappa = pairs.kappa()
                let interval = kappa == nil ? nil : bootstrap.interval(level: level) { pairs.kappa(times: $0) }
                table.add([
                    .text(row.name), .text(display), .text(within ? "copies" : "readers"), kappa.map { .number($0) } ?? .missing,
                    interval.map { .number($0.lowerBound) } ?? .missing, interval.map { .number($0.upperBound) } ?? .missing,
                    kappa.map { .text(kappaBand($0)) } ?? .missing, .integer(pairs.count), .integer(study.readers.count),
                    .integer(study.items.count),
                ])
                line.append(
                    kappa.map { kappa in
                        .text(
                            Self.two(kappa) + (interval.map { " (\(Self.two($0.lowerBound)), \(Self.two($0.upperBound)))" } ?? "")
                                + ", " + kappaBand(kappa))
                    } ?? .text("-"))
            }
            people.add(line)
        }
        return form == .table ? people : table
    }

    /// How often each method was chosen; rank 1 is the most frequent.
    func votes(for form: Table.Form) -> Table {
        var people = Table(columns: ["display", "method"] + rows.map(\.name))
        var table = Table(columns: ["feature", "display", "method", "votes", "share", "rank"])
        for display in displays {
            let counts = rows.map { study.counts(feature: $0.feature, display: display) }
            for (index, method) in study.methods.enumerated() {
                people.add([.text(display), .text(method)] + counts.map { .integer($0[index]) })
            }
            for (row, count) in zip(rows, counts) {
                let sum = count.reduce(0, +)
                for (index, method) in study.methods.enumerated() {
                    table.add([
                        .text(row.name), .text(display), .text(method), .integer(count[index]),
                        sum > 0 ? .number(Double(count[index]) / Double(sum)) : .missing,

                        sum > 0 ? .integer(1 + count.filter { $0 > count[index] }.count) : .missing,
                    ])
                }
            }
        }
        return form == .table ? people : table
    }

    /// Two decimals, as in the paper.
    private static func two(_ value: Double) -> String {
        let hundredths = Int((abs(value) * 100).rounded())
        let digits = String(hundredths % 100)
        return (value < 0 && hundredths > 0 ? "-" : "") + "\(hundredths / 100)." + (digits.count < 2 ? "0" : "") + digits
    }
}
