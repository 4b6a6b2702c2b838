// SPDX-License-Identifier: GPL-3.0-or-later
import ECGTool

/// A text file of numbers: taps for resampling.
enum TapsFile {
    static func bytes(_ path: String) throws -> [UInt8] {
        try TextFile.bytes(of: path, limit: 1 << 27, again: true)
    }

    static func parse(_ bytes: [UInt8], name: String) throws -> [Double] {
        let words = String(decoding: bytes, as: UTF8.self).split { $0.isWhitespace || $0 == "," }
        let taps = try words.map { word in
            guard let tap = Double(word), tap.isFinite else { throw ToolError(.data, "'\(word)' is not a number", place: name) }
            return tap
        }
        guard !taps.isEmpty, taps.count <= 1 << 22 else { throw ToolError(.data, "\(taps.count) taps", place: name) }
        return taps
    }
}
