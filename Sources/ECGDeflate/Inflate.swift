// SPDX-License-Identifier: GPL-3.0-or-later
import CDeflate

/// Raw DEFLATE streams (RFC 1951), as the members of a ZIP file are packed.
public enum Inflate {
    /// A byte of DEFLATE gives at most so many.
    private static let mostOfAByte = 1032

    /// Decompresses a stream whose size is known beforehand.
    ///
    /// - Returns: `size` bytes; nil if the stream is damaged, or is longer or shorter. A size that the stream can't reach reserves no memory.
    public static func bytes(_ input: ArraySlice<UInt8>, size: Int) -> [UInt8]? {
        guard size >= 0, size <= input.count.multipliedReportingOverflow(by: mostOfAByte).partialValue,
            let decompressor = libdeflate_alloc_decompressor()
        else { return nil }
        defer { libdeflate_free_decompressor(decompressor) }
        var succeeded = false
        let output = [UInt8](unsafeUninitializedCapacity: size) { room, count in
            // an empty member has a stream too, and libdeflate wants a place even for nothing
            var nowhere: UInt8 = 0
            succeeded = withUnsafeMutablePointer(to: &nowhere) { place in
                input.withUnsafeBytes { packed in
                    // with no place for the size, anything but exactly `size` bytes is an error
                    libdeflate_deflate_decompress(decompressor, packed.baseAddress, packed.count, room.baseAddress ?? place, size, nil)
                        == LIBDEFLATE_SUCCESS
                }
            }
            count = succeeded ? size : 0
        }
        return succeeded ? output : nil
    }
}
