// SPDX-License-Identifier: GPL-3.0-or-later

/// Decompresses a raw DEFLATE stream (RFC 1951), for the members of compressed .npz files.
///
/// The result's size is known beforehand from the archive, and nothing longer is ever made.
struct Inflate {
    private enum Damage: Error { case here }

    private let input: ArraySlice<UInt8>
    private var at: Int
    private var bits: UInt64 = 0
    private var bitCount = 0
    private var output: [UInt8] = []
    private let size: Int

    /// The decompressed bytes; nil if the stream is damaged or isn't `size` bytes long.
    static func bytes(_ input: ArraySlice<UInt8>, size: Int) -> [UInt8]? {
        var inflate = Inflate(input, size: size)
        return try? inflate.run()
    }

    private init(_ input: ArraySlice<UInt8>, size: Int) {
        self.input = input
        self.size = size
        at = input.startIndex
        // a byte of DEFLATE gives at most 1032: a size that lies reserves no memory
        output.reserveCapacity(min(size, input.count.multipliedReportingOverflow(by: 1032).partialValue))
    }

    private mutating func run() throws -> [UInt8] {
        var last = false
        while !last {
            last = try take(1) == 1
            switch try take(2) {
            case 0: try stored()
            case 1: try block(Self.fixedLengths, Self.fixedDistances)
            case 2:
                let (lengths, distances) = try codes()
                try block(lengths, distances)
            default: throw Damage.here
            }
        }
        guard output.count == size else { throw Damage.here }
        return output
    }

    private mutating func take(_ count: Int) throws -> Int {
        while bitCount < count {
            guard at < input.endIndex else { throw Damage.here }
            bits |= UInt64(input[at]) << UInt64(bitCount)
            at += 1
            bitCount += 8
        }
        let value = Int(bits & ((1 << UInt64(count)) - 1))
        bits >>= UInt64(count)
        bitCount -= count
        return value
    }

    private mutating func stored() throws {
        bits = 0
        bitCount = 0
        let length = try take(16)
        guard try take(16) == ~length & 0xffff, input.endIndex - at >= length, output.count + length <= size else { throw Damage.here }
        output += input[at..<at + length]
        at += length
    }

    /// A canonical Huffman code: how many codes there are of each length, and the symbols in order of their codes.
    private struct Code {
        var counts = [Int](repeating: 0, count: 16)
        var symbols: [Int] = []

        init(_ lengths: some Collection<Int>) {
            for length in lengths { counts[length] += 1 }
            counts[0] = 0
            for length in 1...15 { symbols += lengths.enumerated().filter { $0.element == length }.map(\.offset) }
        }
    }

    private mutating func symbol(_ code: Code) throws -> Int {
        var (value, first, index) = (0, 0, 0)
        for length in 1...15 {
            value |= try take(1)
            let count = code.counts[length]
            // a code with too many symbols of a length runs past its own start
            guard value >= first else { throw Damage.here }
            if value - first < count { return code.symbols[index + value - first] }
            index += count
            first = (first + count) << 1
            value <<= 1
        }
        throw Damage.here
    }

    private static let fixedLengths = Code((0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 })
    private static let fixedDistances = Code([Int](repeating: 5, count: 30))
    private static let lengthBase = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
    ]
    private static let lengthExtra = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
    private static let distanceBase = [
        1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289,
        16385,
        24577,
    ]
    private static let distanceExtra = [
        0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
    ]

    /// The two codes at the head of a dynamic block.
    private mutating func codes() throws -> (lengths: Code, distances: Code) {
        let lengthCount = try take(5) + 257
        let distanceCount = try take(5) + 1
        let codeCount = try take(4) + 4
        guard lengthCount <= 286, distanceCount <= 30 else { throw Damage.here }
        var lengths = [Int](repeating: 0, count: 19)
        for place in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15].prefix(codeCount) { lengths[place] = try take(3) }
        let code = Code(lengths)
        var all: [Int] = []
        while all.count < lengthCount + distanceCount {
            let symbol = try symbol(code)
            switch symbol {
            case 16:
                guard let previous = all.last else { throw Damage.here }
                all += [Int](repeating: previous, count: 3 + (try take(2)))
            case 17: all += [Int](repeating: 0, count: 3 + (try take(3)))
            case 18: all += [Int](repeating: 0, count: 11 + (try take(7)))
            default: all.append(symbol)
            }
        }
        guard all.count == lengthCount + distanceCount else { throw Damage.here }
        return (Code(all[..<lengthCount]), Code(all[lengthCount...]))
    }

    private mutating func block(_ lengths: Code, _ distances: Code) throws {
        while true {
            let symbol = try symbol(lengths)
            if symbol == 256 { return }
            if symbol < 256 {
                guard output.count < size else { throw Damage.here }
                output.append(UInt8(symbol))
                continue
            }
            guard symbol - 257 < Self.lengthBase.count else { throw Damage.here }
            let length = Self.lengthBase[symbol - 257] + (try take(Self.lengthExtra[symbol - 257]))
            let place = try self.symbol(distances)
            guard place < Self.distanceBase.count else { throw Damage.here }
            let distance = Self.distanceBase[place] + (try take(Self.distanceExtra[place]))
            guard distance <= output.count, output.count + length <= size else { throw Damage.here }
            for _ in 0..<length { output.append(output[output.count - distance]) }
        }
    }
}
