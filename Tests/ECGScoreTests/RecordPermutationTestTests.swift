// SPDX-License-Identifier: GPL-3.0-or-later
import ECGRandom
import ECGScore
import Testing

@Suite struct RecordPermutationTestTests {
    typealias Unit = RecordPermutationTest.Unit

    /// Three records with both groups, two with each alone: 8 swaps times 6 choices, enumerated independently in Python.
    @Test func fewRecordsAreEnumerated() throws {
        let units = [
            Unit(a: [0.1], b: [0.2]), Unit(a: [0.5], b: [0.1]), Unit(a: [0.9], b: [0.3]), Unit(a: [0.7], b: nil), Unit(a: [0.8], b: nil),
            Unit(a: nil, b: [0.2]), Unit(a: nil, b: [0.4]),
        ]
        let test = RecordPermutationTest(units)
        #expect(test.exact)
        #expect(test.arrangements == 48)
        let cell = try #require(test.cells.first)
        #expect(abs(cell.meanA - 0.6) < 1e-12)
        #expect(abs(cell.meanB - 0.24) < 1e-12)
        #expect(cell.p == cell.adjusted)
        #expect(abs(cell.p - 4.0 / 48) < 1e-12)
        #expect(cell.recordsA == 5 && cell.recordsB == 5)
    }

    @Test func aRealDifferenceIsFoundAndAFalseOneIsNot() {
        let draws = RandomSource(seed: 5, key: "", purpose: "test")
        func profile(_ i: Int, _ shift: Double) -> [Double] {
            draws.normals(from: i * 10, count: 10).enumerated().map { Double($1) + ($0 == 3 ? shift : 0) }
        }
        let units = (0..<20).map { Unit(a: profile($0, 4), b: nil) } + (20..<40).map { Unit(a: nil, b: profile($0, 0)) }
        let test = RecordPermutationTest(units, permutations: 499)
        #expect(!test.exact)
        #expect(test.arrangements == 500)
        #expect(test.cells[3].adjusted == 1.0 / 500)
        #expect(test.cells.enumerated().allSatisfy { $0 == 3 || $1.adjusted > 0.01 })
        #expect(test.cells.allSatisfy { $0.adjusted >= $0.p })
        #expect(test.cells == RecordPermutationTest(units, permutations: 499).cells)
    }

    /// A single record's two groups can be arranged in two ways only, so it can never prove anything, however many beats it has.
    @Test func oneRecordProvesNothing() {
        let test = RecordPermutationTest([Unit(a: [0.9, 0.1], b: [0.1, 0.1])])
        #expect(test.cells.map(\.p) == [1, 1])
        #expect(RecordPermutationTest([]).cells.isEmpty)
    }

    @Test func cellsThatARecordLacksAreLeftOut() {
        let test = RecordPermutationTest([
            Unit(a: [1, .nan], b: nil), Unit(a: [3, 5], b: nil), Unit(a: nil, b: [1, 2]), Unit(a: nil, b: [2, .nan]),
        ])
        #expect(test.cells[1].recordsA == 1 && test.cells[1].recordsB == 1)
        #expect(test.cells[1].meanA == 5 && test.cells[1].meanB == 2)
    }
}
