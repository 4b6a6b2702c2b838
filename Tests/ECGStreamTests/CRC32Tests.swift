// SPDX-License-Identifier: GPL-3.0-or-later
import ECGDeflate
import Testing

/// The sum of every frame, by whatever products the processor has.
@Suite struct CRC32Tests {
    /// Bit by bit, as the polynomial says.
    private static func reference(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var state = ~UInt32(0)
        for byte in bytes {
            state ^= UInt32(byte)
            for _ in 0..<8 { state = state >> 1 ^ (state & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        return ~state
    }

    private static let bytes = (0..<9000).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 31 &+ $0 >> 3) }

    @Test func ofTheCheckValue() { #expect(CRC32.of(Array("123456789".utf8)) == 0xCBF4_3926) }

    @Test(arguments: [0, 1, 63, 64, 255, 256, 257, 1023, 1024, 1025, 1279, 1280, 1281, 2048, 4095, 8191]) func ofAnyLength(_ count: Int) {
        for start in [0, 1, 63] {
            let part = Self.bytes[start..<start + count]
            #expect(CRC32.of(Array(part)) == Self.reference(part), "\(count) bytes from \(start) on")
        }
    }

    @Test(arguments: [1, 100, 1024, 1500, 4000]) func ofPieces(_ size: Int) {
        var crc = CRC32()
        for start in stride(from: 0, to: Self.bytes.count, by: size) {
            crc.update(Array(Self.bytes[start..<min(start + size, Self.bytes.count)]))
        }
        #expect(crc.value == Self.reference(Self.bytes[...]))
    }
}
