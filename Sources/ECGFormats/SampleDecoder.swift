// SPDX-License-Identifier: GPL-3.0-or-later

/// Bytes of the binary signal formats to samples (signal(5)).
enum SampleDecoder {
    /// Decodes `count` samples after the first `skipping` of the block that `bytes` starts with.
    static func decode(_ format: SignalFormat, bytes: [UInt8], skipping: Int, count: Int, into samples: inout [Int32]) {
        switch format {
        case .differences8: for index in 0..<count { samples[index] = Int32(Int8(bitPattern: bytes[index])) }
        case .offset8: for index in 0..<count { samples[index] = Int32(bytes[index]) &- 128 }
        case .signed16:
            for index in 0..<count {
                samples[index] = Int32(Int16(truncatingIfNeeded: Int32(bytes[2 &* index]) | Int32(bytes[2 &* index &+ 1]) << 8))
            }
        case .swapped16:
            for index in 0..<count {
                samples[index] = Int32(Int16(truncatingIfNeeded: Int32(bytes[2 &* index]) << 8 | Int32(bytes[2 &* index &+ 1])))
            }
        case .offset16:
            for index in 0..<count {
                samples[index] = (Int32(bytes[2 &* index]) | Int32(bytes[2 &* index &+ 1]) << 8) &- 32768
            }
        case .signed24:
            for index in 0..<count {
                let low = Int32(bytes[3 &* index]) | Int32(bytes[3 &* index &+ 1]) << 8
                samples[index] = low | Int32(Int8(bitPattern: bytes[3 &* index &+ 2])) << 16
            }
        case .signed32:
            for index in 0..<count {
                let low = UInt32(bytes[4 &* index]) | UInt32(bytes[4 &* index &+ 1]) << 8
                let high = UInt32(bytes[4 &* index &+ 2]) | UInt32(bytes[4 &* index &+ 3]) << 8
                samples[index] = Int32(bitPattern: low | high << 16)
            }
        case .packed12: unpack12(bytes, skipping, count, &samples)
        case .packed10: unpackWords10(bytes, skipping, count, &samples)
        case .packed10Dense: unpackDense10(bytes, skipping, count, &samples)
        case .null, .flac8, .flac16, .flac24: break
        }
    }

    /// Sign-extends the low `bits` bits.
    @inline(__always)
    private static func extend(_ value: Int32, bits: Int32) -> Int32 { (value << (32 &- bits)) >> (32 &- bits) }

    private static func unpack12(_ bytes: [UInt8], _ skipping: Int, _ count: Int, _ samples: inout [Int32]) {
        var out = 0
        if skipping == 1 && count > 0 {
            samples[0] = extend(Int32(bytes[1] & 0xF0) << 4 | Int32(bytes[2]), bits: 12)
            out = 1
        }
        var at = skipping == 1 ? 3 : 0
        while out &+ 1 < count {
            let middle = Int32(bytes[at &+ 1])
            samples[out] = extend(Int32(bytes[at]) | middle << 8, bits: 12)
            samples[out &+ 1] = extend((middle & 0xF0) << 4 | Int32(bytes[at &+ 2]), bits: 12)
            out &+= 2
            at &+= 3
        }
        if out < count { samples[out] = extend(Int32(bytes[at]) | Int32(bytes[at &+ 1]) << 8, bits: 12) }
    }

    /// 310: the samples' eleven low bits but one of two words, the third in the five high bits of both.
    private static func unpackWords10(_ bytes: [UInt8], _ skipping: Int, _ count: Int, _ samples: inout [Int32]) {
        for out in 0..<count {
            let (block, place) = (out &+ skipping).quotientAndRemainder(dividingBy: 3)
            let at = block &* 4
            switch place {
            case 0: samples[out] = extend((Int32(bytes[at]) | Int32(bytes[at &+ 1]) << 8) >> 1, bits: 10)
            case 1: samples[out] = extend((Int32(bytes[at &+ 2]) | Int32(bytes[at &+ 3]) << 8) >> 1, bits: 10)
            default: samples[out] = extend(Int32(bytes[at &+ 1]) >> 3 | (Int32(bytes[at &+ 3]) & 0xF8) << 2, bits: 10)
            }
        }
    }

    /// 311: three samples in the low thirty bits of a word.
    private static func unpackDense10(_ bytes: [UInt8], _ skipping: Int, _ count: Int, _ samples: inout [Int32]) {
        for out in 0..<count {
            let (block, place) = (out &+ skipping).quotientAndRemainder(dividingBy: 3)
            let at = block &* 4
            switch place {
            case 0: samples[out] = extend(Int32(bytes[at]) | Int32(bytes[at &+ 1]) << 8, bits: 10)
            case 1: samples[out] = extend(Int32(bytes[at &+ 1]) >> 2 | Int32(bytes[at &+ 2]) << 6, bits: 10)
            default: samples[out] = extend(Int32(bytes[at &+ 2]) >> 4 | Int32(bytes[at &+ 3]) << 4, bits: 10)
            }
        }
    }
}
