// SPDX-License-Identifier: GPL-3.0-or-later
import ECGPlot
import ECGStream
import ECGTool

/// Reads what a figure shows out of records.
struct Items {
    /// Names or numbers of leads, in the order to be shown; empty for all.
    let leads: [String]
    let withPadding: Bool

    /// A beat, a median beat, or a part of a recording.
    struct Item {
        let key: String
        let about: String
        let fs: Double
        /// The R peak among the samples shown.
        let origin: Int?
        let leads: [Lead]
        /// Which of the record's leads these are, how many samples each has there, and which of those are shown.
        let chosen: [Int]
        let window: Int
        let samples: Range<Int>
    }

    func item(_ record: Record) throws -> Item {
        let layout = try SignalLayout(record, isBeat: true)
        let (values, time) = try layout.beat(record)
        let samples = shown(record, time)
        let chosen = try choose(layout.leads, record.key)
        return Item(
            key: record.key, about: Self.about(record), fs: layout.fs,
            origin: record.r.flatMap { samples.contains($0) ? $0 - samples.lowerBound : nil },
            leads: chosen.map { lead in
                Lead(
                    layout.leads[lead], unit: layout.units[lead],
                    samples: Array(values[lead * time + samples.lowerBound..<lead * time + samples.upperBound]))
            }, chosen: chosen, window: time, samples: samples)
    }

    /// A map of the item's record, as far as the item shows it.
    func map(_ name: String, _ record: Record, _ item: Item) throws -> HeatMap {
        guard let tensor = record["attr/" + name] else { throw ToolError(.data, "has no map '\(name)'", record: record.key) }
        let values = tensor.floats()
        let rows = values.count / max(1, item.window)
        guard item.window > 0, values.count % item.window == 0, item.chosen.allSatisfy({ $0 < rows }) else {
            throw ToolError(.data, "map '\(name)' has the shape \(tensor.shape), which is not the signal's", record: record.key)
        }
        return HeatMap(
            name,
            values: item.chosen.map { lead in
                Array(values[lead * item.window + item.samples.lowerBound..<lead * item.window + item.samples.upperBound])
            })
    }

    static func mapNames(_ record: Record) -> [String] {
        record.tensors.map(\.name).filter { $0.hasPrefix("attr/") }.map { String($0.dropFirst(5)) }
    }

    /// Padding is no signal, and is left out as in ecg-segsal.
    private func shown(_ record: Record, _ time: Int) -> Range<Int> {
        if withPadding { return 0..<time }
        let before = min(max(record.meta["pad_before"]?.int ?? 0, 0), time)
        let length = min(max(record.length ?? time, 0), time - before)
        return length > 0 ? before..<before + length : 0..<time
    }

    /// - Throws: `ToolError` where a lead that was asked for isn't there.
    func choose(_ names: [String], _ key: String) throws -> [Int] {
        guard !leads.isEmpty else { return Array(names.indices) }
        return try leads.map { wanted in
            if let index = names.firstIndex(of: wanted) ?? names.firstIndex(where: { $0.lowercased() == wanted.lowercased() }) {
                return index
            }
            if let number = Int(wanted), (1...names.count).contains(number) { return number - 1 }
            throw ToolError(.data, "has no lead '\(wanted)': its leads are \(names.prefix(15).joined(separator: ", "))", record: key)
        }
    }

    /// What is known of an item's classes.
    static func about(_ record: Record) -> String {
        switch (record.label, record.predicted) {
        case (let label?, let predicted?): "labelled \(label), predicted \(predicted)"
        case (let label?, nil): "labelled \(label)"
        case (nil, let predicted?): "predicted \(predicted)"
        case (nil, nil): ""
        }
    }
}
