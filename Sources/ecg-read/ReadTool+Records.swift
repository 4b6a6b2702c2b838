// SPDX-License-Identifier: GPL-3.0-or-later
import ECGFormats
import ECGStream
import ECGTool

extension ReadTool {
    func readRecord(_ operand: Operand, _ stage: Stage) throws {
        let chosen = selection.map(Self.names)
        let record: WFDBRecord
        switch operand.format {
        case .edf: record = try WFDBRecord(edf: operand.path, selection: chosen, highResolution: highRes)
        default: record = try WFDBRecord(path: operand.path, selection: chosen, highResolution: highRes)
        }
        var marks: PartAnnotations?
        if let annotations {
            let path = "\(operand.format == .wfdb ? WFDBPath.record(operand.path) : operand.path).\(annotations)"
            marks = try PartAnnotations(path: path, record: record)
        }
        var meta: [(String, JSON)] = []
        if let time = record.header.baseTime { meta.append(("base_time", .string(time))) }
        if let date = record.header.baseDate { meta.append(("base_date", .string(date))) }
        if !record.header.comments.isEmpty { meta.append(("comments", JSON(record.header.comments))) }
        try write(WFDBRecording(record), key: operand.key, meta: meta, marks: marks, stage)
    }

    func readTable(_ operand: Operand, _ stage: Stage) throws {
        let file = try CSVRecording(path: operand.path)
        let signal = try CSVSignal(
            file, frequency: fs ?? 0, units: unitNames(count: file.leads.count, place: operand.path), selection: selection.map(Self.names))
        try write(signal, key: operand.key, meta: [], marks: nil, stage)
    }

    func readArray(_ operand: Operand, labels: [String]?, left: inout Int, _ stage: Stage) throws {
        let array = try ArrayRecording(path: operand.path)
        if let labels, labels.count != array.items {
            throw ToolError(.data, "\(labels.count) labels for \(array.items) items", place: operand.path)
        }
        let names = leads.map(Self.names) ?? (0..<array.leads).map(String.init)
        let units = try unitNames(count: array.leads, place: operand.path)
        for item in 0..<array.items where left > 0 {
            left -= 1
            let key = operand.key.isEmpty ? "\(item)" : "\(operand.key)/\(item)"
            let signal = try ArrayItem(
                array, item: item, frequency: fs ?? 0, names: names, units: units, selection: selection.map(Self.names), place: operand.path
            )
            let meta: [(String, JSON)] = labels.map { [("label", .string($0[item]))] } ?? []
            do {
                try write(signal, key: key, meta: meta, marks: nil, stage)
            } catch {
                try stage.failed(key, error.mapped)
            }
        }
    }

    private func unitNames(count: Int, place: String) throws -> [String] {
        let names = Self.names(units)
        guard names.count == 1 || names.count == count else {
            throw ToolError(.data, "\(names.count) units for \(count) leads", place: place)
        }
        return names
    }

    /// Writes a recording's parts, each with the annotations that lie in it.
    private func write(_ recording: any Recording, key: String, meta: [(String, JSON)], marks: PartAnnotations?, _ stage: Stage) throws {
        let first = try sample(from, at: recording.frequency, of: "-f") ?? 0
        let last = try sample(to, at: recording.frequency, of: "-t")
        if let last, last <= first { throw ToolError(.usage, "-t must be after -f") }
        // A frame must stay below the limit that readers set, whatever the number of leads.
        let largest = max((stage.options.maxFrame << 20) / 2 / (4 * max(recording.leads.count, 1)), 1)
        let size = max(Int(min((part * recording.frequency).rounded(), Double(largest))), 1)
        var parts = try RecordingParts(recording, from: first, upTo: last, size: size)
        while let part = try parts.next() {
            var record = Record(key: key)
            record.meta["fs"] = JSON(recording.frequency)
            record.meta["leads"] = JSON(recording.leads)
            record.meta["units"] = JSON(recording.units)
            if part.start > 0 { record.meta["start"] = JSON(part.start) }
            if part.hasMore { record.meta["more"] = true }
            for (name, value) in meta { record.meta[name] = value }
            record.tensors = [
                Tensor("signal", part.values, shape: [recording.leads.count, part.count], axes: ["lead", "time"])
            ]
            marks?.add(to: &record, samples: part.start..<(part.start + part.count))
            try stage.write(record)
        }
    }

    private func sample(_ time: TimePoint?, at frequency: Double, of option: String) throws -> Int? {
        guard let time else { return nil }
        guard let sample = time.sample(at: frequency) else { throw ToolError(.usage, "\(option) \(time) is beyond counting") }
        return sample
    }
}
