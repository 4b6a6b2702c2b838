// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import ECGStream
import ECGTool

/// Reads maps, segments and waves out of records.
struct SegsalItems {
    /// Names of methods; empty for all that a record has.
    let maps: [String]
    let segment: Double
    let byPosition: Bool
    let raw: Bool
    let withPadding: Bool
    let byWave: Bool

    private static let prefix = "attr/"

    /// What a record says of its time axis.
    private struct Frame {
        let leads: [String]
        let samples: Range<Int>
        let segments: [BeatSegments.Segment]
        let waves: [WaveShares.Waves]
    }

    /// The record's value in each part of each lead and map.
    func profile(_ record: Record, _ summary: ProfileSummary) throws -> BeatProfile {
        var profile = BeatProfile()
        if !byWave, let stored = try StoredSegments(record, maps: maps, segment: segment, raw: raw, withPadding: withPadding) {
            for (name, means) in stored.maps {
                let number = summary.number(ofMap: name)
                for (position, row) in means.enumerated() {
                    let lead = summary.number(ofLead: byPosition ? String(position + 1) : stored.leads[position])
                    for (i, value) in row.enumerated() {
                        profile.values.append(.init(map: number, lead: lead, part: stored.numbers[i], value: value))
                    }
                }
            }
            return profile
        }
        try eachMap(record) { name, frame, map in
            let number = summary.number(ofMap: name)
            let values = byWave ? WaveShares.shares(map, waves: frame.waves, samples: frame.samples) : map.means(frame.segments)
            for (position, row) in values.enumerated() {
                let lead = summary.number(ofLead: byPosition ? String(position + 1) : frame.leads[position])
                for (i, value) in row.enumerated() {
                    profile.values.append(.init(map: number, lead: lead, part: byWave ? i : frame.segments[i].number, value: value))
                }
            }
        }
        return profile
    }

    /// The record with `segsal/METHOD` [lead,segment] beside each map, and the segments in its meta.
    func withSegments(_ record: Record) throws -> Record {
        var result = record
        try eachMap(record) { name, frame, map in
            let means = map.means(frame.segments)
            result["segsal/" + name] = Tensor(
                "segsal/" + name, means.joined().map { Float($0) }, shape: [means.count, frame.segments.count], axes: ["lead", "segment"])
            result.meta["segments"] = [
                "name": JSON(frame.segments.map(\.name)), "from": JSON(frame.segments.map(\.samples.lowerBound)),
                "to": JSON(frame.segments.map(\.samples.upperBound)), "seconds": JSON(segment), "raw": JSON(raw),
                "padding": JSON(withPadding),
            ]
        }
        return result
    }

    private func eachMap(_ record: Record, _ body: (_ name: String, Frame, ItemMap) throws -> Void) throws {
        let tensors =
            maps.isEmpty
            ? record.tensors.filter { $0.name.hasPrefix(Self.prefix) }
            : try maps.map { name in
                guard let tensor = record[Self.prefix + name] else { throw ToolError(.data, "has no map '\(name)'", record: record.key) }
                return tensor
            }
        guard let first = tensors.first else { throw ToolError(.data, "has no maps: no tensor 'attr/METHOD'", record: record.key) }
        let frame = try frame(record, first)
        for tensor in tensors {
            var map = try ItemMap(tensor.floats(), shape: tensor.shape, leads: frame.leads.count)
            guard frame.samples.upperBound <= map.length else {
                throw ToolError(
                    .data, "map '\(tensor.name)' has the shape \(tensor.shape), and '\(first.name)' \(first.shape)", record: record.key)
            }
            if !raw && !byWave { map.scaleToRange(samples: frame.samples) }
            try body(String(tensor.name.dropFirst(Self.prefix.count)), frame, map)
        }
    }

    private func frame(_ record: Record, _ tensor: Tensor) throws -> Frame {
        guard tensor.shape.count == 2, tensor.count > 0 else {
            throw ToolError(.data, "map '\(tensor.name)' has the shape \(tensor.shape), not [lead,time]", record: record.key)
        }
        let leads = record.leads ?? (0..<tensor.shape[0]).map { String($0 + 1) }
        guard !leads.isEmpty, tensor.count % leads.count == 0 else {
            throw ToolError(
                .data, "map '\(tensor.name)' has the shape \(tensor.shape), and the record \(leads.count) leads", record: record.key)
        }
        let window = tensor.count / leads.count
        let before = min(max(record.meta["pad_before"]?.int ?? 0, 0), window)
        let length = min(max(record.length ?? window, 0), window - before)
        let samples = withPadding ? 0..<window : before..<before + length
        if byWave {
            return Frame(leads: leads, samples: samples, segments: [], waves: try RecordWaves.waves(record, leads: leads))
        }
        guard let r = record.r else {
            throw ToolError(.data, "has no R peak ('r'); cut beats with ecg-beats or ecg-median", record: record.key)
        }
        guard let fs = record.fs else { throw ToolError(.data, "has no sampling frequency ('fs')", record: record.key) }
        return Frame(
            leads: leads, samples: samples, segments: try BeatSegments(samples: samples, r: r, fs: fs, seconds: segment).segments, waves: []
        )
    }
}
