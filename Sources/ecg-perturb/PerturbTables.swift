// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import ECGTool

/// The tables that curves become.
enum PerturbTables {
    private static func cell(_ value: Double?) -> Table.Cell { value.map { .number($0) } ?? .missing }

    /// A row a figure, step and curve.
    static func curves(_ points: [CurveSummary.Point]) -> Table {
        var table = Table(columns: ["method", "order", "step", "metric", "value", "low", "high"])
        for point in points {
            table.add([
                .text(point.curve.method), .text(point.curve.order.rawValue), .integer(point.step), .text(point.metric.rawValue),
                cell(point.value), cell(point.interval?.lowerBound), cell(point.interval?.upperBound),
            ])
        }
        return table
    }

    /// A row a figure and curve: its area, and how far that is from the random order's.
    static func areas(_ areas: [CurveSummary.Area]) -> Table {
        var table = Table(columns: [
            "method", "order", "metric", "to", "area", "low", "high", "over_random", "over_random_low", "over_random_high", "n",
        ])
        for area in areas {
            table.add([
                .text(area.curve.method), .text(area.curve.order.rawValue), .text(area.metric.rawValue), .integer(area.to), cell(area.area),
                cell(area.interval?.lowerBound), cell(area.interval?.upperBound), cell(area.overRandom),
                cell(area.overRandomInterval?.lowerBound), cell(area.overRandomInterval?.upperBound), .integer(area.items),
            ])
        }
        return table
    }

    /// A row a curve, its areas side by side.
    static func people(_ areas: [CurveSummary.Area]) -> Table {
        var places: [String] = []
        var curves: [PerturbationCurve] = []
        for area in areas {
            let place = "\(area.metric.rawValue) area-\(area.to)"
            if !places.contains(place) { places.append(place) }
            if !curves.contains(area.curve) { curves.append(area.curve) }
        }
        var table = Table(columns: ["method", "order"] + places.flatMap { [$0, "over random", "(low", "high)"] } + ["n"])
        for curve in curves {
            var row: [Table.Cell] = [.text(curve.method), .text(curve.order.rawValue)]
            let own = areas.filter { $0.curve == curve }
            for area in own {
                row += [
                    cell(area.area), cell(area.overRandom), cell(area.overRandomInterval?.lowerBound),
                    cell(area.overRandomInterval?.upperBound),
                ]
            }
            table.add(row + [.integer(own.first?.items ?? 0)])
        }
        return table
    }
}
