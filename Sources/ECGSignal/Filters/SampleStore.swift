// SPDX-License-Identifier: GPL-3.0-or-later

import Glibc

/// Samples of a lead that must wait for the record's end: in memory at first, in an unlinked file in TMPDIR when there are many.
struct SampleStore: Sendable {
    private var recent: [Float] = []
    private var file: TemporaryFile?
    private var stored = 0

    /// Samples held in memory: a minute of most recordings is far less, and twelve such leads are 12 MB.
    private let mostInMemory: Int

    init(mostInMemory: Int = 1 << 18) { self.mostInMemory = mostInMemory }

    var count: Int { stored + recent.count }

    mutating func append(_ samples: [Float]) throws(FilterError) {
        recent += samples
        guard recent.count > mostInMemory else { return }
        let file: TemporaryFile
        if let open = self.file { file = open } else { file = try TemporaryFile() }
        self.file = file
        try file.write(recent, at: stored)
        stored += recent.count
        recent.removeAll(keepingCapacity: true)
    }

    /// The samples' positions in order, in pieces of at most 65536.
    var pieces: [Range<Int>] {
        let size = 1 << 16
        return stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
    }

    func samples(_ range: Range<Int>) throws(FilterError) -> [Float] {
        var samples: [Float] = []
        if let file, range.lowerBound < stored {
            samples = try file.read(min(range.upperBound, stored) - range.lowerBound, at: range.lowerBound)
        }
        if range.upperBound > stored { samples += recent[max(0, range.lowerBound - stored)..<range.upperBound - stored] }
        return samples
    }
}

/// An unlinked file of floats: it is gone when the process ends, however it ends.
final class TemporaryFile: Sendable {
    private let descriptor: Int32

    init() throws(FilterError) {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(folder)/ecg-XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw FilterError("cannot make a temporary file in \(folder): \(Self.reason)") }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        unlink(template)
    }

    deinit { close(descriptor) }

    private static var reason: String { String(cString: strerror(errno)) }

    func write(_ samples: [Float], at position: Int) throws(FilterError) {
        var done = 0
        let size = samples.count * MemoryLayout<Float>.stride
        while done < size {
            // Whole samples at a time: a short write is taken up again at the last whole one.
            let from = done / MemoryLayout<Float>.stride
            let rest = from == 0 ? samples : Array(samples[from...])
            let count = pwrite(descriptor, rest, size - from * 4, (position + from) * 4)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw FilterError("cannot write a temporary file: \(Self.reason)") }
            done = from * 4 + count
        }
    }

    func read(_ count: Int, at position: Int) throws(FilterError) -> [Float] {
        var samples = [Float](repeating: 0, count: count)
        var result = -1
        repeat { result = pread(descriptor, &samples, count * 4, position * 4) } while result < 0 && errno == EINTR
        guard result == count * 4 else { throw FilterError("cannot read a temporary file: \(result < 0 ? Self.reason : "it is short")") }
        return samples
    }
}
