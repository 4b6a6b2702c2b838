// SPDX-License-Identifier: GPL-3.0-or-later

/// Writes a zip archive front to back, without compression, as NumPy's `savez` does.
///
/// Sizes and sums are known before an entry is written, so the output may be a pipe. What is too large for 32 bits is written as ZIP64
/// (APPNOTE 6.3.9, 4.3.14 and 4.5.3). The time of every entry is 1980-01-01, so that the same data gives the same bytes.
struct ZipWriter {
    private struct Entry {
        let name: [UInt8]
        let size: UInt64
        let crc: UInt32
        let offset: UInt64
    }

    private let output: ByteOutput
    private let origin: UInt64
    private var entries: [Entry] = []
    private static let limit32 = UInt64(UInt32.max)

    init(_ output: ByteOutput) {
        self.output = output
        origin = output.count
    }

    private static func little<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    /// Starts an entry; the caller then writes exactly `size` bytes with that sum to the output.
    mutating func begin(_ name: String, size: UInt64, crc: UInt32) throws(StreamError) {
        let entry = Entry(name: Array(name.utf8), size: size, crc: crc, offset: output.count - origin)
        guard entry.name.count <= Int(UInt16.max) else {
            throw StreamError(.tooLarge, "a name of \(entry.name.count) bytes in a zip archive")
        }
        entries.append(entry)
        let isLarge = size >= Self.limit32
        var bytes = Self.little(UInt32(0x0403_4B50)) + Self.fields(isLarge: isLarge) + Self.little(crc)
        let size32 = isLarge ? UInt32.max : UInt32(size)
        let extra = isLarge ? Self.little(UInt16(1)) + Self.little(UInt16(16)) + Self.little(size) + Self.little(size) : []
        bytes += Self.little(size32) + Self.little(size32) + Self.little(UInt16(entry.name.count)) + Self.little(UInt16(extra.count))
        try output.write(bytes + entry.name + extra)
    }

    /// Version needed, flags (names are UTF-8), method (stored), time and date.
    private static func fields(isLarge: Bool) -> [UInt8] {
        little(UInt16(isLarge ? 45 : 20)) + little(UInt16(0x0800)) + little(UInt16(0)) + little(UInt16(0)) + little(UInt16(0x21))
    }

    /// Writes the directory.
    mutating func finish() throws(StreamError) {
        let start = output.count - origin
        for entry in entries {
            var extra: [UInt8] = []
            if entry.size >= Self.limit32 { extra += Self.little(entry.size) + Self.little(entry.size) }
            if entry.offset >= Self.limit32 { extra += Self.little(entry.offset) }
            let isLarge = !extra.isEmpty
            if isLarge { extra = Self.little(UInt16(1)) + Self.little(UInt16(extra.count)) + extra }
            let size32 = UInt32(min(entry.size, Self.limit32))
            var bytes = Self.little(UInt32(0x0201_4B50)) + Self.little(UInt16(3 << 8 | 45)) + Self.fields(isLarge: isLarge)
            bytes += Self.little(entry.crc) + Self.little(size32) + Self.little(size32)
            bytes += Self.little(UInt16(entry.name.count)) + Self.little(UInt16(extra.count))
            // No comment, first disk, no internal attributes; a plain file that all may read.
            bytes += Self.little(UInt16(0)) + Self.little(UInt16(0)) + Self.little(UInt16(0)) + Self.little(UInt32(0o100644 << 16))
            bytes += Self.little(UInt32(min(entry.offset, Self.limit32)))
            try output.write(bytes + entry.name + extra)
        }
        let size = output.count - origin - start
        if entries.count >= Int(UInt16.max) || start >= Self.limit32 || size >= Self.limit32 {
            let number = UInt64(entries.count)
            var bytes =
                Self.little(UInt32(0x0606_4B50)) + Self.little(UInt64(44)) + Self.little(UInt16(3 << 8 | 45)) + Self.little(UInt16(45))
            bytes += Self.little(UInt32(0)) + Self.little(UInt32(0)) + Self.little(number) + Self.little(number)
            bytes += Self.little(size) + Self.little(start)
            bytes += Self.little(UInt32(0x0706_4B50)) + Self.little(UInt32(0)) + Self.little(start + size) + Self.little(UInt32(1))
            try output.write(bytes)
        }
        let count = UInt16(min(entries.count, Int(UInt16.max)))
        var bytes =
            Self.little(UInt32(0x0605_4B50)) + Self.little(UInt16(0)) + Self.little(UInt16(0)) + Self.little(count) + Self.little(count)
        bytes += Self.little(UInt32(min(size, Self.limit32))) + Self.little(UInt32(min(start, Self.limit32))) + Self.little(UInt16(0))
        try output.write(bytes)
    }
}

/// The header of a .npy file, version 1.0 or 2.0.
func npyHeader(descriptor: String, shape: [Int]) -> [UInt8] {
    let lengths = shape.count == 1 ? "\(shape[0])," : shape.map(String.init).joined(separator: ", ")
    var text = Array("{'descr': '\(descriptor)', 'fortran_order': False, 'shape': (\(lengths)), }".utf8)
    // The data starts at a multiple of 64, so that it can be mapped into memory.
    let isShort = text.count + 11 + 63 <= Int(UInt16.max)
    let prefix = isShort ? 10 : 12
    text += [UInt8](repeating: 0x20, count: 63 - (prefix + text.count) % 64) + [0x0A]
    let length = (0..<(isShort ? 2 : 4)).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) }
    return [0x93] + Array("NUMPY".utf8) + [isShort ? 1 : 2, 0] + length + text
}
