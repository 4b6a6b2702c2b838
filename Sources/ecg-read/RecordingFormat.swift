// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGFormats

/// The formats of recordings that can be read.
enum RecordingFormat: String, ExpressibleByArgument, CaseIterable {
    case wfdb, edf, npy, csv

    /// By the name's ending; a record without one is WFDB.
    init(of operand: String) {
        let name = operand.lowercased()
        self =
            name.hasSuffix(".npy") ? .npy : name.hasSuffix(".csv") ? .csv : name.hasSuffix(".edf") || name.hasSuffix(".bdf") ? .edf : .wfdb
    }

    /// The file that an operand names.
    func file(_ operand: String) -> String { self == .wfdb ? WFDBPath.record(operand) + ".hea" : operand }
}

/// One recording (or array of them) named on the command line.
struct Operand: Sendable {
    let path: String
    let format: RecordingFormat
    /// The record's key; for an array what stands before an item's number, empty if it is the only one.
    let key: String
}

extension ReadTool {
    /// The operands with their keys. A header that can't be read keeps its file's name until its turn comes to be reported.
    func operands() -> [Operand] {
        let formats = records.map { format ?? RecordingFormat(of: $0) }
        var names: [String] = []
        for (record, format) in zip(records, formats) {
            switch format {
            case .wfdb: names.append((try? WFDBHeader(path: format.file(record)))?.name ?? WFDBPath.base(WFDBPath.record(record)))
            default:
                let base = WFDBPath.base(record)
                names.append(base.contains(".") ? base.split(separator: ".").dropLast().joined(separator: ".") : base)
            }
        }
        let keys = RecordNames.keys(names: names, paths: zip(records, formats).map { RecordNames.absolute($1.file($0)) })
        let isOnlyArray = formats.count == 1
        return records.indices.map { index in
            Operand(path: records[index], format: formats[index], key: formats[index] == .npy && isOnlyArray ? "" : keys[index])
        }
    }
}
