// SPDX-License-Identifier: GPL-3.0-or-later

/// The innermost loop of reading format 212, which nearly every ECG archive of the field uses: twelve-bit codes, straight from the file's
/// bytes, to physical values by table.
///
/// It belongs to the overlay that reads files (ByteFile.swift) and works on that one's buffers through pointers: with every index checked it
/// takes three times as long, and reading an archive is little else. All lengths are checked before it starts.
enum PairLookup {
    /// A signal: its place in the frame, the value of each 12-bit code, and where its values go.
    struct Lane {
        let place: Int
        let values: [Float]
        let target: Int
    }

    /// Values of two signals that share their three bytes, the first one's place being even.
    /// - Returns: the sums of the samples, modulo 2^32.
    static func pair(
        _ bytes: [UInt8], stride: Int, count: Int, _ first: Lane, _ second: Lane, into output: inout [Float]
    ) -> (UInt32, UInt32) {
        check(bytes, stride, count, first, output)
        check(bytes, stride, count, second, output)
        var sums = SIMD4<UInt32>()
        output.withUnsafeMutableBufferPointer { output in
            first.values.withUnsafeBufferPointer { firstValues in
                second.values.withUnsafeBufferPointer { secondValues in
                    bytes.withUnsafeBytes { bytes in
                        guard let base = output.baseAddress, let bytesBase = bytes.baseAddress, let firstTable = firstValues.baseAddress,
                            let secondTable = secondValues.baseAddress
                        else { return }
                        sums = run(
                            bytesBase + first.place / 2 * 3, left: bytes.count - first.place / 2 * 3, stride: stride, count: count,
                            (firstTable, secondTable), (base + first.target, base + second.target))
                    }
                }
            }
        }
        let excess = 0x800 &* UInt32(truncatingIfNeeded: count)
        return (sums[0] &+ sums[1] &- excess, sums[2] &+ sums[3] &- excess)
    }

    private typealias Table = UnsafePointer<Float>
    private typealias Values = UnsafeMutablePointer<Float>

    /// The loop itself, on plain pointers and sums of its own: with any of them in a closure's context it takes half as long again.
    private static func run(
        _ bytes: UnsafeRawPointer, left: Int, stride: Int, count: Int, _ tables: (Table, Table), _ outputs: (Values, Values)
    ) -> SIMD4<UInt32> {
        var sums: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
        var at = 0
        var frame = 0
        if stride == 3 {
            // Two frames lie in one word of eight bytes, which must not reach beyond the buffer.
            while frame &+ 1 < count && at &+ 8 <= left {
                let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
                let one = Int(truncatingIfNeeded: word & 0xFFF)
                let two = Int(truncatingIfNeeded: word >> 16 & 0xFF | word >> 4 & 0xF00)
                let three = Int(truncatingIfNeeded: word >> 24 & 0xFFF)
                let four = Int(truncatingIfNeeded: word >> 40 & 0xFF | word >> 28 & 0xF00)
                outputs.0[frame] = tables.0[one]
                outputs.0[frame &+ 1] = tables.0[three]
                outputs.1[frame] = tables.1[two]
                outputs.1[frame &+ 1] = tables.1[four]
                // A code with its sign bit turned over is the sample plus 2048.
                sums.0 &+= UInt32(truncatingIfNeeded: one ^ 0x800)
                sums.1 &+= UInt32(truncatingIfNeeded: three ^ 0x800)
                sums.2 &+= UInt32(truncatingIfNeeded: two ^ 0x800)
                sums.3 &+= UInt32(truncatingIfNeeded: four ^ 0x800)
                frame &+= 2
                at &+= 6
            }
        }
        while frame < count {
            let middle = Int(bytes.load(fromByteOffset: at &+ 1, as: UInt8.self))
            let one = Int(bytes.load(fromByteOffset: at, as: UInt8.self)) | (middle & 0x0F) << 8
            let two = Int(bytes.load(fromByteOffset: at &+ 2, as: UInt8.self)) | (middle & 0xF0) << 4
            outputs.0[frame] = tables.0[one]
            outputs.1[frame] = tables.1[two]
            sums.0 &+= UInt32(truncatingIfNeeded: one ^ 0x800)
            sums.2 &+= UInt32(truncatingIfNeeded: two ^ 0x800)
            frame &+= 1
            at &+= stride
        }
        return SIMD4(sums.0, sums.1, sums.2, sums.3)
    }

    /// Values of one signal.
    static func single(_ bytes: [UInt8], stride: Int, count: Int, _ lane: Lane, into output: inout [Float]) -> UInt32 {
        check(bytes, stride, count, lane, output)
        var sum: UInt32 = 0
        let isSecond = lane.place % 2 == 1
        output.withUnsafeMutableBufferPointer { output in
            lane.values.withUnsafeBufferPointer { values in
                bytes.withUnsafeBufferPointer { bytes in
                    var at = lane.place / 2 * 3
                    for frame in 0..<count {
                        let middle = Int(bytes[at &+ 1])
                        let code = isSecond ? Int(bytes[at &+ 2]) | (middle & 0xF0) << 4 : Int(bytes[at]) | (middle & 0x0F) << 8
                        output[lane.target &+ frame] = values[code]
                        sum &+= UInt32(truncatingIfNeeded: code ^ 0x800)
                        at &+= stride
                    }
                }
            }
        }
        return sum &- 0x800 &* UInt32(truncatingIfNeeded: count)
    }

    /// Room for values that are all written before they are read.
    static func room(_ count: Int) -> [Float] { [Float](unsafeUninitializedCapacity: count) { _, filled in filled = count } }

    private static func check(_ bytes: [UInt8], _ stride: Int, _ count: Int, _ lane: Lane, _ output: [Float]) {
        precondition(count >= 0 && lane.place >= 0 && lane.place / 2 * 3 + 3 <= stride && lane.values.count == 4096)
        precondition(bytes.count >= count * stride && lane.target >= 0 && lane.target + count <= output.count)
    }
}
