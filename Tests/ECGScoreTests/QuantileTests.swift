// SPDX-License-Identifier: GPL-3.0-or-later
import ECGRandom
import ECGScore
import Testing

@Suite struct QuantileTests {
    /// numpy.quantile([3, 1, 7, 2], [0.25, 0.5, 0.75]) and of [0.1, 0.4, 0.35, 0.8, 0.05].
    @Test func quantilesInterpolateAsNumPyDoes() {
        #expect([0.25, 0.5, 0.75].map { quantile($0, ofSorted: [1, 2, 3, 7]) } == [1.75, 2.5, 4.0])
        #expect([0, 0.25, 0.5, 1].map { quantile($0, ofSorted: [0.05, 0.1, 0.35, 0.4, 0.8]) } == [0.05, 0.1, 0.35, 0.8])
        #expect(quantile(0.5, ofSorted: []) == nil)
        #expect(quantile(0.75, ofSorted: [4]) == 4)
    }

    /// However little fits in memory, the quantiles are exactly those of all values.
    @Test(arguments: [1, 7, 100, 5000, 1_000_000]) func groupsGiveExactQuantilesWhateverTheLimit(limit: Int) throws {
        let draws = RandomSource(seed: 1, key: "", purpose: "")
        let values = GroupedValues(limit: limit)
        var rows: [[Double]] = [[], [], []]
        for _ in rows { _ = values.addGroup() }
        for i in 0..<2000 {
            let group = draws.integer(UInt64(i), below: 3)
            // negative, tied and tiny values too
            let value = i % 11 == 0 ? -0.5 : draws.normal(UInt64(i + 5000)) * (i % 3 == 0 ? 1e-300 : 3)
            rows[group].append(value)
            try values.add(value, to: group)
        }
        for group in 0..<3 {
            let sorted = rows[group].sorted()
            let points = [0.0, 0.1, 0.25, 0.5, 0.75, 1]
            #expect(try values.quantiles(points, of: group) == points.compactMap { quantile($0, ofSorted: sorted) })
            #expect(values.count(group) == sorted.count)
            let mean = rows[group].reduce(0, +) / Double(sorted.count)
            #expect(abs(try #require(try values.moments(of: group)).mean - mean) < 1e-12)
        }
        #expect(try values.quantiles([0.5], of: values.addGroup()).isEmpty)
    }
}
