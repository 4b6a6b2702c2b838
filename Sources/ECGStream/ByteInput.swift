// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// A file or standard input, read in large pieces into blocks that frames share.
final class ByteInput {
    /// Large enough for many frames that are small, small enough that what several stages of a program hold at a time stays in the second-level cache.
    static let blockSize = 256 << 10
    /// A frame larger than this is read into memory that grows as its bytes come, so that a wrong length costs nothing.
    private static let trusted = 16 << 20

    /// The name for messages.
    let name: String
    private let descriptor: Int32
    private let closes: Bool
    private var block: Block
    private var spares: [Block] = []
    /// Bytes `position..<filled` of the block are read but not consumed.
    private(set) var position = 0
    private var filled = 0
    private var atEnd = false
    /// Bytes consumed so far.
    private(set) var consumed: UInt64 = 0
    private let blockSize: Int

    /// - Parameter pending: bytes that were read already, a few at most.
    init(descriptor: Int32, name: String, closes: Bool, pending: [UInt8] = [], blockSize: Int = ByteInput.blockSize) {
        self.descriptor = descriptor
        self.name = name
        self.closes = closes
        self.blockSize = blockSize
        if let ahead = ReadAhead.takeCurrent()?.take(for: descriptor) {
            (block, filled) = (ahead.block, ahead.count)
        } else {
            block = Block(capacity: blockSize)
            pending.withUnsafeBytes { bytes in
                if let base = bytes.baseAddress, bytes.count <= blockSize {
                    block.base.copyMemory(from: base, byteCount: bytes.count)
                    filled = bytes.count
                }
            }
        }
        // Larger pipes mean fewer switches between the stages; where the system says no, nothing is lost.
        enlargePipe(descriptor)
        _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
    }

    deinit { if closes { close(descriptor) } }

    /// Opens a file.
    convenience init(path: String) throws(StreamError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StreamError(.cannotOpen, "cannot open: \(systemMessage(errno))", place: path) }
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            close(descriptor)
            throw StreamError(.cannotOpen, "cannot open: \(systemMessage(EISDIR))", place: path)
        }
        self.init(descriptor: descriptor, name: path, closes: true)
    }

    var available: Int { filled - position }

    /// The first unconsumed byte. Valid until the next call of `need`.
    var pointer: UnsafeRawPointer { UnsafeRawPointer(block.base + position) }

    /// Sees to it that `count` unconsumed bytes are in memory, in one run. False if the input ends before.
    func need(_ count: Int) throws(StreamError) -> Bool {
        while available < count {
            if atEnd { return false }
            if position + count > block.capacity || filled == block.capacity { makeRoom(for: count) }
            // A large frame is read with the next one's header and no more, so that nothing of it must be moved when the block is full.
            let missing = count - available
            let room = min(block.capacity - filled, missing >= 64 << 10 ? missing + FrameHeader.size : 256 << 10)
            switch readSome(descriptor, into: block.base + filled, count: room) {
            case .success(0): atEnd = true
            case .success(let got): filled += got
            case .failure(let error): throw StreamError(.inputOutput, "reading failed: \(error.message)", place: name)
            }
        }
        return true
    }

    /// Moves the unconsumed bytes to the start of a block that has room for `count`, or for a good part of it.
    private func makeRoom(for count: Int) {
        let rest = available
        let wanted = max(blockSize, count <= Self.trusted ? count : min(count, max(Self.trusted, 2 * rest)))
        if block.capacity >= wanted, isKnownUniquelyReferenced(&block) {
            block.base.copyMemoryOverlapping(from: block.base + position, byteCount: rest)
        } else {
            let next = spare(of: wanted)
            next.base.copyMemory(from: block.base + position, byteCount: rest)
            if block.capacity == blockSize, spares.count < 4 { spares.append(block) }
            block = next
        }
        position = 0
        filled = rest
    }

    /// A block that nothing refers to any more, or a new one.
    private func spare(of capacity: Int) -> Block {
        for index in spares.indices where spares[index].capacity >= capacity && isKnownUniquelyReferenced(&spares[index]) {
            return spares.remove(at: index)
        }
        return Block(capacity: capacity)
    }

    /// Takes `count` bytes that `need` has brought.
    func take(_ count: Int) -> Bytes {
        let bytes = Bytes(block: block, start: position, count: count)
        skip(count)
        return bytes
    }

    func bytes(from start: Int, count: Int) -> Bytes { Bytes(block: block, start: start, count: count) }

    func skip(_ count: Int) {
        position += count
        consumed += UInt64(count)
    }
}

extension UnsafeMutableRawPointer {
    fileprivate func copyMemoryOverlapping(from source: UnsafeMutableRawPointer, byteCount: Int) { memmove(self, source, byteCount) }
}
