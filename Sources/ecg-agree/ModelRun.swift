// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import ECGStream
import ECGTool

/// Compares the maps that several streams, of one model each, have of the same items.
final class ModelRun {
    private let tool: AgreeTool
    private let stage: Stage
    private let settings: AgreementSettings
    private let streams: [KeyedStream]
    private var table = AgreementTable()
    /// What is to be said once the output was taken: a reader that went away is told nothing.
    private(set) var remarks: [String] = []

    init(_ tool: AgreeTool, _ stage: Stage) throws {
        (self.tool, self.stage) = (tool, stage)
        settings = try tool.settings()
        let names = Self.names(tool.input.files)
        streams = try zip(tool.input.inputs, names).map { try KeyedStream($0, name: $1, stage) }
    }

    /// Operands by the end of their path, or whole where that would not tell them apart.
    private static func names(_ paths: [String]) -> [String] {
        let short = paths.map { path in
            var name = path.split(separator: "/").last.map(String.init) ?? path
            if name.hasSuffix(".ecgs") { name.removeLast(5) }
            return name
        }
        if Set(short).count == short.count { return short }
        return Set(paths).count == paths.count ? paths : paths.enumerated().map { "\($1)#\($0 + 1)" }
    }

    func run() throws -> [AgreementTable.Row] {
        var missing = 0
        while let record = try streams[0].next() {
            do {
                if !(try add(record)) { missing += 1 }
            } catch {
                try stage.failed(record.key, error)
            }
        }
        let unclaimed = try streams.dropFirst().map { try $0.finish() }.reduce(0, +)
        if missing > 0 { remarks.append("\(missing) records of \(streams[0].name) are not in every other stream") }
        if unclaimed > 0 { remarks.append("\(unclaimed) records of the other streams are not in \(streams[0].name)") }
        return table.rows
    }

    /// - Returns: whether every stream has the record.
    private func add(_ record: Record) throws -> Bool {
        let methods = tool.map.isEmpty ? record.mapNames : tool.map
        guard !methods.isEmpty else { throw ToolError(.data, "has no maps: no tensor 'attr/METHOD'", record: record.key) }
        var items = [try KeyedStream.item(record, methods, stream: streams[0].name)]
        var isEverywhere = true
        // every stream is asked, so that all of them go on together
        for stream in streams.dropFirst() {
            if let item = try stream.item(record.key, methods) { items.append(item) } else { isEverywhere = false }
        }
        guard isEverywhere else { return false }
        for (m, method) in methods.enumerated() {
            let maps = try items.enumerated().map { s, item in
                guard item.maps[m].count == items[0].maps[m].count else {
                    throw ToolError(
                        .data, "map '\(method)' has \(item.maps[m].count) values, and \(items[0].maps[m].count) in \(streams[0].name)",
                        place: streams[s].name, record: record.key)
                }
                do {
                    return try ComparableMap(item.maps[m], leads: item.leads, settings)
                } catch {
                    throw ToolError(.data, "map '\(method)': \(error)", place: streams[s].name, record: record.key)
                }
            }
            for i in maps.indices {
                for j in maps.indices.dropFirst(i + 1) where i == 0 || !tool.withFirst {
                    let r = maps[i].correlation(with: maps[j])
                    for group in tool.groups(record) {
                        if maps.count > 2 { table.add(r, to: .init(group: group, map: method, a: AgreeTables.every, b: AgreeTables.every)) }
                        table.add(r, to: .init(group: group, map: method, a: streams[i].name, b: streams[j].name))
                    }
                }
            }
        }
        return true
    }
}
