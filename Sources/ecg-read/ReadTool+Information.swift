// SPDX-License-Identifier: GPL-3.0-or-later
import ECGFormats
import ECGStream
import ECGTool

extension ReadTool {
    /// `--info`: what the headers say, for people as text, for programs as rows, one a lead.
    func printInformation(_ stage: Stage) throws {
        var rows = Table(columns: [
            "record", "fs", "samples", "lead", "units", "file", "format", "samples_per_frame", "skew", "offset", "gain", "baseline",
            "resolution", "zero", "initial", "checksum",
        ])
        var text = ""
        for operand in operands().prefix(limit ?? .max) {
            do {
                switch operand.format {
                case .wfdb, .edf:
                    let header = try WFDBHeader(path: operand.format.file(operand.path), isEDF: operand.format == .edf)
                    text += try describe(header, operand, &rows)
                case .npy:
                    let file = try NPYFile(path: operand.path)
                    text += "\(operand.path): array of shape \(file.shape)\n\n"
                    rows.add(
                        [.text(operand.path), .missing, file.shape.last.map { .integer($0) } ?? .missing]
                            + Array(repeating: .missing, count: 13))
                case .csv:
                    let file = try CSVRecording(path: operand.path)
                    text += "\(operand.path): leads \(file.leads.joined(separator: ", "))\n\n"
                    for lead in file.leads {
                        rows.add([.text(operand.key), .missing, .missing, .text(lead)] + Array(repeating: .missing, count: 12))
                    }
                }
            } catch {
                try stage.failed(operand.key, error.forTool)
            }
        }
        if form == .table { try stage.text.write(text) } else { try stage.write(rows, as: form) }
    }

    private func describe(_ header: WFDBHeader, _ operand: Operand, _ rows: inout Table) throws -> String {
        var lines = ["record \(header.name)"]
        lines.append(
            "  \(JSON(header.frequency).text) frames a second" + (header.counterFrequency.map { ", counter \(JSON($0).text) Hz" } ?? ""))
        if let length = header.length {
            lines.append("  \(length) frames, \(Self.duration(Double(length) / header.frequency))")
        } else {
            lines.append("  length not stated")
        }
        if let time = header.baseTime {
            lines.append("  starts at \(([time] + [header.baseDate].compactMap { $0 }).joined(separator: " "))")
        }
        if let segments = header.segments {
            lines.append(
                "  \(segments.count) segments, \(header.hasVariableLayout ? "variable" : "fixed") layout, \(header.signalCount) signals")
            for segment in segments { lines.append("    \(segment.isGap ? "gap" : segment.name) \(segment.length)") }
            rows.add(
                [.text(header.name), .number(header.frequency), header.length.map { .integer($0) } ?? .missing]
                    + Array(repeating: .missing, count: 13))
        }
        var table = Table(columns: ["lead", "units", "gain", "baseline", "bits", "format", "file", "a frame", "skew", "checksum"])
        for signal in header.signals {
            table.add([
                .text(signal.name), .text(signal.units), .number(signal.gain), .integer(signal.baseline), .integer(signal.adcResolution),
                .integer(signal.format.rawValue), .text(signal.fileName), .integer(signal.samplesPerFrame), .integer(signal.skew),
                signal.checksum.map { .integer($0) } ?? .missing,
            ])
            rows.add([
                .text(header.name), .number(header.frequency), header.length.map { .integer($0) } ?? .missing, .text(signal.name),
                .text(signal.units), .text(signal.fileName), .integer(signal.format.rawValue), .integer(signal.samplesPerFrame),
                .integer(signal.skew), .integer(signal.byteOffset), .number(signal.gain), .integer(signal.baseline),
                .integer(signal.adcResolution), .integer(signal.adcZero), .integer(signal.initialValue),
                signal.checksum.map { .integer($0) } ?? .missing,
            ])
        }
        if !header.signals.isEmpty { lines += table.text(as: .table).split(separator: "\n").map { "  \($0)" } }
        lines += header.comments.map { "  # \($0)" }
        return lines.joined(separator: "\n") + "\n\n"
    }

    private static func duration(_ seconds: Double) -> String {
        guard seconds < 1e12 else { return "\(seconds) s" }
        let whole = Int(seconds)
        let parts = [whole / 3600, whole / 60 % 60, whole % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
        let fraction = Int((seconds - Double(whole)) * 1000)
        return parts.joined(separator: ":") + (fraction > 0 ? "." + (fraction < 10 ? "00" : fraction < 100 ? "0" : "") + "\(fraction)" : "")
    }
}
