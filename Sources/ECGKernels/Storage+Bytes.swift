// SPDX-License-Identifier: GPL-3.0-or-later

extension Storage {
    /// A storage with a copy of these bytes, one copy and no more where they lie together in memory.
    public convenience init(bytes: some Collection<UInt8>) {
        self.init(byteCount: bytes.count, zeroed: false)
        let target = UnsafeMutableRawBufferPointer(start: base, count: bytes.count)
        let copied: Void? = bytes.withContiguousStorageIfAvailable { target.copyMemory(from: UnsafeRawBufferPointer($0)) }
        if copied == nil { target.copyBytes(from: bytes) }
    }
}

extension Region {
    /// Sets every element.
    public func fill(_ element: Element) { pointer.update(repeating: element, count: count) }

    /// Copies the elements of a region of the same count.
    public func copy(from source: Region) {
        precondition(source.count == count)
        pointer.update(from: source.pointer, count: count)
    }

    /// Copies elements of an array, from `offset` on, into all of this region.
    public func copy(from source: [Element], offset: Int = 0) {
        precondition(offset >= 0 && offset <= source.count && count <= source.count - offset)
        source.withUnsafeBufferPointer { elements in
            if let first = elements.baseAddress { pointer.update(from: first + offset, count: count) }
        }
    }

    /// Appends the elements to an array.
    public func append(to array: inout [Element]) {
        array.append(contentsOf: UnsafeBufferPointer(start: pointer, count: count))
    }
}
