// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// Bytes of a file, through POSIX.
enum FileBytes {
    /// `length` bytes of a regular file from `offset` on, or all of it.
    /// - Throws: `ModelError` of kind `cannotOpen` or, if the file ends before, `damaged`.
    static func read(_ path: String, offset: Int = 0, length: Int? = nil) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ModelError(.cannotOpen, "\(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw ModelError(.cannotOpen, "\(path): \(String(cString: strerror(errno)))") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw ModelError(.cannotOpen, "\(path): not a regular file") }
        let size = Int(status.st_size)
        let count = length ?? (size - offset)
        guard offset >= 0, count >= 0, offset <= size, count <= size - offset else {
            throw ModelError(.damaged, "\(path): has \(size) bytes, \(count) at \(offset) are asked for")
        }
        var filled = 0
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while filled < count, let base = buffer.baseAddress {
                let got = pread(descriptor, base + filled, count - filled, off_t(offset + filled))
                if got < 0, errno == EINTR { continue }
                guard got > 0 else {
                    failure = got < 0 ? errno : EIO
                    break
                }
                filled += got
            }
            initialized = filled
        }
        guard filled == count else { throw ModelError(.damaged, "\(path): \(String(cString: strerror(failure)))") }
        return bytes
    }
}
