// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// A checked, buffered writer: every byte that it says is written was accepted by the system.
public final class ByteOutput {
    public let descriptor: Int32
    /// The name for messages.
    public let name: String
    private let buffer: UnsafeMutableRawPointer
    private let capacity: Int
    private var used = 0
    /// Set when a write failed: nothing more is written then.
    public private(set) var hasFailed = false
    /// Bytes handed over so far.
    public private(set) var count: UInt64 = 0

    public init(descriptor: Int32, name: String, capacity: Int = 256 << 10) {
        self.descriptor = descriptor
        self.name = name
        self.capacity = capacity
        buffer = .allocate(byteCount: capacity, alignment: 64)
        enlargePipe(descriptor)
    }

    deinit { buffer.deallocate() }

    /// - Throws: `inputOutput` with the system's cause, or `readerGone` when the pipe's reader closed it.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(StreamError) {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        count += UInt64(bytes.count)
        // What is large need not go through the buffer.
        let isLarge = bytes.count >= capacity / 4
        if isLarge || bytes.count > capacity - used { try flush() }
        if isLarge { return try writeOut(bytes) }
        (buffer + used).copyMemory(from: base, byteCount: bytes.count)
        used += bytes.count
    }

    public func write(_ bytes: [UInt8]) throws(StreamError) {
        try bytes.withUnsafeBufferPointer { bytes throws(StreamError) in try write(UnsafeRawBufferPointer(bytes)) }
    }

    public func write(_ bytes: Bytes) throws(StreamError) { try bytes.withUnsafeBytes { bytes throws(StreamError) in try write(bytes) } }

    public func write(_ text: String) throws(StreamError) {
        var text = text
        let result = text.withUTF8 { utf8 in Result { () throws(StreamError) in try write(UnsafeRawBufferPointer(utf8)) } }
        try result.get()
    }

    /// 64 bytes of header, made in place.
    func writeHeader(_ header: FrameHeader) throws(StreamError) {
        if capacity - used < FrameHeader.size { try flush() }
        header.encode(to: buffer + used)
        used += FrameHeader.size
        count += UInt64(FrameHeader.size)
    }

    /// Writes runs of bytes that lie apart: many of them with one call of the system, after what is in the buffer.
    ///
    /// - Precondition: the memory of the runs stays as it is for the call.
    func write(gathering runs: [UnsafeRawBufferPointer]) throws(StreamError) {
        let total = runs.reduce(0) { $0 + $1.count }
        guard total >= capacity / 4 else {
            for run in runs { try write(run) }
            return
        }
        count += UInt64(total)
        let pending = used
        used = 0
        try check { writeAll(descriptor, [UnsafeRawBufferPointer(start: buffer, count: pending)] + runs) }
    }

    public func flush() throws(StreamError) {
        guard used > 0 else { return }
        let pending = used
        used = 0
        try writeOut(UnsafeRawBufferPointer(start: buffer, count: pending))
    }

    private func writeOut(_ bytes: UnsafeRawBufferPointer) throws(StreamError) { try check { writeAll(descriptor, bytes) } }

    private func check(_ write: () -> Result<Void, ErrorNumber>) throws(StreamError) {
        guard !hasFailed else { throw StreamError(.inputOutput, "writing failed before", place: name) }
        if case .failure(let error) = write() {
            hasFailed = true
            throw error.value == EPIPE
                ? StreamError(.readerGone, "the reader went away", place: name)
                : StreamError(.inputOutput, "writing failed: \(error.message)", place: name)
        }
    }
}
