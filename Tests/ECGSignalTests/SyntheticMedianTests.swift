// SPDX-License-Identifier: GPL-3.0-or-later
import ECGSignal
import Testing

/// The whole way from a synthetic recording to its median beat: the same recording without noise is the truth.
@Suite struct SyntheticMedianTests {
    static let fs = 360.0
    static let options = MedianOptions(before: 144, after: 216)

    /// - Parameters:
    ///   - keep: which of the recording's beats to use.
    ///   - jitter: the marks stand by up to so many samples beside their places.
    static func median(
        seconds: Int, white: Double, shares: [(kind: BeatKind, share: Double)] = [(.normal, 1)], jitter: Int = 0,
        keep: (BeatKind) -> Bool = { _ in true }
    ) throws -> MedianBeat {
        var settings = SyntheticSettings()
        settings.frequency = fs
        settings.rrDeviation = 0.005
        settings.shares = shares
        settings.noise.white = white
        var recording = try #require(SyntheticRecording(settings, seed: 11, key: "median"))
        let count = seconds * Int(fs)
        var builder = MedianBuilder(fs: fs, leads: 2, options: options)
        var cutter = BeatCutter(
            options: BeatCutOptions(
                cut: .window(before: builder.mark, after: builder.window - builder.mark), neighbours: .beats, padding: .nan),
            fs: fs, leadCount: 2)
        cutter.append(recording.samples(count))
        let marks = recording.truth(upTo: count).beats.enumerated().map { index, beat in
            let beside = jitter == 0 ? 0 : (index * 7) % (2 * jitter + 1) - jitter
            return BeatMark(sample: min(max(0, beat.sample + beside), count - 1), symbol: beat.kind.symbol)
        }
        try cutter.append(marks: marks, known: count)
        for case .beat(let beat) in cutter.finish() where BeatKind.allCases.contains(where: { $0.symbol == beat.symbol && keep($0) }) {
            try builder.add(beat.values, rrBefore: beat.rrBefore)
        }
        return try #require(try builder.median())
    }

    static func difference(_ a: MedianBeat, _ b: MedianBeat) -> Double {
        var sum = 0.0
        for (x, y) in zip(a.values, b.values) { sum += Double(x - y) * Double(x - y) }
        return (sum / Double(a.values.count)).squareRoot()
    }

    @Test func errorFallsAsOneOverTheRootOfTheNumber() throws {
        let few = Self.difference(try Self.median(seconds: 20, white: 0.05), try Self.median(seconds: 20, white: 0))
        let many = Self.difference(try Self.median(seconds: 320, white: 0.05), try Self.median(seconds: 320, white: 0))
        #expect(few / many > 3 && few / many < 5, "about 4 for 16 times the beats, not \(few / many)")
    }

    @Test func jitterOfTheMarksDoesNotLowerTheAmplitude() throws {
        let still = try Self.median(seconds: 120, white: 0.02)
        let jittered = try Self.median(seconds: 120, white: 0.02, jitter: 5)
        let (a, b) = (still.values[..<still.time].max() ?? 0, jittered.values[..<jittered.time].max() ?? 1)
        #expect(abs(b / a - 1) < 0.01)
    }

    @Test func anEctopicBeatInFiveDoesNotMoveIt() throws {
        let shares: [(kind: BeatKind, share: Double)] = [(.normal, 0.8), (.ventricularPremature, 0.2)]
        let mixed = try Self.median(seconds: 240, white: 0.02, shares: shares)
        let alone = try Self.median(seconds: 240, white: 0.02, shares: shares, keep: { $0 == .normal })
        #expect(mixed.rejected > alone.rejected)
        #expect(Self.difference(mixed, alone) < 0.005, "mV")
    }
}
