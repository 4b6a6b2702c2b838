// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// A file that appears under its name only when it is whole: written beside it, synced, then renamed.
final class OutputFile {
    let path: String
    private let temporary: String
    private var descriptor: Int32
    private var pending: [UInt8] = []

    /// - Throws: `.inputOutput` if the folder can't be written to.
    init(path: String) throws(FormatError) {
        self.path = path
        let temporary = "\(path).\(getpid()).part"
        self.temporary = temporary
        descriptor = ByteFile.retrying { open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666) }
        guard descriptor >= 0 else { throw FormatError(.inputOutput, at: path, ByteFile.systemMessage()) }
    }

    /// An abandoned file leaves nothing behind.
    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        unlink(temporary)
    }

    func write(_ bytes: [UInt8]) throws(FormatError) {
        pending.append(contentsOf: bytes)
        if pending.count >= 1 << 18 { try flush() }
    }

    /// Writes what is left, waits for the disk and gives the file its name.
    func commit() throws(FormatError) {
        try flush()
        guard fsync(descriptor) == 0 || errno == EINVAL || errno == EROFS else { throw failure() }
        let closed = close(descriptor)
        descriptor = -1
        guard closed == 0, rename(temporary, path) == 0 else {
            let error = failure()
            unlink(temporary)
            throw error
        }
    }

    private func flush() throws(FormatError) {
        var done = 0
        while done < pending.count {
            let written = pending.withUnsafeBytes { bytes in
                ByteFile.retrying { Glibc.write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done) }
            }
            guard written > 0 else { throw failure() }
            done += written
        }
        pending.removeAll(keepingCapacity: true)
    }

    private func failure() -> FormatError { FormatError(.inputOutput, at: path, ByteFile.systemMessage()) }
}
