// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// Why values could not be set aside on disk.
public struct SpillError: Error, CustomStringConvertible {
    public let message: String
    public var description: String { message }
}

/// A nameless temporary file that grows at its end and can be read anywhere: what doesn't fit in memory waits here.
///
/// It is made in `$TMPDIR` (or /tmp) when the first values come, and is gone with the process, however that ends.
///
/// Sendable for those who pass it on from thread to thread; two threads at a time may read, not append.
public final class SpillFile: @unchecked Sendable {
    /// -1 before the first values.
    private var descriptor: Int32 = -1
    /// Bytes written so far.
    public private(set) var size = 0

    public init() {}

    deinit { if descriptor >= 0 { close(descriptor) } }

    private func open() throws(SpillError) {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(folder)/ecgpipe-XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw Self.failure("cannot make a temporary file in \(folder)") }
        unlink(template)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    /// Appends values and returns the offset in bytes at which they start.
    @discardableResult
    public func append<Value: BitwiseCopyable>(_ values: [Value]) throws(SpillError) -> Int {
        if descriptor < 0 { try open() }
        let start = size
        var failed = false
        values.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = pwrite(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count, off_t(size))
                if written < 0 && errno == EINTR { continue }
                guard written > 0 else {
                    failed = true
                    return
                }
                size += written
                rest = rest.dropFirst(written)
            }
        }
        if failed { throw Self.failure("cannot write the temporary file") }
        return start
    }

    /// Reads `count` values that start `offset` bytes into the file.
    public func read<Value: BitwiseCopyable>(_ type: Value.Type, count: Int, at offset: Int) throws(SpillError) -> [Value] {
        var failed = false
        let values = [Value](unsafeUninitializedCapacity: count) { buffer, initialized in
            let bytes = UnsafeMutableRawBufferPointer(buffer)
            var done = 0
            while done < bytes.count {
                let got = pread(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done, off_t(offset + done))
                if got < 0 && errno == EINTR { continue }
                guard got > 0 else {
                    if got == 0 { errno = ENODATA }
                    failed = true
                    return
                }
                done += got
            }
            initialized = count
        }
        if failed { throw Self.failure("cannot read the temporary file") }
        return values
    }

    private static func failure(_ what: String) -> SpillError {
        SpillError(message: "\(what): \(String(cString: strerror(errno)))")
    }
}
