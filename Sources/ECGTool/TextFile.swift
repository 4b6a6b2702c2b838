// SPDX-License-Identifier: GPL-3.0-or-later
import ECGStream
import Glibc
import Synchronization

/// Small files that options name: lists, tables, models' class names.
public enum TextFile {
    /// What was read with `again`.
    private static let kept = Mutex<[String: [UInt8]]>([:])

    /// All bytes of a file, or of standard input for `-`.
    ///
    /// - Parameters:
    ///   - again: keep the bytes of what can be read only once (a FIFO, standard input) for the next call, since the provenance wants them too.
    /// - Throws: `ToolError` 66 if it cannot be opened, 74 if it cannot be read, 65 if it has more than `limit` bytes.
    public static func bytes(of path: String, limit: Int = 1 << 30, again: Bool = false) throws(ToolError) -> [UInt8] {
        if again, let known = kept.withLock({ $0[path] }) { return known }
        let bytes = try read(path, limit: limit)
        var status = stat()
        if again, path == "-" || (stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG) {
            kept.withLock { $0[path] = bytes }
        }
        return bytes
    }

    private static func read(_ path: String, limit: Int) throws(ToolError) -> [UInt8] {
        let descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ToolError(.noInput, "cannot open: \(systemMessage(errno))", place: path) }
        defer { if descriptor != 0 { close(descriptor) } }
        var bytes = descriptor == 0 ? StandardInput.takePending() : []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw ToolError(errno == EISDIR ? .noInput : .inputOutput, "reading failed: \(systemMessage(errno))", place: path)
            }
            guard bytes.count + count <= limit else { throw ToolError(.data, "the file has more than \(limit) bytes", place: path) }
            bytes += buffer[..<count]
        }
    }

    /// The lines without their ends and surrounding blanks; empty lines and lines that start with # are left out.
    public static func lines(of path: String, again: Bool = false) throws(ToolError) -> [String] {
        let text = String(decoding: try bytes(of: path, limit: 64 << 20, again: again), as: UTF8.self)
        return text.split(whereSeparator: \.isNewline).compactMap { line in
            var line = line
            while line.last?.isWhitespace == true { line.removeLast() }
            while line.first?.isWhitespace == true { line.removeFirst() }
            return line.isEmpty || line.hasPrefix("#") ? nil : String(line)
        }
    }
}
