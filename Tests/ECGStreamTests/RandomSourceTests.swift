// SPDX-License-Identifier: GPL-3.0-or-later
import ECGRandom
import Glibc
import Testing

@Suite struct RandomSourceTests {
    /// The vectors of the authors' own Random123 library (kat_vectors, philox4x32 10).
    @Test func philoxGivesItsPublishedNumbers() {
        let zero = RandomSource.philox(counter: (0, 0, 0, 0), key: (0, 0))
        #expect(zero == (0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
        let ones = RandomSource.philox(counter: (.max, .max, .max, .max), key: (.max, .max))
        #expect(ones == (0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
        let pi = RandomSource.philox(
            counter: (0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), key: (0xa409_3822, 0x299f_31d0))
        #expect(pi == (0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
    }

    @Test func drawsDependOnSeedKeyPurposeAndNumber() {
        let base = RandomSource(seed: 1, key: "100/5", purpose: 0)
        let values = [
            base.bits(0), base.bits(1), RandomSource(seed: 2, key: "100/5").bits(0), RandomSource(seed: 1, key: "100/6").bits(0),
            RandomSource(seed: 1, key: "100/5", purpose: 1).bits(0),
        ]
        #expect(Set(values).count == values.count)
        #expect(base.bits(7) == RandomSource(seed: 1, key: "100/5").bits(7))
    }

    @Test func momentsAreThoseOfTheDistributions() {
        let random = RandomSource(seed: 3)
        let count = 100_000
        let uniform = (0..<count).map { random.uniform(UInt64($0)) }
        #expect(abs(uniform.reduce(0, +) / Double(count) - 0.5) < 0.005)
        #expect(uniform.allSatisfy { $0 >= 0 && $0 < 1 })
        let normal = (0..<count).map { random.normal(UInt64($0)) }
        #expect(abs(normal.reduce(0, +) / Double(count)) < 0.015)
        #expect(abs(normal.reduce(0) { $0 + $1 * $1 } / Double(count) - 1) < 0.02)
        #expect(random.permutation(50).sorted() == Array(0..<50))
    }

    @Test func aRowOfNormalsDependsOnSeedKeyPurposeAndNumberAlone() {
        let draws = RandomSource(seed: 7, key: "100/77", purpose: "noise")
        let whole = draws.normals(from: 0, count: 101)
        #expect(Array(whole[13..<60]) == draws.normals(from: 13, count: 47))
        #expect(whole != RandomSource(seed: 8, key: "100/77", purpose: "noise").normals(from: 0, count: 101))
        #expect(whole != RandomSource(seed: 7, key: "100/78", purpose: "noise").normals(from: 0, count: 101))
        #expect(whole != RandomSource(seed: 7, key: "100/77", purpose: "alpha").normals(from: 0, count: 101))
    }

    @Test func aRowOfNormalsHasItsMoments() {
        let normal = RandomSource(seed: 0, purpose: "").normals(from: 0, count: 100_000).map(Double.init)
        let mean = normal.reduce(0, +) / 1e5
        #expect(abs(mean) < 0.015)
        #expect(abs(normal.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 1e5 - 1) < 0.02)
    }

    /// Draws by seed are results that people keep.
    @Test func aRowOfNormalsHoldsTheBitsOfTheLibrarysFunctions() throws {
        let draws = RandomSource(seed: 11, key: "100/77", purpose: "noise")
        let count = 3_000_000
        let row = draws.normals(from: 0, count: count)
        let differing = (0..<count / 2).filter { i in
            let (a, b, c, d) = draws.words(UInt64(i))
            let first = (Double((UInt64(b) << 32 | UInt64(a)) >> 11) + 1) * 0x1p-53
            let angle = 2 * .pi * (Double((UInt64(d) << 32 | UInt64(c)) >> 11) * 0x1p-53)
            let radius = (-2 * log(first)).squareRoot()
            return row[2 * i].bitPattern != Float(radius * cos(angle)).bitPattern
                || row[2 * i + 1].bitPattern != Float(radius * sin(angle)).bitPattern
        }
        #expect(differing.isEmpty)
        for set in 0..<3 {
            guard let other = draws.normals(from: 1, count: 100_001, instructionSet: set) else { continue }
            #expect(other == Array(row[1..<100_002]))
        }
        #expect(draws.normals(from: 5, count: 0).isEmpty)
        #expect(draws.normals(from: 5, count: 1) == [row[5]])
    }

    @Test func permutationsHoldEveryNumberOnce() {
        let draws = RandomSource(seed: 3, key: "k", purpose: "permutation")
        for number in 0..<20 { #expect(draws.permutation(number, of: 86).sorted() == Array(0..<86)) }
        #expect(draws.permutation(0, of: 86) != draws.permutation(1, of: 86))
        #expect(draws.permutation(0, of: 0).isEmpty)
        var first = [Int](repeating: 0, count: 4)
        for number in 0..<4000 { first[draws.permutation(number, of: 4)[0]] += 1 }
        #expect(first.allSatisfy { abs($0 - 1000) < 120 })
    }
}
