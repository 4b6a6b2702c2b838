// SPDX-License-Identifier: GPL-3.0-or-later
import ECGSignal
import Testing

@Suite struct SynthesisTests {
    private func make(_ change: (inout SyntheticSettings) -> Void = { _ in }, seed: UInt64 = 1, key: String = "x") throws
        -> SyntheticRecording
    {
        var settings = SyntheticSettings()
        change(&settings)
        return try #require(SyntheticRecording(settings, seed: seed, key: key))
    }

    @Test func partsOfAnySizeGiveTheSameBits() throws {
        let change = { (settings: inout SyntheticSettings) in
            settings.shares = SyntheticSettings.defaultShares([.normal, .ventricularPremature, .paced])
            settings.noise.white = 0.01
            settings.noise.wander = 0.1
            settings.noise.mains = 0.02
            settings.noise.muscle = 0.05
        }
        var whole = try make(change)
        let total = 20_000
        let values = whole.samples(total)
        let truth = whole.truth(upTo: total)
        for size in [1000, 4096, 7777] {
            var recording = try make(change)
            var beats: [SyntheticTruth] = []
            var rhythms: [SyntheticRhythmChange] = []
            var start = 0
            while start < total {
                let count = min(size, total - start)
                let part = recording.samples(count)
                for lead in 0..<2 {
                    #expect(
                        Array(part[(lead * count)..<((lead + 1) * count)])
                            == Array(values[(lead * total + start)..<(lead * total + start + count)]))
                }
                let told = recording.truth(upTo: start + count)
                #expect(told.beats.allSatisfy { (start..<(start + count)).contains($0.sample) })
                beats += told.beats
                rhythms += told.rhythms
                start += count
            }
            #expect(beats == truth.beats && rhythms == truth.rhythms)
        }
    }

    @Test func seedAndNameChangeTheRecording() throws {
        var one = try make()
        var two = try make(seed: 2)
        var three = try make(key: "y")
        let values = one.samples(3600)
        #expect(values != two.samples(3600) && values != three.samples(3600))
    }

    @Test func leadsBelongToOneHeart() throws {
        var recording = try make { $0.leads = ["I", "II", "III", "aVR", "aVL", "aVF", "MLII"] }
        let count = 5000
        let values = recording.samples(count)
        for time in 0..<count {
            let lead = { (index: Int) in Double(values[index * count + time]) }
            #expect(abs(lead(1) - lead(0) - lead(2)) < 1e-6)
            #expect(abs(lead(3) + (lead(0) + lead(1)) / 2) < 1e-6)
            #expect(abs(lead(4) - (lead(0) - lead(2)) / 2) < 1e-6)
            #expect(abs(lead(5) - (lead(1) + lead(2)) / 2) < 1e-6)
            #expect(lead(6) == lead(1))
        }
        #expect(
            SyntheticRecording(
                {
                    var s = SyntheticSettings()
                    s.leads = ["V9"]
                    return s
                }(), seed: 0, key: "") == nil)
    }

    @Test func theTruthIsWhereTheSignalHasItsPeaks() throws {
        var recording = try make { $0.leads = ["II"] }
        let values = recording.samples(36_000)
        let beats = recording.truth(upTo: 36_000).beats
        #expect(abs(beats.count - 116) <= 3)
        for beat in beats where beat.sample > 40 && beat.sample < 35_960 {
            let window = (beat.sample - 30)...(beat.sample + 30)
            let highest = window.max { values[$0] < values[$1] } ?? 0
            #expect(abs(highest - beat.sample) <= 1)
            let p = try #require(beat.p)
            let t = try #require(beat.t)
            #expect(p.onset < p.peak && p.peak < p.offset && p.offset < beat.sample && beat.sample < t.onset && t.peak < t.offset)
        }
    }

    @Test func classesComeInTheirShares() throws {
        var recording = try make { settings in
            settings.leads = ["II"]
            settings.shares = [(.normal, 0.5), (.rightBundleBranch, 0.25), (.ventricularPremature, 0.15), (.atrialPremature, 0.1)]
        }
        let total = 360 * 3600
        _ = recording.samples(total)
        let beats = recording.truth(upTo: total).beats
        let share = { (kind: BeatKind) in Double(beats.filter { $0.kind == kind }.count) / Double(beats.count) }
        #expect(abs(share(.ventricularPremature) - 0.15) < 0.02 && abs(share(.atrialPremature) - 0.1) < 0.02)
        #expect(abs(share(.normal) - 0.5) < 0.03 && abs(share(.rightBundleBranch) - 0.25) < 0.03)
    }

    @Test func sinusRhythmVariesAsAskedAndFibrillationHasNoPWaves() throws {
        var sinus = try make { settings in
            settings.leads = ["II"]
            settings.frequency = 1000
            settings.rrDeviation = 0.05
        }
        let times = sinus.truth(upTo: 1_000_000).beats.map(\.sample)
        let intervals = zip(times, times.dropFirst()).map { Double($1 - $0) / 1000 }
        let mean = intervals.reduce(0, +) / Double(intervals.count)
        let deviation = (intervals.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(intervals.count)).squareRoot()
        #expect(abs(mean - 60.0 / 70) < 0.01 && abs(deviation - 0.05) < 0.006)
        var fibrillation = try make { settings in
            settings.leads = ["II"]
            settings.rhythm = .afib
        }
        let told = fibrillation.truth(upTo: 36_000)
        #expect(told.beats.allSatisfy { $0.p == nil } && told.rhythms.map(\.name) == ["(AFIB"])
    }

    @Test func noiseHasItsStrength() throws {
        let count = 360 * 120
        var clean = try make { $0.leads = ["II"] }
        let signal = clean.samples(count)
        let cases: [(WritableKeyPath<SyntheticNoise, Double>, ClosedRange<Double>)] = [
            (\.white, 0.98...1.02), (\.wander, 0.8...1.2), (\.mains, 0.35...0.73), (\.muscle, 0.2...0.7),
        ]
        for (kind, expected) in cases {
            var noisy = try make { settings in
                settings.leads = ["II"]
                settings.noise[keyPath: kind] = 0.1
            }
            let values = noisy.samples(count)
            let power = zip(values, signal).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) } / Double(count)
            #expect(expected.contains(power.squareRoot() / 0.1), "\(kind): \(power.squareRoot())")
        }
    }

    @Test func bigeminyAlternates() throws {
        var recording = try make { settings in
            settings.rhythm = .bigeminy
            settings.shares = SyntheticSettings.defaultShares([.normal, .ventricularPremature])
        }
        // The first two beats are the rhythm's own.
        let kinds = recording.truth(upTo: 36_000).beats.dropFirst().map(\.kind)
        #expect(zip(kinds, kinds.dropFirst()).allSatisfy { $0 != $1 })
    }
}
