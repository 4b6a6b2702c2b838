// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import Synchronization

/// Bytes of standard input that were looked at and not yet taken.
public enum StandardInput {
    private static let pending = Mutex<[UInt8]>([])

    /// The first byte, which stays to be read; `nil` at the end of the input, or where it cannot be read.
    static func peek() -> UInt8? {
        pending.withLock { pending in
            if let byte = pending.first { return byte }
            var byte: UInt8 = 0
            guard case .success(1) = readSome(0, into: &byte, count: 1) else { return nil }
            pending = [byte]
            return byte
        }
    }

    /// What was looked at: whoever reads standard input begins with it.
    public static func takePending() -> [UInt8] {
        pending.withLock { pending in
            defer { pending = [] }
            return pending
        }
    }
}

extension StreamInput {
    /// Whether the input begins as a stream does; a tool that takes streams and tables asks before it reads.
    ///
    /// A FIFO counts as a table if its name ends with `.csv`, as it cannot be looked into; an empty, missing or unreadable input, and a
    /// terminal, count as streams, whose reader says what is wrong.
    public var beginsAsStream: Bool {
        switch self {
        case .standardInput: return isatty(0) == 1 || StandardInput.peek().map { $0 == FrameHeader.magic[0] } ?? true
        case .file(let path):
            var status = stat()
            guard stat(path, &status) == 0 else { return true }
            guard status.st_mode & S_IFMT == S_IFREG else { return !path.hasSuffix(".csv") }
            let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return true }
            defer { close(descriptor) }
            var byte: UInt8 = 0
            guard case .success(1) = readSome(descriptor, into: &byte, count: 1) else { return true }
            return byte == FrameHeader.magic[0]
        }
    }
}
