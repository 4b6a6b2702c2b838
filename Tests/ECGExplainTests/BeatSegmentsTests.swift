// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import Testing

@Suite struct BeatSegmentsTests {
    @Test func segmentsRunOutwardsFromTheRPeakAndAreClipped() throws {
        let beat = try BeatSegments(samples: 0..<110, r: 50, fs: 360, seconds: 0.1)
        #expect(beat.segments.map(\.name) == ["-2", "-1", "+1", "+2"])
        #expect(beat.segments.map(\.samples) == [0..<14, 14..<50, 50..<86, 86..<110])
    }

    /// At 257 Hz a segment has 25.7 samples: edges are rounded one by one, so no error accumulates.
    @Test func edgesAreRoundedOneByOne() throws {
        let beat = try BeatSegments(samples: 0..<300, r: 100, fs: 257, seconds: 0.1)
        let ends = beat.segments.filter { $0.number > 0 }.map(\.samples.upperBound)
        #expect(ends == [126, 151, 177, 203, 229, 254, 280, 300])
    }

    @Test func everySampleLiesInExactlyOneSegment() throws {
        for r in [0, 1, 42, 99] {
            let beat = try BeatSegments(samples: 0..<100, r: r, fs: 125, seconds: 0.1)
            #expect(beat.segments.flatMap { Array($0.samples) } == Array(0..<100))
            #expect(beat.segments.allSatisfy { $0.number != 0 })
            #expect(beat.segments.first { $0.number == 1 }?.samples.lowerBound == r)
        }
    }

    /// Longer than any number of samples.
    @Test func aSegmentLongerThanTheBeatTakesASideWhole() throws {
        for seconds in [1, 1e18, 1e300] {
            let beat = try BeatSegments(samples: 10..<100, r: 40, fs: 360, seconds: seconds)
            #expect(beat.segments.map(\.samples) == [10..<40, 40..<100])
        }
    }

    @Test func impossibleRequestsAreRefused() {
        #expect(throws: ExplainError.self) { try BeatSegments(samples: 0..<100, r: 100, fs: 360, seconds: 0.1) }
        #expect(throws: ExplainError.self) { try BeatSegments(samples: 0..<100, r: -1, fs: 360, seconds: 0.1) }
        #expect(throws: ExplainError.self) { try BeatSegments(samples: 0..<100, r: 5, fs: 360, seconds: 0.001) }
        #expect(throws: ExplainError.self) { try BeatSegments(samples: 0..<100, r: 5, fs: .nan, seconds: 0.1) }
        #expect(throws: ExplainError.self) { try BeatSegments(samples: 0..<100, r: 5, fs: 360, seconds: -1) }
    }

    @Test func spansAreNominalSeconds() {
        #expect(BeatSegments.span(1, seconds: 0.5) == (0, 0.5))
        #expect(BeatSegments.span(-2, seconds: 0.5) == (-1, -0.5))
    }
}
