// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// Where a tool's output goes: standard output, a device or FIFO, or a file that appears only when it is whole.
///
/// A file is written beside its final place (beside a link's target), synced and renamed by `commit`. Until then it is a temporary file that
/// `discard`, and SIGINT, SIGTERM and SIGHUP, remove.
public final class OutputFile {
    public let bytes: ByteOutput
    private let descriptor: Int32
    private let isStandard: Bool
    /// The temporary file and the place it goes to.
    private var pending: (temporary: String, final: String)?

    /// - Parameter path: `nil` and `-` are standard output.
    /// - Throws: `cannotOpen` where the file cannot be made.
    public init(path: String?) throws(StreamError) {
        guard let path, path != "-" else {
            descriptor = 1
            isStandard = true
            bytes = ByteOutput(descriptor: 1, name: "standard output")
            return
        }
        isStandard = false
        var status = stat()
        let exists = stat(path, &status) == 0
        if exists, status.st_mode & S_IFMT != S_IFREG {
            // A device, a FIFO, a socket: there is nothing to rename onto.
            descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY)
            guard descriptor >= 0 else { throw StreamError(.cannotOpen, "cannot open for writing: \(systemMessage(errno))", place: path) }
            bytes = ByteOutput(descriptor: descriptor, name: path)
            return
        }
        let target = try Self.target(of: path)
        (descriptor, pending) = try Self.makeTemporary(for: target)
        // An existing file's mode stays; a new one's follows the umask.
        let mask = umask(0)
        umask(mask)
        _ = fchmod(descriptor, exists ? status.st_mode & 0o7777 : 0o666 & ~mask)
        bytes = ByteOutput(descriptor: descriptor, name: path)
    }

    deinit {
        discard()
        if !isStandard { close(descriptor) }
    }

    public var isTerminal: Bool { isatty(descriptor) == 1 }

    /// Flushes; for a file also syncs and renames it, after which it is whole under its name.
    public func commit() throws(StreamError) {
        try bytes.flush()
        guard let (temporary, final) = pending else {
            // Some file systems report a full disk only here.
            if isStandard, close(1) != 0, errno != EBADF {
                throw StreamError(.inputOutput, "closing failed: \(systemMessage(errno))", place: bytes.name)
            }
            return
        }
        guard fsync(descriptor) == 0, rename(temporary, final) == 0 else {
            let cause = systemMessage(errno)
            discard()
            throw StreamError(.inputOutput, "cannot complete the file: \(cause)", place: bytes.name)
        }
        pending = nil
        TemporaryFiles.forget(temporary)
        let folder = open(Self.folder(of: final), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }

    /// Removes what was written so far, if it is a temporary file.
    public func discard() {
        guard let (temporary, _) = pending else { return }
        unlink(temporary)
        TemporaryFiles.forget(temporary)
        pending = nil
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The place that a chain of symbolic links leads to, whether or not something is there.
    private static func target(of path: String) throws(StreamError) -> String {
        var path = path
        for _ in 0..<40 {
            var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
            let length = buffer.withUnsafeMutableBufferPointer { target in
                target.baseAddress.map { readlink(path, UnsafeMutableRawPointer($0).assumingMemoryBound(to: CChar.self), target.count) }
                    ?? -1
            }
            guard length >= 0 else { return path }
            let link = String(decoding: buffer[..<length], as: UTF8.self)
            path = link.hasPrefix("/") ? link : folder(of: path) + "/" + link
        }
        throw StreamError(.cannotOpen, "cannot open: \(systemMessage(ELOOP))", place: path)
    }

    private static func makeTemporary(for path: String) throws(StreamError) -> (Int32, (temporary: String, final: String)) {
        if path.hasSuffix("/") { throw StreamError(.cannotOpen, "cannot open for writing: \(systemMessage(EISDIR))", place: path) }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        for _ in 0..<100 {
            // A long name leaves no room for a suffix; the name only helps people.
            let temporary =
                folder(of: path) + "/." + String(name.prefix(60)) + ".\(getpid())-\(String(UInt32.random(in: 0 ... .max), radix: 36))"
            // Remembered first: a signal that comes as soon as the file is there removes it. Nobody else has a file of this name.
            TemporaryFiles.remember(temporary)
            let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            if descriptor >= 0 { return (descriptor, (temporary, path)) }
            let cause = errno
            TemporaryFiles.forget(temporary)
            errno = cause
            guard cause == EEXIST else { break }
        }
        throw StreamError(.cannotOpen, "cannot open for writing: \(systemMessage(errno))", place: path)
    }
}
