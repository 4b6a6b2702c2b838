// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import Synchronization

/// The beginning of a file, read by a thread that has the time before anybody asks for it.
///
/// Which file will be asked for is a guess. The first input that is opened takes the bytes over if it is the same file in the same state; else
/// they are dropped. Nothing is taken from the file, which is read at places of its own with a descriptor of its own, and no error is kept: a
/// reader that meets the end of these bytes goes on by itself and meets what is there. So a wrong guess costs time and changes nothing else.
public final class ReadAhead: Sendable {
    /// At most so many bytes are read before they are asked for. More would come into memory that no cache has yet, and be no gain.
    private static let limit = 1 << 20
    /// Whoever takes the bytes over waits for one piece at most.
    private static let piece = 256 << 10

    private static let current = Mutex<ReadAhead?>(nil)

    private let descriptor: Int32
    private let origin: Origin
    /// Bytes to read.
    private let capacity: Int
    private let isWanted = Atomic(true)
    private let state = Mutex(State())

    private struct State: Sendable {
        var block: Block?
        var filled = 0
    }

    /// What two descriptors have in common if reading from them gives the same bytes.
    private struct Origin: Equatable {
        let device: dev_t
        let inode: ino_t
        let size: Int
        let changed: [Int]
        let offset: Int

        /// - Returns: nil if this is no regular file.
        init?(_ descriptor: Int32) {
            var status = stat()
            guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
            device = status.st_dev
            inode = status.st_ino
            size = Int(status.st_size)
            changed = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
            offset = Int(lseek(descriptor, 0, SEEK_CUR))
        }
    }

    /// Opens the input that is likely to be opened next. Nothing is read yet: `fill` does that.
    ///
    /// - Returns: nil if this is no regular file with bytes to read.
    public static func begin(_ input: StreamInput) -> ReadAhead? {
        let ahead = ReadAhead(input)
        current.withLock { $0 = ahead }
        return ahead
    }

    package init?(_ input: StreamInput) {
        switch input {
        case .standardInput: descriptor = fcntl(0, F_DUPFD_CLOEXEC, 3)
        // What has become a FIFO since somebody looked must not be waited for.
        case .file(let path): descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        }
        guard descriptor >= 0 else { return nil }
        guard let origin = Origin(descriptor), origin.offset >= 0, origin.size > origin.offset else {
            close(descriptor)
            return nil
        }
        self.origin = origin
        capacity = min(origin.size - origin.offset, Self.limit)
    }

    deinit { close(descriptor) }

    /// Reads until all is there, or somebody takes it over or has no use for it.
    public func fill() {
        while readPiece() {}
    }

    /// - Returns: whether there may be more to read.
    private func readPiece() -> Bool {
        state.withLock { state in
            guard isWanted.load(ordering: .relaxed), state.filled < capacity else { return false }
            let block = state.block ?? Block(capacity: capacity)
            state.block = block
            let place = off_t(origin.offset + state.filled)
            let got = pread(descriptor, block.base + state.filled, min(Self.piece, capacity - state.filled), place)
            state.filled += max(0, got)
            return got > 0
        }
    }

    /// What `begin` has opened, for the first who asks.
    static func takeCurrent() -> ReadAhead? {
        current.withLock { current in
            defer { current = nil }
            return current
        }
    }

    /// Nothing is read any more. The bytes from the descriptor's place on, if it is one of the same file: its place is behind them then.
    package func take(for descriptor: Int32) -> Bytes? {
        isWanted.store(false, ordering: .relaxed)
        // For another file nobody waits until a piece of this one is there.
        guard Origin(descriptor) == origin else { return nil }
        let (block, filled) = state.withLock { ($0.block, $0.filled) }
        // Once more, now that nothing more is read: the file may have changed meanwhile.
        guard let block, filled > 0, Origin(descriptor) == origin, lseek(descriptor, off_t(filled), SEEK_CUR) >= 0 else { return nil }
        return Bytes(block: block, start: 0, count: filled)
    }
}
