// SPDX-License-Identifier: GPL-3.0-or-later
import CDigest

/// The digest of FIPS 180-4, by which provenance names files. The overlay of CDigest: nothing else calls it.
public enum SHA256 {
    /// 64 hexadecimal digits.
    public static func hex(_ bytes: [UInt8]) -> String { hex(bytes, portable: false) }

    /// - Parameter portable: in plain C, though the processor may have instructions for it.
    package static func hex(_ bytes: [UInt8], portable: Bool) -> String {
        var state: [UInt32] = [
            0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
        ]
        let compress = (portable ? nil : ecg_sha256_extensions()) ?? ecg_sha256_portable
        let whole = bytes.count / 64
        bytes.withUnsafeBufferPointer { if let first = $0.baseAddress { compress(&state, first, whole) } }
        var tail = Array(bytes[(whole * 64)...]) + [0x80]
        while tail.count % 64 != 56 { tail.append(0) }
        for shift in stride(from: 56, through: 0, by: -8) {
            tail.append(UInt8(truncatingIfNeeded: (UInt64(bytes.count) * 8) >> UInt64(shift)))
        }
        tail.withUnsafeBufferPointer { if let first = $0.baseAddress { compress(&state, first, tail.count / 64) } }
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: state.flatMap { word in stride(from: UInt32(28), through: 0, by: -4).map { digits[Int(word >> $0 & 15)] } },
            as: UTF8.self)
    }
}
