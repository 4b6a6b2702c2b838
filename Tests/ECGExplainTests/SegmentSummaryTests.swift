// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import ECGScore
import Testing

@Suite struct SegmentSummaryTests {
    @Test func stackedItemsAreUnstacked() throws {
        let map = try ItemMap([1, 2, 3, 4, 5, 6], shape: [1, 6], leads: 2)
        #expect(map.rows == [[1, 2, 3], [4, 5, 6]])
        #expect(throws: ExplainError.self) { try ItemMap([1, 2, 3], shape: [1, 3], leads: 2) }
        #expect(throws: ExplainError.self) { try ItemMap([1, 2, 3], shape: [3], leads: 1) }
    }

    @Test func scalingLooksAtTheSignalAloneAndCopesWithFlatAndBrokenMaps() throws {
        var map = try ItemMap([1, 3, 9, 2, 1, 9], shape: [2, 3], leads: 2)
        map.scaleToRange(samples: 0..<2)
        #expect(map.rows == [[0, 1, 4], [0.5, 0, 4]])
        var flat = try ItemMap([2, 2], shape: [1, 2], leads: 1)
        flat.scaleToRange(samples: 0..<2)
        #expect(flat.rows == [[0, 0]])
        var broken = try ItemMap([1, .nan, 3], shape: [1, 3], leads: 1)
        broken.scaleToRange(samples: 0..<3)
        #expect(broken.rows[0][0] == 0 && broken.rows[0][1].isNaN && broken.rows[0][2] == 1)
        let means = broken.means([.init(number: -1, samples: 0..<1), .init(number: 1, samples: 1..<3)])
        #expect(means[0][0] == 0 && means[0][1].isNaN)
    }

    @Test func outcomesAreCountedBesideTheirTotal() throws {
        let grouping = try BeatGrouping("label,outcome")
        #expect(grouping.groups(label: "A", predicted: "N") == ["A incorrect", "A total"])
        #expect(try BeatGrouping("outcome").groups(label: "A", predicted: "A") == ["correct", "total"])
        #expect(try BeatGrouping("label,predicted").groups(label: "A", predicted: "N") == ["A as N"])
        #expect(grouping.missing(label: "A", predicted: nil) == "no predicted class")
        #expect(try BeatGrouping("label").missing(label: nil, predicted: "N") == "no label")
        #expect(throws: ExplainError.self) { try BeatGrouping("colour") }
        #expect(throws: ExplainError.self) { try BeatGrouping("label,label") }
    }

    private func profile(_ summary: ProfileSummary, _ values: [Double]) -> BeatProfile {
        var profile = BeatProfile()
        let map = summary.number(ofMap: "saliency")
        let lead = summary.number(ofLead: "MLII")
        for (part, value) in values.enumerated() { profile.values.append(.init(map: map, lead: lead, part: part, value: value)) }
        return profile
    }

    @Test func rowsHoldQuartilesAndCountsOfTheBeatsThatHaveTheSegment() throws {
        let summary = ProfileSummary(limit: 3)
        for row in [[1.0, 5], [2, 6], [3], [4, .nan]] { try summary.add(profile(summary, row), groups: ["N"]) }
        let rows = try summary.rows()
        #expect(rows.map(\.n) == [4, 2])
        #expect(rows[0].q1 == 1.75 && rows[0].median == 2.5 && rows[0].q3 == 3.25 && rows[0].mean == 2.5)
        #expect(rows[1].median == 5.5)
        #expect(summary.notFinite == 1)
    }

    @Test func outliersAreTheBeatsFarthestFromTheMedian() throws {
        let summary = ProfileSummary()
        let outliers = BeatOutliers(count: 2)
        for i in 0..<50 {
            let beat = profile(summary, [0.1 + Double(i % 3) * 0.01, i == 17 ? 3 : i == 30 ? 2 : 0.5])
            try summary.add(beat, groups: ["N"])
            try outliers.add(beat, group: "N", key: "100/\(i)")
        }
        let found = try outliers.found(summary)
        #expect(found.map(\.key) == ["100/17", "100/30"])
        #expect(found.map(\.rank) == [1, 2])
        #expect(found.allSatisfy { $0.n == 50 })
        #expect(abs(found[0].distance - (2.5 * 2.5 / 2).squareRoot()) < 1e-3)
    }

    @Test func partsOfTheBeatFollowItsFiducials() {
        let parts = WaveShares.parts(.init(p: 2..<4, qrs: 5..<8, t: 10..<12), length: 14)
        #expect(parts == [.rest, .rest, .p, .p, .pr, .qrs, .qrs, .qrs, .st, .st, .t, .t, .rest, .rest])
        // without a P wave there is no PR segment
        #expect(WaveShares.parts(.init(qrs: 1..<2), length: 3) == [.rest, .qrs, .rest])
        // fiducials outside the window do no harm
        #expect(WaveShares.parts(.init(p: -5..<1, qrs: 2..<3, t: 5..<99), length: 4) == [.p, .pr, .qrs, .st])
    }

    @Test func sharesAddUpToOne() throws {
        let map = try ItemMap([1, -1, 2, 0, 4, 0], shape: [2, 3], leads: 2)
        let shares = WaveShares.shares(map, waves: [.init(qrs: 0..<1)], samples: 0..<3)
        #expect(shares.joined().reduce(0, +) == 1)
        #expect(shares[0][WaveShares.Part.qrs.rawValue] == 0.125)
    }

    @Test func classesAreComparedByRecord() throws {
        let summary = ProfileSummary()
        let comparison = ProfileComparison("N", "V")
        for record in 0..<6 {
            for beat in 0..<5 {
                let group = record < 3 ? "N" : "V"
                let row = profile(summary, [Double(beat) * 0.01, record < 3 ? 0.1 : 0.9])
                try summary.add(row, groups: [group])
                comparison.add(row, groups: [group], record: "\(record)")
            }
        }
        let (rows, arrangements, exact) = try comparison.rows(summary, permutations: 9999, seed: 0)
        #expect(exact && arrangements == 20)
        #expect(rows[1].cell.p == 0.1 && rows[0].cell.p == 1)
        #expect(throws: ExplainError.self) { try ProfileComparison("N", "x").rows(summary, permutations: 9, seed: 0) }
    }
}
