// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// A file without a name for what does not fit into memory; it is gone when the process is.
///
/// It lies in $TMPDIR, else in /var/tmp, which unlike /tmp is not in memory on many systems.
public final class SpoolFile {
    private let descriptor: Int32
    private let output: ByteOutput
    var writer: ByteOutput { output }
    /// Bytes written so far.
    public var count: Int { Int(output.count) }

    public init() throws(StreamError) {
        let named = getenv("TMPDIR").map { String(cString: $0) }
        for folder in [named, "/var/tmp", "/tmp"].compactMap({ $0 }) {
            for attempt in 0..<100 {
                let path = "\(folder)/.ecgpipe-\(getpid())-\(attempt)"
                let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
                if descriptor < 0, errno == EEXIST { continue }
                guard descriptor >= 0 else { break }
                unlink(path)
                self.descriptor = descriptor
                output = ByteOutput(descriptor: descriptor, name: "spool file in \(folder)", capacity: 64 << 10)
                return
            }
        }
        throw StreamError(.inputOutput, "no place for a spool file: \(systemMessage(errno))", place: named ?? "/var/tmp")
    }

    deinit { close(descriptor) }

    public func append(_ bytes: UnsafeRawBufferPointer) throws(StreamError) { try output.write(bytes) }
    public func append(_ bytes: [UInt8]) throws(StreamError) { try output.write(bytes) }
    public func append(_ bytes: Bytes) throws(StreamError) { try output.write(bytes) }

    /// Flushes, so that everything can be read.
    public func finishWriting() throws(StreamError) { try output.flush() }

    /// Reads a run of bytes that was written; `buffer` is as long as the run.
    public func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StreamError) {
        var done = 0
        while done < buffer.count {
            let got = pread(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(offset + done))
            if got < 0, errno == EINTR { continue }
            guard got > 0 else {
                throw StreamError(
                    .inputOutput, "reading failed: \(got < 0 ? systemMessage(errno) : "the file is short")", place: output.name)
            }
            done += got
        }
    }

    /// Copies `count` bytes from `offset` on.
    public func copy(from offset: Int, count: Int, to body: (UnsafeRawBufferPointer) throws(StreamError) -> Void) throws(StreamError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(max(count, 1), 1 << 18), alignment: 64)
        defer { buffer.deallocate() }
        var done = 0
        while done < count {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, count - done)])
            try read(part, at: offset + done)
            try body(UnsafeRawBufferPointer(part))
            done += part.count
        }
    }

    /// A second way into the same file, from its start.
    func input() throws(StreamError) -> ByteInput {
        try finishWriting()
        let copy = dup(descriptor)
        guard copy >= 0, lseek(copy, 0, SEEK_SET) == 0 else {
            throw StreamError(.inputOutput, "cannot read again: \(systemMessage(errno))", place: output.name)
        }
        return ByteInput(descriptor: copy, name: output.name, closes: true)
    }
}

/// Records on the way, kept in a spool file until it is known what to do with them.
public final class FrameSpool {
    private let file: SpoolFile
    private let writer: StreamWriter
    private let output: ByteOutput
    private var reader: FrameReader?
    private let limits: StreamLimits

    public init(limits: StreamLimits = StreamLimits(payload: 1 << 40)) throws(StreamError) {
        file = try SpoolFile()
        output = file.writer
        self.limits = limits
        writer = StreamWriter(output, limits: limits)
        try writer.begin()
    }

    public func append(_ frame: Frame) throws(StreamError) { try writer.pass(frame) }

    /// Ends the writing; `next` then gives the frames in their order.
    public func rewind() throws(StreamError) {
        if reader == nil { try writer.end() }
        reader = FrameReader(try file.input(), limits: limits)
    }

    public func next() throws(StreamError) -> Frame? {
        while let frame = try reader?.next() {
            if frame.kind == .record { return frame }
        }
        return nil
    }
}
