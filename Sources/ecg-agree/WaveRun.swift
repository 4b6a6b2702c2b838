// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import ECGScore
import ECGStream
import ECGTool

/// How much of each map lies in each part of the beat.
final class WaveRun {
    private struct Place: Hashable {
        let group: String
        let map: String
        let part: WaveShares.Part
    }

    private struct Sums {
        var area = RunningMoments()
        var mass = RunningMoments()
        var hit = RunningMoments()
        var rank = RunningMoments()
        var constant = 0
    }

    private let tool: AgreeTool
    private let parts: [WaveShares.Part]
    private let smoothing: MapSmoothing?
    private var order: [Place] = []
    private var sums: [Place: Sums] = [:]

    init(_ tool: AgreeTool, _ parts: [WaveShares.Part], smoothing: MapSmoothing?) {
        (self.tool, self.parts, self.smoothing) = (tool, parts, smoothing)
    }

    func add(_ record: Record) throws {
        let names = tool.map.isEmpty ? record.mapNames : tool.map
        guard !names.isEmpty else { throw ToolError(.data, "has no maps: no tensor 'attr/METHOD'", record: record.key) }
        for name in names {
            let tensor = try record.map(name)
            let (leads, length) = try record.layout(of: tensor)
            let samples = tool.withPadding ? 0..<length : record.signalSamples(of: length)
            let plain = tensor.floats()
            let map = try smoothing.map { try $0(plain, leads: leads) } ?? plain
            let marks = try (0..<leads).map { lead in
                let own = tool.leadWaves ? lead : nil
                let waves = WaveShares.Waves(
                    p: try record.wave("P", lead: own), qrs: try record.wave("QRS", lead: own), t: try record.wave("T", lead: own))
                return WaveShares.parts(waves, length: length)
            }
            let values = (0..<leads).flatMap { lead in map[lead * length..<(lead + 1) * length][offset: samples] }
            for part in parts {
                let inside = marks.flatMap { $0[samples].map { $0 == part } }
                // an item without the wave says nothing of it
                guard inside.contains(true) else { continue }
                let found = Localisation(values, inside: inside)
                for group in tool.groups(record) { keep(found, Place(group: group, map: name, part: part)) }
            }
        }
    }

    private func keep(_ found: Localisation?, _ place: Place) {
        if sums[place] == nil { order.append(place) }
        var own = sums[place] ?? Sums()
        if let found {
            own.area.add(found.area)
            own.mass.add(found.mass)
            own.hit.add(found.hit)
            own.rank.add(found.rankAccuracy)
        } else {
            own.constant += 1
        }
        sums[place] = own
    }

    var table: Table {
        var table = Table(columns: ["class", "map", "wave", "area", "mass", "mass_sd", "pointing", "rank_accuracy", "n", "constant"])
        func cell(_ value: Double?) -> Table.Cell { value.map { .number($0) } ?? .missing }
        for place in order {
            guard let own = sums[place] else { continue }
            table.add([
                .text(place.group), .text(place.map), .text(place.part.name), cell(own.area.mean), cell(own.mass.mean),
                cell(own.mass.deviation), cell(own.hit.mean), cell(own.rank.mean), .integer(own.mass.count), .integer(own.constant),
            ])
        }
        return table
    }
}

extension ArraySlice {
    /// Elements by their distance from the slice's start.
    subscript(offset range: Range<Int>) -> ArraySlice { self[startIndex + range.lowerBound..<startIndex + range.upperBound] }
}
