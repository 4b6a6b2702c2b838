// SPDX-License-Identifier: GPL-3.0-or-later
import ECGFormats
import ECGStream
import ECGTool

/// What the options say about reading, and the reading itself, which may run on several threads.
struct ReadPlan: Sendable {
    /// A frame to write, or why there is none.
    enum Product: Sendable {
        case part(Record, isLast: Bool)
        case failure(key: String, ToolError)

        /// Bytes of memory, roughly.
        var weight: Int {
            switch self {
            case .part(let record, _): record.tensors.reduce(512) { $0 + $1.payload.count }
            case .failure: 512
            }
        }
    }

    /// An error of reading is passed on, an order to stop ends the reading.
    private struct Stop: Error {}
    private typealias Emit = (Product) -> Bool

    private let annotations: String?
    private let from: TimePoint?
    private let to: TimePoint?
    private let selection: [String]?
    private let part: Double
    private let highRes: Bool
    private let fs: Double
    private let leads: [String]?
    private let units: [String]
    private let largestFrame: Int
    private let table: RecordTable?

    init(_ tool: ReadTool, table: RecordTable?) {
        self.table = table
        annotations = tool.annotations
        from = tool.from
        to = tool.to
        selection = tool.selection.map(ReadTool.names)
        part = tool.part
        highRes = tool.highRes
        fs = tool.fs ?? 0
        leads = tool.leads.map(ReadTool.names)
        units = ReadTool.names(tool.units)
        largestFrame = tool.stage.maxFrame << 20
    }

    /// Reads an operand and emits its frames; the first error ends it.
    func read(_ operand: Operand, labels: [String]?, _ emit: (Product) -> Bool) {
        do {
            switch operand.format {
            case .wfdb, .edf: try readRecord(operand, emit)
            case .csv: try readTable(operand, emit)
            case .npy: try readArray(operand, labels: labels, emit)
            }
        } catch is Stop {
            // Nobody wants more.
        } catch {
            _ = emit(.failure(key: operand.key.isEmpty ? operand.path : operand.key, error.forTool))
        }
    }

    private func readRecord(_ operand: Operand, _ emit: Emit) throws {
        let record: WFDBRecord
        switch operand.format {
        case .edf: record = try WFDBRecord(edf: operand.path, selection: selection)
        default: record = try WFDBRecord(path: operand.path, selection: selection, highResolution: highRes)
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
        try write(WFDBRecording(record), key: operand.key, meta: meta, marks: marks, emit)
    }

    private func readTable(_ operand: Operand, _ emit: Emit) throws {
        let file = try CSVRecording(path: operand.path)
        let names = try unitNames(count: file.leads.count, place: operand.path)
        try write(CSVSignal(file, frequency: fs, units: names, selection: selection), key: operand.key, meta: [], marks: nil, emit)
    }

    private func readArray(_ operand: Operand, labels: [String]?, _ emit: Emit) throws {
        let array = try ArrayRecording(path: operand.path)
        if let labels, labels.count != array.items {
            throw ToolError(.data, "\(labels.count) labels for \(array.items) items", place: operand.path)
        }
        let names = leads ?? (0..<array.leads).map(String.init)
        let units = try unitNames(count: array.leads, place: operand.path)
        for item in 0..<array.items {
            let key = operand.key.isEmpty ? "\(item)" : "\(operand.key)/\(item)"
            let meta: [(String, JSON)] = labels.map { [("label", .string($0[item]))] } ?? []
            do {
                let signal = try ArrayItem(
                    array, item: item, frequency: fs, names: names, units: units, selection: selection, place: operand.path)
                try write(signal, key: key, meta: meta, marks: nil, emit)
            } catch let error as FormatError {
                guard emit(.failure(key: key, error.forTool)) else { throw Stop() }
            }
        }
    }

    private func unitNames(count: Int, place: String) throws -> [String] {
        guard units.count == 1 || units.count == count else {
            throw ToolError(.data, "\(units.count) units for \(count) leads", place: place)
        }
        return units
    }

    /// Emits a recording's parts, each with the annotations that lie in it.
    private func write(_ recording: any Recording, key: String, meta: [(String, JSON)], marks: PartAnnotations?, _ emit: Emit) throws {
        let first = try sample(from, at: recording.frequency, of: "-f") ?? 0
        let last = try sample(to, at: recording.frequency, of: "-t")
        if let last, last <= first { throw ToolError(.usage, "-t must be after -f") }
        // A frame must stay below the limit that readers set, whatever the number of leads.
        let largest = max(largestFrame / 2 / (4 * max(recording.leads.count, 1)), 1)
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
            for (name, value) in table?[key] ?? [] { record.meta[name] = value }
            record.tensors = [Tensor("signal", part.values, shape: [recording.leads.count, part.count], axes: ["lead", "time"])]
            marks?.add(to: &record, samples: part.start..<(part.start + part.count))
            guard emit(.part(record, isLast: !part.hasMore)) else { throw Stop() }
        }
    }

    private func sample(_ time: TimePoint?, at frequency: Double, of option: String) throws -> Int? {
        guard let time else { return nil }
        guard let sample = time.sample(at: frequency) else { throw ToolError(.usage, "\(option) \(time) is beyond counting") }
        return sample
    }
}
