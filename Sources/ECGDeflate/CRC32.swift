// SPDX-License-Identifier: GPL-3.0-or-later
import CChecksum
import CDeflate

/// CRC-32 as in zlib, PNG and zip, from libdeflate, behind wider carry-less products than its older versions have where the processor has them.
public struct CRC32: Sendable {
    public private(set) var value: UInt32 = 0

    public init() {}

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        // libdeflate takes a null pointer for "give me the initial value", whatever the length.
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        guard bytes.count >= Self.many, let fold = Self.fold else { return value = libdeflate_crc32(value, base, bytes.count) }
        let folded = bytes.count & ~255
        value = withUnsafeTemporaryAllocation(byteCount: 64, alignment: 64) { rest in
            guard let start = rest.baseAddress else { return value }
            fold(~value, base.assumingMemoryBound(to: UInt8.self), folded, start.assumingMemoryBound(to: UInt8.self))
            // The state zero, whose complement a CRC is.
            return libdeflate_crc32(~0, start, 64)
        }
        if folded < bytes.count { value = libdeflate_crc32(value, base + folded, bytes.count - folded) }
    }

    private static let fold = ecg_crc32_fold()
    /// With fewer bytes there is nothing to be gained.
    private static let many = 1024

    public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    public static func of(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { of($0) } }

    public static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        var crc = CRC32()
        crc.update(bytes)
        return crc.value
    }
}
