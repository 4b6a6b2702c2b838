// SPDX-License-Identifier: GPL-3.0-or-later
import ECGRandom
import ECGScore
import ECGStream
import ECGTool

/// The errors of a regression as a table: a row a target.
struct RegressionReport {
    let tool: EvalTool
    let targets: [String]

    private struct Sums {
        var groups: [String: [RegressionErrors]] = [:]
        var missing: [Int]
    }

    func table(_ stage: Stage) throws -> Table {
        var sums = Sums(missing: targets.map { _ in 0 })
        try stage.forEach { try take($0, &sums) }
        for (target, count) in zip(targets, sums.missing) where count > 0 {
            stage.warnAtEnd("\(count) items without '\(target)' are left out")
        }
        let groups = sums.groups.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let rows = groups.map { sums.groups[$0] ?? [] }
        func figures(_ times: [Int]?) -> [Double?] {
            targets.indices.flatMap { index in
                var total = RegressionErrors()
                for (group, row) in rows.enumerated() where times?[group] != 0 { total.add(row[index], times: times?[group] ?? 1) }
                return [total.meanAbsolute, total.rootMeanSquare, total.meanAbsolutePercentage]
            }
        }
        let values = figures(nil)
        let counts = targets.indices.map { index in rows.reduce(0) { $0 + $1[index].count } }
        guard tool.intervals else {
            var table = Table(columns: ["target", "n", "mae", "rmse", "mape"])
            for (index, target) in targets.enumerated() {
                table.add([.text(target), .integer(counts[index])] + (0..<3).map { cell(values[3 * index + $0]) })
            }
            return table
        }
        var intervals: [ClosedRange<Double>?] = values.map { _ in nil }
        if groups.count > 1 {
            let random = RandomSource(seed: stage.seed, purpose: "bootstrap over records")
            let bootstrap = Bootstrap(groups: groups.count, count: tool.resamples) { resampling, draw in
                random.integer(UInt64(resampling) << 32 | UInt64(draw), below: groups.count)
            }
            intervals = bootstrap.intervals(level: tool.level, figures)
        } else if !groups.isEmpty {
            stage.warnAtEnd("all items are of one record: no intervals")
        }
        var table = Table(columns: ["target", "n", "figure", "value", "low", "high"])
        for (index, target) in targets.enumerated() {
            for (place, name) in ["mae", "rmse", "mape"].enumerated() {
                let at = 3 * index + place
                table.add([
                    .text(target), .integer(counts[index]), .text(name), cell(values[at]), cell(intervals[at]?.lowerBound),
                    cell(intervals[at]?.upperBound),
                ])
            }
        }
        return table
    }

    private func take(_ record: Record, _ sums: inout Sums) throws {
        let name = tool.scores ?? "logits"
        guard let tensor = record[name] else { throw ToolError(.data, "the item has no tensor '\(name)'", record: record.key) }
        let values = tensor.doubles()
        guard values.count == targets.count else {
            throw ToolError(.data, "'\(name)' has \(values.count) values for \(targets.count) targets", record: record.key)
        }
        if let place = values.firstIndex(where: { !$0.isFinite }) {
            throw ToolError(.data, "value \(place) of '\(name)' is not a finite number", record: record.key)
        }
        var row = sums.groups[tool.unit(record)] ?? targets.map { _ in RegressionErrors() }
        for (index, target) in targets.enumerated() {
            guard let truth = record.meta.value(at: target), !truth.isNull else {
                sums.missing[index] += 1
                continue
            }
            guard let truth = truth.double ?? truth.string.flatMap({ Double($0) }), truth.isFinite else {
                throw ToolError(.data, "'\(target)' is not a number", record: record.key)
            }
            row[index].add(truth: truth, predicted: values[index])
        }
        sums.groups[tool.unit(record)] = row
    }

    private func cell(_ value: Double?) -> Table.Cell { value.map { .number($0) } ?? .missing }
}
