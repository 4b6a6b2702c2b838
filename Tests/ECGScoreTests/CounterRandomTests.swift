// SPDX-License-Identifier: GPL-3.0-or-later
import ECGScore
import Testing

@Suite struct CounterRandomTests {
    /// Known answers published with the Random123 library.
    @Test func philoxGivesThePublishedWords() {
        #expect(CounterRandom.philox(counter: SIMD4(0, 0, 0, 0), key: 0) == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
        #expect(
            CounterRandom.philox(counter: SIMD4(repeating: .max), key: .max)
                == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
        #expect(
            CounterRandom.philox(counter: SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), key: 0x299f_31d0_a409_3822)
                == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
    }

    @Test func drawsDependOnSeedKeyPurposeAndNumberAlone() {
        let draws = CounterRandom(seed: 7, key: "100/77", purpose: "noise")
        let whole = draws.normals(from: 0, count: 101)
        #expect(Array(whole[13..<60]) == draws.normals(from: 13, count: 47))
        #expect(whole != CounterRandom(seed: 8, key: "100/77", purpose: "noise").normals(from: 0, count: 101))
        #expect(whole != CounterRandom(seed: 7, key: "100/78", purpose: "noise").normals(from: 0, count: 101))
        #expect(whole != CounterRandom(seed: 7, key: "100/77", purpose: "alpha").normals(from: 0, count: 101))
    }

    @Test func normalAndUniformDrawsHaveTheirMoments() {
        let draws = CounterRandom(seed: 0, key: "", purpose: "")
        let normal = draws.normals(from: 0, count: 100_000).map(Double.init)
        let mean = normal.reduce(0, +) / 1e5
        #expect(abs(mean) < 0.015)
        #expect(abs(normal.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 1e5 - 1) < 0.02)
        let uniform = (0..<100_000).map { draws.uniform(UInt64($0)) }
        #expect(abs(uniform.reduce(0, +) / 1e5 - 0.5) < 0.005)
        #expect(uniform.allSatisfy { $0 >= 0 && $0 < 1 })
    }

    @Test func permutationsHoldEveryNumberOnce() {
        let draws = CounterRandom(seed: 3, key: "k", purpose: "permutation")
        for number in 0..<20 { #expect(draws.permutation(number, of: 86).sorted() == Array(0..<86)) }
        #expect(draws.permutation(0, of: 86) != draws.permutation(1, of: 86))
        #expect(draws.permutation(0, of: 0).isEmpty)
        var first = [Int](repeating: 0, count: 4)
        for number in 0..<4000 { first[draws.permutation(number, of: 4)[0]] += 1 }
        #expect(first.allSatisfy { abs($0 - 1000) < 120 })
    }
}
