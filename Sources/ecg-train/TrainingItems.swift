// SPDX-License-Identifier: GPL-3.0-or-later
import ECGLearn
import ECGStream
import ECGTool

/// Reads the labelled items of a stream.
struct TrainingItems {
    /// What an item is to give.
    enum Kind: String {
        /// One class.
        case exclusive
        /// Any number of labels.
        case labels
        /// Values.
        case values
    }

    private enum Wanted {
        case names([String])
        case values([Float])
    }

    private let tool: TrainTool
    private let asked: [String]?
    private let targets: [String]?
    private var shape: [Int]?
    private var leads = 1
    private var fs = 0.0
    private var store: ItemStore?
    private var keys: [String] = []
    private var records: [String] = []
    private var wanted: [Wanted] = []
    private var hasSeveral = false
    private var strangers = 0
    private var missing = 0
    private var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    /// The frames, if items are to be written again.
    private let spool: FrameSpool?
    private var spooled: [Int] = []

    init(_ tool: TrainTool) throws {
        self.tool = tool
        asked = tool.items.classes.map(ItemOptions.list)
        targets = tool.items.target.map(ItemOptions.list)
        spool = tool.items.heldOut == nil ? nil : try FrameSpool()
    }

    mutating func read(_ stage: Stage) throws {
        while let frame = try stage.nextFrame() {
            let record = try Record(frame)
            do {
                if try take(record) { try spool?.append(frame) }
            } catch {
                try stage.failed(record.key, error)
            }
        }
        if strangers > 0 { stage.warn("\(strangers) items of other classes than --classes are left out") }
        if missing > 0 { stage.warn("\(missing) items without a value of --target are left out") }
        guard !wanted.isEmpty else { throw ToolError(.data, "there are no items to train on") }
    }

    /// Takes an item; false if an option leaves it out.
    private mutating func take(_ record: Record) throws -> Bool {
        let name = tool.items.inputTensor
        guard let tensor = record[name] else { throw ToolError(.data, "the item has no tensor '\(name)'", record: record.key) }
        guard tensor.shape.count == 2, tensor.shape.allSatisfy({ $0 > 0 }) else {
            throw ToolError(.data, "'\(name)' has the shape \(tensor.shape), not [lead, time]", record: record.key)
        }
        guard shape ?? tensor.shape == tensor.shape else {
            throw ToolError(
                .data,
                "'\(name)' has the shape \(tensor.shape), and those before \(shape ?? []); items of one length come from ecg-beats --length",
                record: record.key)
        }
        guard let wanted = try wanted(record) else { return false }
        let values = tensor.floats()
        if let place = values.firstIndex(where: { !$0.isFinite }) {
            throw ToolError(
                .data, "lead \(place / tensor.shape[1]), sample \(place % tensor.shape[1]) of '\(name)' is not a finite number",
                record: record.key)
        }
        if shape == nil {
            shape = tensor.shape
            fs = record.fs ?? 0
            let names = record.leads?.count ?? tensor.shape[0]
            // Stacked leads are moved and wandered each for itself.
            leads = tensor.shape[0] == 1 && names > 0 && tensor.shape[1] % names == 0 ? names : tensor.shape[0]
            store = ItemStore(width: values.count, limit: tool.items.memory << 18)
        }
        try store?.append(values)
        keys.append(record.key)
        records.append(record.recordName)
        self.wanted.append(wanted)
        for value in values { hash = (hash ^ UInt64(value.bitPattern)) &* 0x9E37_79B9_7F4A_7C15 ^ (hash >> 29) }
        return true
    }

    private mutating func wanted(_ record: Record) throws -> Wanted? {
        if let targets {
            var values: [Float] = []
            for target in targets {
                guard let value = record.meta.value(at: target), !value.isNull else {
                    missing += 1
                    return nil
                }
                guard let number = value.double ?? value.string.flatMap({ Double($0) }), number.isFinite else {
                    throw ToolError(.data, "'\(target)' is not a number", record: record.key)
                }
                values.append(Float(number))
            }
            return .values(values)
        }
        guard let value = record.meta.value(at: tool.items.label), !value.isNull else {
            throw ToolError(.data, "the item has no '\(tool.items.label)'", record: record.key)
        }
        if let names = value.strings {
            hasSeveral = true
            return .names(names)
        }
        let name = value.string ?? value.text
        // A class that is alone is told from the rest.
        if let asked, !asked.contains(name), asked.count > 1, tool.training.loss != .binary {
            strangers += 1
            return nil
        }
        return .names([name])
    }

    // MARK: What comes of it

    /// The items with their split.
    struct Set {
        var shape: [Int]
        var kind: Kind
        /// Classes, labels or targets.
        var names: [String]
        var data: TrainingData
        var heldOut: [Int]
        var keys: [String]
        var records: [String]
        var digest: String
    }

    mutating func split(_ stage: Stage) throws -> Set {
        guard let shape, let store else { throw ToolError(.data, "there are no items to train on") }
        let found = Swift.Set(wanted.flatMap { Self.names($0) })
        let names = targets ?? asked ?? found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let kind: Kind = targets != nil ? .values : hasSeveral || tool.training.loss == .binary || names.count == 1 ? .labels : .exclusive
        if kind == .labels, let loss = tool.training.loss, loss != .binary {
            throw ToolError(
                .usage,
                "--loss \(loss.rawValue) takes items of one of several classes; these have \(hasSeveral ? "several at a time" : "only one")"
            )
        }
        guard !names.isEmpty else { throw ToolError(.data, "the items have no classes") }
        var places: [String: Int] = [:]
        for (place, name) in names.enumerated() { places[name] = place }
        var classes: [Int] = []
        var goals: [Loss.Target] = []
        for one in wanted {
            switch one {
            case .values(let values):
                classes.append(0)
                goals.append(.values(values))
            case .names(let list):
                let known = list.compactMap { places[$0] }
                classes.append(known.first ?? (kind == .labels ? names.count : 0))
                if kind == .exclusive {
                    goals.append(.class(known.first ?? 0))
                } else {
                    var row = [Float](repeating: 0, count: names.count)
                    for place in known { row[place] = 1 }
                    goals.append(.values(row))
                }
            }
        }
        let request = try tool.items.request(seed: stage.seed, isPublished: tool.training.balance == .published)
        let known = Swift.Set(records)
        for name in (request.testRecords.union(request.validationRecords)).subtracting(known).sorted() {
            stage.warn("there are no items of recording '\(name)'")
        }
        let parts = Split(request, keys: keys, records: records, classes: classes).parts
        func items(_ part: Split.Part) -> [Int] { parts.indices.filter { parts[$0] == part } }
        for key in keys { for byte in key.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 } }
        for (place, label) in classes.enumerated() { hash = (hash ^ UInt64(label) ^ UInt64(place)) &* 0x0000_0100_0000_01B3 }
        if case .values = goals[0] {
            for case .values(let row) in goals { for value in row { hash = (hash ^ UInt64(value.bitPattern)) &* 0x0000_0100_0000_01B3 } }
        }
        let heldOut = items(.heldOut)
        var (training, validation) = (items(.training), items(.validation))
        if tool.training.balance == .published, kind == .exclusive {
            let rows = Balance.published.items(
                training, classes: training.map { classes[$0] }, count: names.count, seed: stage.seed, epoch: 0)
            training = Array(rows[..<(rows.count * 9 / 10)])
            validation = Array(rows[(rows.count * 9 / 10)...])
        }
        let data = TrainingData(
            items: store, targets: goals, classes: classes, training: training, validation: validation, leads: leads, fs: fs)
        guard !data.training.isEmpty else { throw ToolError(.data, "every item is held out or validated on: none is left to train on") }
        if let path = tool.items.heldOut { try write(heldOut, to: path, stage) }
        return Set(
            shape: shape, kind: kind, names: names, data: data, heldOut: heldOut, keys: keys, records: records,
            digest: String(hash, radix: 16))
    }

    private static func names(_ wanted: Wanted) -> [String] {
        if case .names(let names) = wanted { names } else { [] }
    }

    private mutating func write(_ items: [Int], to path: String, _ stage: Stage) throws {
        guard let spool else { return }
        let side = try SideStream(stage, path: path)
        let chosen = Swift.Set(items)
        try spool.rewind()
        for index in keys.indices {
            guard let frame = try spool.next() else { throw ToolError(.inputOutput, "the spool file ends too early") }
            if chosen.contains(index) { try side.pass(frame) }
        }
        try side.end()
    }
}
