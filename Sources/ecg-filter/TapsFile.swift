// SPDX-License-Identifier: GPL-3.0-or-later
import ECGTool
import Glibc

/// A text file of numbers: taps for resampling.
enum TapsFile {
    static func bytes(_ path: String) throws -> [UInt8] {
        guard let file = fopen(path, "rb") else {
            throw ToolError(.noInput, "cannot open \(path): \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
            bytes += buffer[..<count]
            guard bytes.count <= 1 << 27 else { throw ToolError(.data, "more taps than a filter can have", place: path) }
        }
        guard ferror(file) == 0 else { throw ToolError(.noInput, "cannot read \(path)") }
        return bytes
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
