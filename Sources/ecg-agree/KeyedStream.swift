// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import ECGScore
import ECGSpill
import ECGStream
import ECGTool

/// A stream whose records are asked for by key.
///
/// Streams made of the same items mostly come in the same order; then nothing is kept. Records that come before they are asked for wait with
/// their maps in a temporary file.
final class KeyedStream {
    /// A record's maps, as far as they are compared.
    struct Item {
        let key: String
        let leads: Int
        let maps: [[Float]]
    }

    private struct Waiting {
        let leads: Int
        let counts: [Int]
        let offset: Int
    }

    let name: String
    private let reader: StreamReader
    private var waiting: [String: [Waiting]] = [:]
    private let file = SpillFile()
    /// Records that wait for their key.
    private(set) var unclaimed = 0

    init(_ input: StreamInput, name: String, _ stage: Stage) throws {
        self.name = name
        try stage.refuseTerminal(input)
        reader = try StreamReader([input], limits: stage.limits)
    }

    /// The next record in the stream's own order.
    func next() throws -> Record? {
        while let frame = try reader.nextFrame() {
            switch frame.kind {
            case .record: return try Record(frame)
            case .abort: throw StreamError(.aborted, "the stage before aborted", place: name, abort: try frame.meta())
            default: continue
            }
        }
        return nil
    }

    /// The maps of the record with this key, the first of equal ones; nil if the stream has no such record.
    func item(_ key: String, _ methods: [String]) throws -> Item? {
        if var list = waiting[key], let first = list.first {
            list.removeFirst()
            waiting[key] = list.isEmpty ? nil : list
            unclaimed -= 1
            var values = try file.read(Float.self, count: first.counts.reduce(0, +), at: first.offset)[...]
            let maps = first.counts.map { count in
                let map = Array(values.prefix(count))
                values = values.dropFirst(count)
                return map
            }
            return Item(key: key, leads: first.leads, maps: maps)
        }
        while let record = try next() {
            let item = try Self.item(record, methods, stream: name)
            if record.key == key { return item }
            try keep(item)
        }
        return nil
    }

    /// Reads to the end, so that the stream is known to be whole. - Returns: records that nobody asked for.
    func finish() throws -> Int {
        while try next() != nil { unclaimed += 1 }
        return unclaimed
    }

    static func item(_ record: Record, _ methods: [String], stream: String) throws -> Item {
        var leads = 1
        let maps = try methods.map { method in
            guard let tensor = try? record.map(method) else {
                throw ToolError(.data, "has no map '\(method)'", place: stream, record: record.key)
            }
            leads = try record.layout(of: tensor).leads
            return tensor.floats()
        }
        return Item(key: record.key, leads: leads, maps: maps)
    }

    private func keep(_ item: Item) throws {
        let offset = try file.append(Array(item.maps.joined()))
        waiting[item.key, default: []].append(Waiting(leads: item.leads, counts: item.maps.map(\.count), offset: offset))
        unclaimed += 1
    }
}
