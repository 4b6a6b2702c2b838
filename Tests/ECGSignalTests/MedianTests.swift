// SPDX-License-Identifier: GPL-3.0-or-later
import ECGSignal
import Glibc
import Testing

/// The median beat of made-up beats whose true shape and true places are known.
@Suite struct MedianTests {
    static let fs = 250.0
    static let options = MedianOptions(before: 100, after: 200)

    /// Normal deviates from a counter, so that every test draws the same ones.
    struct Noise {
        var state: UInt64
        mutating func uniform() -> Double {
            state = state &+ 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return (Double((z ^ (z >> 31)) >> 11) + 0.5) / 9_007_199_254_740_992
        }
        mutating func normal() -> Double { (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform()) }
    }

    static func bump(_ t: Double, _ centre: Double, _ width: Double) -> Double { exp(-0.5 * (t - centre) * (t - centre) / (width * width)) }

    /// Two leads of a sinus beat, or of a wide ventricular one, t seconds after the R peak.
    static func shape(_ t: Double, ventricular: Bool = false) -> (Double, Double) {
        if ventricular { return (-1.5 * bump(t, 0.02, 0.04) + 0.6 * bump(t, 0.25, 0.05), 1.2 * bump(t, 0.03, 0.045)) }
        let first = 0.12 * bump(t, -0.17, 0.025) - 0.1 * bump(t, -0.03, 0.008) + 1.1 * bump(t, 0, 0.011) - 0.2 * bump(t, 0.03, 0.01)
        return (first + 0.3 * bump(t, 0.28, 0.05), 0.6 * bump(t, 0.001, 0.012) - 0.5 * bump(t, 0.032, 0.012) + 0.2 * bump(t, 0.27, 0.05))
    }

    /// A beat whose mark stands `jitter` samples off its true place.
    static func beat(_ builder: MedianBuilder, jitter: Double, sigma: Double, ventricular: Bool = false, _ noise: inout Noise) -> [Float] {
        var rows: [[Float]] = [[], []]
        for index in 0..<builder.window {
            let t = (Double(index - builder.mark) - jitter) / fs
            let (a, b) = shape(t, ventricular: ventricular)
            rows[0].append(Float(a + sigma * noise.normal()))
            rows[1].append(Float(b + sigma * noise.normal()))
        }
        return rows[0] + rows[1]
    }

    static func median(beats: Int, sigma: Double, jitter: Double, every: Int = 0, seed: UInt64 = 1) throws -> MedianBeat {
        var builder = MedianBuilder(fs: fs, leads: 2, options: options)
        var noise = Noise(state: seed)
        for index in 0..<beats {
            let ventricular = every > 0 && index % every == every - 1
            let place = jitter * (2 * noise.uniform() - 1)
            try builder.add(
                Self.beat(builder, jitter: place, sigma: sigma, ventricular: ventricular, &noise), rrBefore: ventricular ? 0.5 : 0.8)
        }
        return try #require(try builder.median())
    }

    /// The true beat, its largest magnitude on sample `before`.
    static let truth: [Float] = {
        let times = stride(from: -0.01, through: 0.01, by: 0.00005)
        let peak = times.max { a, b in
            let (x, y) = (shape(a), shape(b))
            return x.0 * x.0 + x.1 * x.1 < y.0 * y.0 + y.1 * y.1
        }
        let rows = (0..<300).map { shape(Double($0 - options.before) / fs + (peak ?? 0)) }
        return rows.map { Float($0.0) } + rows.map { Float($0.1) }
    }()

    static func error(_ median: MedianBeat) -> Double {
        var sum = 0.0
        for (a, b) in zip(median.values, truth) { sum += Double(a - b) * Double(a - b) }
        return (sum / Double(truth.count)).squareRoot()
    }

    @Test func errorFallsAsOneOverTheRootOfTheNumber() throws {
        let few = try (1...8).map { try Self.error(Self.median(beats: 16, sigma: 0.05, jitter: 0, seed: $0)) }.reduce(0, +)
        let many = try (1...8).map { try Self.error(Self.median(beats: 256, sigma: 0.05, jitter: 0, seed: $0)) }.reduce(0, +)
        #expect(few / many > 3.4 && few / many < 4.6, "a factor of 4 for 16 times the beats, not \(few / many)")
    }

    @Test func jitterDoesNotLowerTheAmplitude() throws {
        let still = try Self.median(beats: 100, sigma: 0.01, jitter: 0)
        let jittered = try Self.median(beats: 100, sigma: 0.01, jitter: 8)
        let top = { (beat: MedianBeat) in beat.values[..<beat.time].max() ?? 0 }
        #expect(abs(top(jittered) / top(still) - 1) < 0.01)
        #expect(Self.error(jittered) < 0.01)
        #expect(jittered.used >= 90)
    }

    @Test func anEctopicBeatInFiveDoesNotMoveIt() throws {
        let mixed = try Self.median(beats: 100, sigma: 0.02, jitter: 3, every: 5)
        let alone = try Self.median(beats: 80, sigma: 0.02, jitter: 3)
        #expect(mixed.rejected >= 20 && mixed.rejected <= 24)
        #expect(Self.error(mixed) < 1.2 * Self.error(alone))
    }

    @Test func prefersTheSinusBeatsOfABigeminy() throws {
        let mixed = try Self.median(beats: 60, sigma: 0.02, jitter: 2, every: 2)
        #expect(mixed.used >= 28 && mixed.used <= 30)
        #expect(Self.error(mixed) < 0.01)
    }

    @Test func alignmentErrorIsThatOfTheMarks() throws {
        // Shifts are known here: what the beats are off by after alignment should be what the figure says, to a factor of 1.5.
        let noisy = try #require(try Self.median(beats: 200, sigma: 0.1, jitter: 3).alignmentError)
        let clean = try #require(try Self.median(beats: 200, sigma: 0.01, jitter: 3).alignmentError)
        #expect(noisy / clean > 6 && noisy / clean < 14)
        #expect(clean < 0.4)
    }

    @Test func survivesWhatIsNoBeat() throws {
        for value in [Float.nan, 0, 5] {
            var builder = MedianBuilder(fs: Self.fs, leads: 2, options: Self.options)
            for _ in 0..<5 { try builder.add([Float](repeating: value, count: 2 * builder.window), rrBefore: nil) }
            let median = try #require(try builder.median())
            #expect(median.used + median.rejected == 5)
            #expect(median.values.count == 600)
        }
        #expect(try MedianBuilder(fs: Self.fs, leads: 2, options: Self.options).median() == nil)
    }

    @Test func derivesTheLimbLeads() throws {
        let leads = try LeadSelection(["III", "aVR", "aVL", "aVF", "i"], of: ["I", "V1", "II"])
        let values = leads.apply([1, 2, 9, 9, 5, 8], time: 2)
        #expect(values == [4, 6, -3, -5, -1.5, -2, 4.5, 7, 1, 2])
        #expect(throws: FilterError.self) { try LeadSelection(["V2"], of: ["I", "II"]) }
        #expect(throws: FilterError.self) { try LeadSelection(["III"], of: ["I", "V1"]) }
    }
}
