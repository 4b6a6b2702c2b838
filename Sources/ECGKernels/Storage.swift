// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import Synchronization

/// A block of memory, aligned to a cache line and zeroed when made, that kernels read and write.
///
/// Several threads may hold the same storage. They may write to it at the same time only through regions that do not
/// overlap; the caller who divides the work answers for that, which is why the class is `@unchecked Sendable`.
public final class Storage: @unchecked Sendable {
    /// 64 bytes: a cache line, and the widest vector register.
    public static let alignment = 64

    @usableFromInline package let base: UnsafeMutableRawPointer
    public let byteCount: Int

    public convenience init(byteCount: Int) { self.init(byteCount: byteCount, zeroed: true) }

    /// - Parameter zeroed: false where the caller sets every byte before any is read.
    init(byteCount: Int, zeroed: Bool) {
        precondition(byteCount >= 0)
        self.byteCount = byteCount
        slab = nil
        if byteCount >= 2 * Self.hugePage, let mapped = Self.map(byteCount) {
            (base, mapping) = (mapped.base, mapped.mapping)
            return
        }
        mapping = nil
        base = .allocate(byteCount: max(byteCount, Self.alignment), alignment: Self.alignment)
        if zeroed { base.initializeMemory(as: UInt8.self, repeating: 0, count: max(byteCount, Self.alignment)) }
    }

    /// A part of a slab, which lives as long as any part of it.
    private init(slab: Storage, at start: Int, byteCount: Int) {
        self.slab = slab
        self.byteCount = byteCount
        mapping = nil
        base = slab.base + start
    }

    deinit {
        if slab != nil { return }
        if let mapping { munmap(mapping.baseAddress, mapping.count) } else { base.deallocate() }
    }

    private let mapping: UnsafeMutableRawBufferPointer?
    private let slab: Storage?
    private static let hugePage = 2 << 20

    /// Large blocks, weights that stream by above all, come in large pages: a fault for 2 MiB instead of 4 KiB, and address
    /// translations that the processor can keep. The system's pages are zero already.
    private static func map(_ byteCount: Int) -> (base: UnsafeMutableRawPointer, mapping: UnsafeMutableRawBufferPointer)? {
        let size = byteCount + hugePage
        guard size > byteCount, let start = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), start != MAP_FAILED
        else { return nil }
        let base = start.alignedUp(toMultipleOf: hugePage)
        madvise(base, byteCount, MADV_HUGEPAGE)
        return (base, UnsafeMutableRawBufferPointer(start: start, count: size))
    }
}

extension Storage {
    /// Memory for weights: smaller blocks lie side by side in slabs of large pages. A batch of one passes over all weights of a model once and would wait for
    /// an address translation at every 4 KiB of them.
    package static func forWeights(byteCount: Int) -> Storage {
        guard byteCount < slabSize / 2 else { return Storage(byteCount: byteCount) }
        return openSlab.withLock { open in
            // A cache line more than it takes: blocks of a power of two would meet in the same sets of the cache.
            let size = (max(byteCount, 1) + 2 * alignment - 1) / alignment * alignment
            if let slab = open.slab, open.used + size <= slab.byteCount {
                defer { open.used += size }
                return Storage(slab: slab, at: open.used, byteCount: byteCount)
            }
            let slab = Storage(byteCount: slabSize)
            (open.slab, open.used) = (slab, size)
            return Storage(slab: slab, at: 0, byteCount: byteCount)
        }
    }

    private static let slabSize = 8 << 20

    private struct OpenSlab {
        /// Where the next block is taken from, as long as one of its blocks is in use.
        weak var slab: Storage?
        var used = 0
    }

    private static let openSlab = Mutex(OpenSlab())
}

/// `count` elements of a storage, from element `start` on: what every kernel takes for its inputs, outputs and scratch.
///
/// A region is checked against its storage when it is made, so a kernel only compares its counts with the shapes it was prepared for.
public struct Region<Element: BitwiseCopyable>: @unchecked Sendable {
    public let storage: Storage
    public let start: Int
    public let count: Int

    /// - Precondition: `start + count` elements fit into the storage.
    public init(_ storage: Storage, start: Int = 0, count: Int) {
        let (end, overflow) = start.addingReportingOverflow(count)
        precondition(start >= 0 && count >= 0 && !overflow && end <= storage.byteCount / MemoryLayout<Element>.stride)
        self.storage = storage
        self.start = start
        self.count = count
    }

    /// A new storage of its own, zeroed.
    public init(count: Int) {
        self.init(Storage(byteCount: count * MemoryLayout<Element>.stride), count: count)
    }

    /// Zeroed memory for weights, see `Storage.forWeights`.
    static func forWeights(count: Int) -> Region {
        Region(Storage.forWeights(byteCount: count * MemoryLayout<Element>.stride), count: count)
    }

    /// A new storage of its own with these elements.
    public init(_ elements: [Element]) {
        self.init(count: elements.count)
        elements.withUnsafeBufferPointer { source in
            if let first = source.baseAddress { pointer.update(from: first, count: source.count) }
        }
    }

    /// Elements `range` of this region, counted from its first.
    public subscript(range: Range<Int>) -> Region {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return Region(storage, start: start + range.lowerBound, count: range.count)
    }

    @inlinable public subscript(index: Int) -> Element {
        get {
            precondition(index >= 0 && index < count)
            return pointer[index]
        }
        nonmutating set {
            precondition(index >= 0 && index < count)
            pointer[index] = newValue
        }
    }

    /// Whether these are the elements of another region, not copies of them.
    public func isSame(as other: Region) -> Bool { storage === other.storage && start == other.start && count == other.count }

    /// Whether any of these elements is one of the other's.
    public func overlaps(_ other: Region) -> Bool {
        storage === other.storage && start < other.start + other.count && other.start < start + count
    }

    /// A copy of the elements.
    public var elements: [Element] { [Element](UnsafeBufferPointer(start: pointer, count: count)) }

    /// For the kernels of this package alone: they hold the counts they index by.
    @inlinable package var pointer: UnsafeMutablePointer<Element> {
        (storage.base + start * MemoryLayout<Element>.stride).assumingMemoryBound(to: Element.self)
    }
}
