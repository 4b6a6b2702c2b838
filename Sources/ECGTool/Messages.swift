// SPDX-License-Identifier: GPL-3.0-or-later
import ECGStream
import Glibc

/// Messages on standard error: `tool: record: place: cause`, or a JSON object a line.
struct Messages {
    let tool: String
    let form: LogForm
    let quiet: Bool
    let verbose: Bool

    enum Level: String {
        case error, warning, info
        /// What the tool is there to say while it works; only -q silences it.
        case report
    }

    func say(_ level: Level, _ message: String, place: String? = nil, record: String? = nil, status: ExitStatus? = nil) {
        switch level {
        case .error: break
        case .warning, .report: if quiet { return }
        case .info: if quiet || !verbose { return }
        }
        switch form {
        case .text:
            let label = level == .warning ? "warning: " : ""
            Self.line([tool, record, place].compactMap { $0 }.joined(separator: ": ") + ": " + label + message)
        case .json:
            var object: JSON.Object = ["level": .string(level.rawValue), "tool": .string(tool)]
            if let record { object["record"] = .string(record) }
            if let place { object["place"] = .string(place) }
            object["message"] = .string(message)
            if let status { object["exit"] = JSON(Int(status.rawValue)) }
            Self.line(JSON.object(object).text)
        }
    }

    /// One line in one write, so that the lines of several stages don't mix. Control characters from data can't play with the terminal.
    static func line(_ text: String) {
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            bytes.append(contentsOf: (isControl && scalar != "\n" ? "?" : String(scalar)).utf8)
        }
        bytes.append(UInt8(ascii: "\n"))
        raw(bytes)
    }

    /// Standard error may be closed or full; then there is nobody to tell.
    static func raw(_ bytes: [UInt8]) { _ = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) } }
}
