// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// Random numbers as a pure function of a seed, a key and a draw number, so that no draw depends on batches, threads or order.
///
/// The generator is Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): the seed is its key; its
/// 128-bit counter is made of a hash of the key's text (64 bits) and the number of the draw (64 bits).
public struct CounterRandom: Sendable {
    private let seed: UInt64
    private let key: UInt64

    /// Draws for one key (a record's key, say) and one purpose: different purposes never share numbers.
    public init(seed: UInt64, key: String, purpose: String) {
        self.seed = seed
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for text in [purpose, key] {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            hash = (hash ^ 0xff) &* 0x100_0000_01b3
        }
        self.key = Self.mixed(hash)
    }

    /// Four independent 32-bit words, all of them from draw `number`.
    public func words(_ number: UInt64) -> SIMD4<UInt32> {
        Self.philox(
            counter: SIMD4(
                UInt32(truncatingIfNeeded: number), UInt32(truncatingIfNeeded: number >> 32),
                UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key >> 32)),
            key: seed)
    }

    /// Philox4x32-10 itself.
    package static func philox(counter start: SIMD4<UInt32>, key seed: UInt64) -> SIMD4<UInt32> {
        var counter = start
        var k0 = UInt32(truncatingIfNeeded: seed)
        var k1 = UInt32(truncatingIfNeeded: seed >> 32)
        for _ in 0..<10 {
            let a = UInt64(counter[0]) &* 0xD251_1F53
            let b = UInt64(counter[2]) &* 0xCD9E_8D57
            counter = SIMD4(
                UInt32(truncatingIfNeeded: b >> 32) ^ counter[1] ^ k0, UInt32(truncatingIfNeeded: b),
                UInt32(truncatingIfNeeded: a >> 32) ^ counter[3] ^ k1, UInt32(truncatingIfNeeded: a))
            k0 &+= 0x9E37_79B9
            k1 &+= 0xBB67_AE85
        }
        return counter
    }

    /// A number in [0, 1), with 53 random bits.
    public func uniform(_ number: UInt64) -> Double {
        let w = words(number)
        return Double((UInt64(w[0]) << 21) ^ (UInt64(w[1]) >> 11)) * 0x1p-53
    }

    /// A whole number in 0..<bound, without bias that could be seen (64 random bits, multiplied into place).
    public func index(_ number: UInt64, below bound: Int) -> Int {
        let w = words(number)
        return Int((UInt64(w[0]) << 32 | UInt64(w[1])).multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// Two independent standard normal numbers (Box and Muller).
    public func normals(_ number: UInt64) -> (Double, Double) {
        let w = words(number)
        // (0, 1]: the logarithm needs a number that is not zero
        let u = (Double((UInt64(w[0]) << 21) ^ (UInt64(w[1]) >> 11)) + 1) * 0x1p-53
        let angle = Double((UInt64(w[2]) << 21) ^ (UInt64(w[3]) >> 11)) * 0x1p-53 * 2 * Double.pi
        let radius = (-2 * log(u)).squareRoot()
        return (radius * cos(angle), radius * sin(angle))
    }

    /// Standard normal numbers `first` to `first + count - 1` of an endless row.
    public func normals(from first: Int, count: Int) -> [Float] {
        var row: [Float] = []
        row.reserveCapacity(count + 1)
        var number = first
        while number < first + count {
            let pair = normals(UInt64(number / 2))
            if number % 2 == 0 {
                row.append(Float(pair.0))
                if number + 1 < first + count { row.append(Float(pair.1)) }
                number += 2
            } else {
                row.append(Float(pair.1))
                number += 1
            }
        }
        return row
    }

    /// The numbers 0..<count in random order (Fisher and Yates); `number` says which of the endlessly many permutations.
    public func permutation(_ number: Int, of count: Int) -> [Int] {
        var order = Array(0..<count)
        guard count > 1 else { return order }
        for i in stride(from: count - 1, to: 0, by: -1) {
            order.swapAt(i, index(UInt64(number) << 32 | UInt64(i), below: i + 1))
        }
        return order
    }

    /// The finaliser of MurmurHash3: neighbouring keys must not give neighbouring counters.
    private static func mixed(_ value: UInt64) -> UInt64 {
        var h = value
        h = (h ^ (h >> 33)) &* 0xff51_afd7_ed55_8ccd
        h = (h ^ (h >> 33)) &* 0xc4ce_b9fe_1a85_ec53
        return h ^ (h >> 33)
    }
}
