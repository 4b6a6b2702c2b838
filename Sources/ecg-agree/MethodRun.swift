// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import ECGStream
import ECGTool

/// Compares the maps that each record has, pair by pair.
final class MethodRun {
    private let tool: AgreeTool
    private let settings: AgreementSettings
    private(set) var table = AgreementTable()

    init(_ tool: AgreeTool, _ settings: AgreementSettings) { (self.tool, self.settings) = (tool, settings) }

    func add(_ record: Record) throws {
        let names = tool.map.isEmpty ? record.mapNames : tool.map
        guard !names.isEmpty else { throw ToolError(.data, "has no maps: no tensor 'attr/METHOD'", record: record.key) }
        let maps = try MapReading.comparable(record, names, settings)
        for (i, a) in names.enumerated() {
            for (j, b) in names.enumerated() {
                let r = i == j ? (maps[i].isConstant ? nil : 1) : maps[min(i, j)].correlation(with: maps[max(i, j)])
                for group in tool.groups(record) { table.add(r, to: .init(group: group, map: nil, a: a, b: b)) }
            }
        }
    }
}

/// Maps of a record, ready to be compared.
enum MapReading {
    static func comparable(_ record: Record, _ names: [String], _ settings: AgreementSettings) throws -> [ComparableMap] {
        var size: Int?
        return try names.map { name in
            let tensor = try record.map(name)
            let leads = try record.layout(of: tensor).leads
            guard size ?? tensor.count == tensor.count else {
                throw ToolError(
                    .data, "map '\(name)' has the shape \(tensor.shape), and the others \(size ?? 0) values", record: record.key)
            }
            size = tensor.count
            do {
                return try ComparableMap(tensor.floats(), leads: leads, settings)
            } catch {
                throw ToolError(.data, "map '\(name)': \(error)", record: record.key)
            }
        }
    }
}
