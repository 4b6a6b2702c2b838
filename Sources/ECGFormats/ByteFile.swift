// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// A file open for reading at any offset: the only place where this module asks the system for bytes.
///
/// Reads go through `pread` and never through a memory map, because a mapped file that shrinks kills the process.
public final class ByteFile {
    public let path: String
    /// The size in bytes when the file was opened.
    public let size: Int
    private let descriptor: Int32
    /// Whether it can be read more than once.
    public let isRegular: Bool

    /// - Throws: `FormatError` of kind `.cannotOpen`, also for a directory.
    public init(path: String) throws(FormatError) {
        descriptor = ByteFile.retrying { open(path, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw FormatError(.cannotOpen, at: path, ByteFile.systemMessage()) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let message = ByteFile.systemMessage()
            close(descriptor)
            throw FormatError(.cannotOpen, at: path, message)
        }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            close(descriptor)
            throw FormatError(.cannotOpen, at: path, "is a directory")
        }
        self.path = path
        size = Int(status.st_size)
        isRegular = status.st_mode & S_IFMT == S_IFREG
    }

    deinit { close(descriptor) }

    /// Reads up to `count` bytes from `offset` on to the start of `buffer`, which grows to `count` if it is shorter.
    /// - Returns: the bytes read, fewer than `count` only at the end of the file.
    public func read(at offset: Int, count: Int, into buffer: inout [UInt8]) throws(FormatError) -> Int {
        if buffer.count < count { buffer = [UInt8](repeating: 0, count: count) }
        var done = 0
        while done < count {
            let got = buffer.withUnsafeMutableBytes { bytes in
                ByteFile.retrying { pread(descriptor, bytes.baseAddress.map { $0 + done }, count - done, offset + done) }
            }
            guard got >= 0 else { throw FormatError(.inputOutput, at: path, ByteFile.systemMessage()) }
            if got == 0 { break }
            done += got
        }
        return done
    }

    /// The bytes of a whole file, read until its end (so it may be a FIFO or /dev/stdin).
    /// - Throws: `.damaged` if there are more than `limit` bytes: the size is checked before anything is allocated.
    public static func contents(of path: String, limit: Int = 1 << 26) throws(FormatError) -> [UInt8] {
        let file = try ByteFile(path: path)
        guard file.size <= limit else { throw .damaged(path, "\(file.size) bytes, more than the \(limit) this kind of file may have") }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(file.size)
        var chunk = [UInt8](repeating: 0, count: min(max(file.size + 1, 4096), 1 << 20))
        while true {
            let room = chunk.count
            let got = chunk.withUnsafeMutableBytes { buffer in
                ByteFile.retrying { Glibc.read(file.descriptor, buffer.baseAddress, room) }
            }
            guard got >= 0 else { throw FormatError(.inputOutput, at: path, ByteFile.systemMessage()) }
            if got == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<got])
            guard bytes.count <= limit else { throw .damaged(path, "more than the \(limit) bytes this kind of file may have") }
        }
    }

    /// Whether something can be opened under this name.
    public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The file's device and inode, by which two names of one file are known.
    public static func identity(of path: String) -> (device: UInt64, inode: UInt64)? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return (UInt64(status.st_dev), UInt64(status.st_ino))
    }

    /// The absolute path without symbolic links, nil if there is no such file.
    static func resolved(_ path: String) -> String? {
        guard let found = realpath(path, nil) else { return nil }
        defer { free(found) }
        return String(cString: found)
    }

    static func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }

    static func systemMessage() -> String { String(cString: strerror(errno)) }
}
