// SPDX-License-Identifier: GPL-3.0-or-later

/// Memory that frames are read into; it starts at a cache line, so that tensors do too.
///
/// The reader writes to a block only while no `Bytes` refers to the part it writes, which is why sharing it between threads is safe.
final class Block: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let capacity: Int
    /// The array whose memory this is; nil for memory of its own.
    private let owner: AnyObject?

    init(capacity: Int) {
        self.capacity = max(capacity, 64)
        base = .allocate(byteCount: self.capacity, alignment: 64)
        owner = nil
    }

    /// The memory of an array, shared. Storage on the heap doesn't move, and nobody changes it in place while this block holds the array:
    /// whoever writes to another reference of it gets a copy.
    init<Element: BitwiseCopyable>(sharing elements: [Element]) {
        let owner = Owner(elements)
        capacity = elements.count * MemoryLayout<Element>.stride
        base = owner.elements.withUnsafeBytes { bytes in
            bytes.baseAddress.map(UnsafeMutableRawPointer.init(mutating:)) ?? UnsafeMutableRawPointer(bitPattern: 64)!
        }
        self.owner = owner
    }

    /// Memory that holds zeros.
    convenience init(zeros count: Int) {
        self.init(capacity: count)
        base.initializeMemory(as: UInt8.self, repeating: 0, count: count)
    }

    deinit { if owner == nil { base.deallocate() } }

    private final class Owner<Element> {
        let elements: [Element]

        init(_ elements: [Element]) { self.elements = elements }
    }
}

/// A run of bytes that is shared, not copied: the payload of a tensor, the text of a meta.
///
/// It keeps the whole block alive that it lies in (about a megabyte for bytes from a stream), so copy what is to be kept for long.
public struct Bytes: @unchecked Sendable {
    let block: Block
    let start: Int
    public let count: Int

    init(block: Block, start: Int, count: Int) {
        self.block = block
        self.start = start
        self.count = count
    }

    /// An array's memory: shared if there is much of it, else copied.
    public init<Element: BitwiseCopyable>(_ elements: [Element]) {
        count = elements.count * MemoryLayout<Element>.stride
        start = 0
        guard count < 4096 else {
            block = Block(sharing: elements)
            return
        }
        block = Block(capacity: count)
        elements.withUnsafeBytes { if let source = $0.baseAddress { block.base.copyMemory(from: source, byteCount: count) } }
    }

    public static let empty = Bytes([UInt8]())

    /// Calls `body` with the bytes, which are valid for the call alone.
    public func withUnsafeBytes<Result, Failure: Error>(_ body: (UnsafeRawBufferPointer) throws(Failure) -> Result) throws(Failure)
        -> Result
    {
        try body(pointer)
    }

    /// Valid as long as these bytes are.
    var pointer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: block.base + start, count: count) }

    /// Bytes `range`, counted from the first; shares the memory.
    public subscript(range: Range<Int>) -> Bytes {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return Bytes(block: block, start: start + range.lowerBound, count: range.count)
    }

    /// The memory as elements of a type, copied; bytes left over at the end are ignored.
    public func elements<Element: BitwiseCopyable>(_ type: Element.Type = Element.self) -> [Element] {
        let number = count / MemoryLayout<Element>.stride
        return [Element](unsafeUninitializedCapacity: number) { buffer, initialized in
            if let target = buffer.baseAddress, number > 0 {
                UnsafeMutableRawPointer(target).copyMemory(from: block.base + start, byteCount: number * MemoryLayout<Element>.stride)
            }
            initialized = number
        }
    }

    /// A copy in memory of its own that keeps no block of a stream alive.
    public func copied() -> Bytes { Bytes(elements(UInt8.self)) }

    /// The bytes as text; what is not UTF-8 becomes U+FFFD.
    public var text: String { withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
}

extension Bytes: Equatable {
    public static func == (left: Bytes, right: Bytes) -> Bool {
        left.count == right.count
            && left.withUnsafeBytes { first in right.withUnsafeBytes { second in first.elementsEqual(second) } }
    }
}
