// SPDX-License-Identifier: GPL-3.0-or-later
import ECGScore
import Testing

@Suite struct BeatComparisonTests {
    private func beats(_ samples: Int..., as beatClass: BeatClass = .normal) -> [AnnotatedBeat] {
        samples.map { AnnotatedBeat(sample: $0, beatClass: beatClass) }
    }

    @Test func beatsWithinTheWindowArePairs() {
        let comparison = BeatComparison(
            reference: beats(100, 400, 700, 1000), test: beats(110, 454, 755, 990), start: 0, end: 2000, window: 54)
        #expect(comparison.found == 3)
        #expect(comparison.missedSamples == [700])
        #expect(comparison.extraSamples == [755])
        #expect(comparison.sensitivity == 0.75)
        #expect(comparison.positivePredictivity == 0.75)
        #expect(comparison.meanAbsoluteError == Double(10 + 54 + 10) / 3)
    }

    @Test func theNearerOfTwoIsThePair() {
        let comparison = BeatComparison(reference: beats(100, 500), test: beats(60, 95, 500, 530), start: 0, end: 1000, window: 54)
        #expect(comparison.found == 2)
        #expect(comparison.extraSamples == [60, 530])
    }

    @Test func theLearningPeriodDoesNotCount() {
        let comparison = BeatComparison(
            reference: beats(100, 400, 1010, 1400), test: beats(200, 990, 1400), start: 1000, end: 2000, window: 54)
        // The test beat just before the start belongs to the first reference beat after it.
        #expect(comparison.found == 2)
        #expect(comparison.missedSamples.isEmpty && comparison.extraSamples.isEmpty)
    }

    @Test func flutterIsLeftOut() {
        let comparison = BeatComparison(
            reference: beats(100, 500, 560, 1000), test: beats(100, 300, 520, 700, 1000), excluded: [450...800], start: 0, end: 2000,
            window: 20)
        #expect(comparison.found == 2)
        #expect(comparison.extraSamples == [300])
        #expect(comparison.missedSamples.isEmpty)
    }

    @Test func classesAreCounted() {
        let comparison = BeatComparison(
            reference: beats(100, as: .ventricular) + beats(400) + beats(700, as: .unknown), test: beats(100, 400, as: .ventricular),
            start: 0,
            end: 2000, window: 20)
        #expect(comparison.pairs[BeatClass.ventricular.rawValue][BeatClass.ventricular.rawValue] == 1)
        #expect(comparison.pairs[BeatClass.normal.rawValue][BeatClass.ventricular.rawValue] == 1)
        #expect(comparison.missed[BeatClass.unknown.rawValue] == 1)
    }

    @Test func nothingComparesToNothing() {
        let comparison = BeatComparison(reference: [], test: [], start: 0, end: 2000, window: 20)
        #expect(comparison.found == 0)
        #expect(comparison.sensitivity == nil && comparison.positivePredictivity == nil && comparison.meanAbsoluteError == nil)
    }
}
