// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// The system's words for an error number.
public func systemMessage(_ number: Int32) -> String { String(cString: strerror(number)) }

/// read(2), repeated when a signal interrupts it. Returns 0 at the end of the file.
func readSome(_ descriptor: Int32, into target: UnsafeMutableRawPointer, count: Int) -> Result<Int, ErrorNumber> {
    while true {
        let result = read(descriptor, target, count)
        if result >= 0 { return .success(result) }
        guard errno == EINTR || waitIfNonblocking(descriptor, POLLIN) else { return .failure(ErrorNumber(errno)) }
    }
}

/// write(2) until everything is written.
func writeAll(_ descriptor: Int32, _ source: UnsafeRawBufferPointer) -> Result<Void, ErrorNumber> {
    var rest = source
    while rest.count > 0 {
        let result = write(descriptor, rest.baseAddress, rest.count)
        if result > 0 {
            rest = UnsafeRawBufferPointer(rebasing: rest[result...])
        } else if result == 0 || !(errno == EINTR || waitIfNonblocking(descriptor, POLLOUT)) {
            return .failure(ErrorNumber(result == 0 ? EIO : errno))
        }
    }
    return .success(())
}

/// writev(2) until every run is written.
func writeAll(_ descriptor: Int32, _ runs: [UnsafeRawBufferPointer]) -> Result<Void, ErrorNumber> {
    let filled = runs.filter { $0.count > 0 }
    var rest = ArraySlice(filled.map { iovec(iov_base: UnsafeMutableRawPointer(mutating: $0.baseAddress), iov_len: $0.count) })
    // The system takes 1024 runs at a time.
    while !rest.isEmpty {
        var written = rest.withUnsafeBufferPointer { writev(descriptor, $0.baseAddress, Int32(min($0.count, 1024))) }
        guard written > 0 else {
            if written < 0, errno == EINTR || waitIfNonblocking(descriptor, POLLOUT) { continue }
            return .failure(ErrorNumber(written == 0 ? EIO : errno))
        }
        while let run = rest.first, written >= run.iov_len {
            written -= run.iov_len
            rest.removeFirst()
        }
        if written > 0 {
            rest[rest.startIndex].iov_base += written
            rest[rest.startIndex].iov_len -= written
        }
    }
    return .success(())
}

/// Another program may have made a shared pipe or terminal nonblocking; then EAGAIN is no error, only "wait".
private func waitIfNonblocking(_ descriptor: Int32, _ events: Int32) -> Bool {
    guard errno == EAGAIN || errno == EWOULDBLOCK else { return false }
    var request = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    return poll(&request, 1, -1) >= 0 || errno == EINTR
}

/// Larger pipes mean fewer switches between the stages; where the system says no (no pipe, no right), nothing is lost.
func enlargePipe(_ descriptor: Int32) {
    let setPipeSize: Int32 = 1031  // F_SETPIPE_SZ, a GNU extension that the Swift overlay does not show
    _ = fcntl(descriptor, setPipeSize, Int32(1 << 20))
}

struct ErrorNumber: Error {
    let value: Int32
    init(_ value: Int32) { self.value = value }
    var message: String { systemMessage(value) }
}
