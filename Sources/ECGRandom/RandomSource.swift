// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// Random numbers that are a function of seed, key and draw number, and of nothing else: not of batch, order or threads.
///
///     let random = RandomSource(seed: stage.seed, key: record.key)
///     let jitter = random.normal(17)        // draw number 17 of this record, whenever it is asked for
///
/// The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; SC 2011), whose counter is the
/// draw number and whose key is made of seed and key. `purpose` tells apart several uses of one record's numbers.
public struct RandomSource: Sendable {
    let key: (UInt32, UInt32)
    let purpose: UInt64

    public init(seed: UInt64, key: String = "", purpose: UInt64 = 0) {
        // The key's hash, mixed with the seed (the finaliser of SplitMix64), so that near keys lie far apart.
        let mixed = Self.mix(Self.mix(seed &+ 0x9E37_79B9_7F4A_7C15) ^ Self.hash(key))
        self.key = (UInt32(truncatingIfNeeded: mixed), UInt32(truncatingIfNeeded: mixed >> 32))
        self.purpose = purpose
    }

    /// The numbers of a use that has a name: different names never share numbers.
    public init(seed: UInt64, key: String = "", purpose: String) {
        self.init(seed: seed, key: key, purpose: Self.mix(Self.hash(purpose)))
    }

    /// FNV-1a over a text's bytes.
    private static func hash(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return hash
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// 128 random bits of a draw.
    @inline(__always)
    public func words(_ draw: UInt64) -> (UInt32, UInt32, UInt32, UInt32) {
        Self.philox(
            counter: (
                UInt32(truncatingIfNeeded: draw), UInt32(truncatingIfNeeded: draw >> 32), UInt32(truncatingIfNeeded: purpose),
                UInt32(truncatingIfNeeded: purpose >> 32)
            ), key: key)
    }

    /// 64 random bits.
    public func bits(_ draw: UInt64) -> UInt64 {
        let (a, b, _, _) = words(draw)
        return UInt64(b) << 32 | UInt64(a)
    }

    /// Uniform in [0, 1), in steps of 2⁻⁵³.
    public func uniform(_ draw: UInt64) -> Double { Double(bits(draw) >> 11) * 0x1p-53 }

    /// Uniform among 0..<bound, without bias worth speaking of (2⁻⁶⁴·bound).
    public func integer(_ draw: UInt64, below bound: Int) -> Int {
        precondition(bound > 0)
        return Int(bits(draw).multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// Normal with mean 0 and standard deviation 1 (Box and Muller 1958).
    public func normal(_ draw: UInt64) -> Double {
        let (radius, angle) = polar(draw)
        return radius * cos(angle)
    }

    private func polar(_ draw: UInt64) -> (radius: Double, angle: Double) {
        let (a, b, c, d) = words(draw)
        let first = (Double((UInt64(b) << 32 | UInt64(a)) >> 11) + 1) * 0x1p-53  // in (0, 1]
        let second = Double((UInt64(d) << 32 | UInt64(c)) >> 11) * 0x1p-53
        return ((-2 * log(first)).squareRoot(), 2 * .pi * second)
    }

    /// 0..<count in random order (Fisher and Yates), from draws `first`, `first + 1`, … `first + count − 2`.
    public func permutation(_ count: Int, first: UInt64 = 0) -> [Int] {
        var order = Array(0..<count)
        guard count > 1 else { return order }
        for index in stride(from: count - 1, to: 0, by: -1) {
            order.swapAt(index, integer(first &+ UInt64(count - 1 - index), below: index + 1))
        }
        return order
    }

    /// Permutation `number` of endlessly many.
    public func permutation(_ number: Int, of count: Int) -> [Int] { permutation(count, first: UInt64(number) << 32) }

    /// The function itself, for its published test vectors.
    package static func philox(
        counter: (UInt32, UInt32, UInt32, UInt32), key: (UInt32, UInt32)
    ) -> (UInt32, UInt32, UInt32, UInt32) {
        var (c0, c1, c2, c3) = counter
        var (k0, k1) = key
        for _ in 0..<10 {
            let left = UInt64(0xD251_1F53) &* UInt64(c0)
            let right = UInt64(0xCD9E_8D57) &* UInt64(c2)
            (c0, c1, c2, c3) = (
                UInt32(truncatingIfNeeded: right >> 32) ^ c1 ^ k0, UInt32(truncatingIfNeeded: right),
                UInt32(truncatingIfNeeded: left >> 32) ^ c3 ^ k1, UInt32(truncatingIfNeeded: left)
            )
            k0 &+= 0x9E37_79B9
            k1 &+= 0xBB67_AE85
        }
        return (c0, c1, c2, c3)
    }
}
