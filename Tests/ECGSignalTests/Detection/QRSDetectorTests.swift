// SPDX-License-Identifier: GPL-3.0-or-later
import ECGSignal
import Testing

@Suite struct QRSDetectorTests {
    private func detect(_ signal: [Float], fs: Double, leads: Int = 1) -> [Int] {
        var detector = QRSDetector(samplingFrequency: fs, leadCount: leads)
        let beats = detector.push(signal)
        return (beats + detector.finish()).map(\.sample)
    }

    /// Expects the beats to be the peaks, one by one, within `tolerance` seconds.
    private func expect(_ beats: [Int], are rhythm: SyntheticRhythm, tolerance: Double = 0.012, from sample: Int = 0) {
        let limit = tolerance * rhythm.samplingFrequency + 0.5
        let far = zip(beats, rhythm.peaks).filter { Double(abs($0 - sample - $1)) > limit }.map(\.1)
        #expect(beats.count == rhythm.peaks.count)
        #expect(far.isEmpty)
    }

    @Test(arguments: [100, 128, 250, 257, 360, 500, 1000, 2000.0]) func findsEveryBeatAtAnySamplingFrequency(fs: Double) {
        let rhythm = SyntheticRhythm(samplingFrequency: fs)
        expect(detect(rhythm.signal, fs: fs), are: rhythm)
    }

    @Test(arguments: [1, 2, 3, 12, 15]) func findsEveryBeatWithAnyNumberOfLeads(leads: Int) {
        let gains: [Float] = (0..<leads).map { (lead: Int) -> Float in
            lead % 3 == 1 ? -0.5 * Float(lead % 4 + 1) : 0.5 * Float(lead % 4 + 1)
        }
        let rhythm = SyntheticRhythm(samplingFrequency: 500, leadGains: gains)
        expect(detect(rhythm.signal, fs: 500, leads: leads), are: rhythm)
    }

    @Test func theResultDoesNotDependOnHowTheRecordingWasCut() {
        var rhythm = SyntheticRhythm(samplingFrequency: 360, seconds: 120, leadGains: [1, -0.6])
        var random = SmallRandom(state: 3)
        for i in rhythm.signal.indices { rhythm.signal[i] += 0.05 * random.noise() }
        var whole = QRSDetector(samplingFrequency: 360, leadCount: 2)
        let expected = whole.push(rhythm.signal) + whole.finish()
        for longest in [1, 7, 100, 5000, 20000] {
            var detector = QRSDetector(samplingFrequency: 360, leadCount: 2)
            var beats: [DetectedBeat] = []
            var start = 0
            while start < rhythm.count {
                let end = min(rhythm.count, start + 1 + Int(random.next() % UInt64(longest)))
                beats += detector.push(rhythm.part(start, end))
                start = end
            }
            beats += detector.finish()
            let same = beats == expected
            #expect(same)
        }
        expect(expected.map(\.sample), are: rhythm)
    }

    @Test(arguments: [-1, 0.001, 1000, 1e6] as [Float]) func polarityAndUnitDoNotMatter(gain: Float) {
        let rhythm = SyntheticRhythm(samplingFrequency: 250)
        expect(detect(rhythm.signal.map { $0 * gain }, fs: 250), are: rhythm)
    }

    @Test func clippedWavesAreFound() {
        let rhythm = SyntheticRhythm(samplingFrequency: 360)
        expect(detect(rhythm.signal.map { min(max($0, -0.1), 0.4) }, fs: 360), are: rhythm, tolerance: 0.03)
    }

    @Test func wanderAndOffsetDoNotMatter() {
        var rhythm = SyntheticRhythm(samplingFrequency: 360)
        for i in rhythm.signal.indices {
            let phase = Float(i % 1800) / 1800
            rhythm.signal[i] += 400 + 3 * (phase < 0.5 ? phase : 1 - phase)
        }
        expect(detect(rhythm.signal, fs: 360), are: rhythm)
    }

    @Test func aNoisyLeadLosesItsVote() {
        var rhythm = SyntheticRhythm(samplingFrequency: 360, seconds: 60, leadGains: [1, 1])
        var random = SmallRandom(state: 8)
        for i in (rhythm.count + 20 * 360)..<(rhythm.count + 40 * 360) { rhythm.signal[i] = 2 * random.noise() }
        expect(detect(rhythm.signal, fs: 360, leads: 2), are: rhythm)
    }

    @Test func gapsHideNoBeatsOutsideThem() {
        var rhythm = SyntheticRhythm(samplingFrequency: 360, seconds: 60, leadGains: [1, -1])
        let gap = (20 * 360)..<(30 * 360)
        for lead in 0..<2 { for i in gap { rhythm.signal[lead * rhythm.count + i] = .nan } }
        let beats = detect(rhythm.signal, fs: 360, leads: 2)
        let expected = rhythm.peaks.filter { !((gap.lowerBound - 60)..<(gap.upperBound + 60)).contains($0) }
        for peak in expected { #expect(beats.contains { abs($0 - peak) < 6 }) }
        #expect(!beats.contains { (gap.lowerBound + 36..<gap.upperBound - 36).contains($0) })
    }

    @Test func aGapInOneLeadHidesNothing() {
        var rhythm = SyntheticRhythm(samplingFrequency: 360, seconds: 60, leadGains: [1, -1])
        for i in 0..<rhythm.count { rhythm.signal[i] = .nan }
        expect(detect(rhythm.signal, fs: 360, leads: 2), are: rhythm)
    }

    @Test func signalsWithoutBeatsHaveNone() {
        #expect(detect([], fs: 360).isEmpty)
        #expect(detect([1], fs: 360).isEmpty)
        #expect(detect([Float](repeating: 0, count: 20000), fs: 360, leads: 2).isEmpty)
        #expect(detect([Float](repeating: -7.25, count: 20000), fs: 360).isEmpty)
        #expect(detect([Float](repeating: .nan, count: 20000), fs: 360, leads: 2).isEmpty)
        #expect(detect([Float](repeating: .infinity, count: 20000), fs: 360).isEmpty)
        #expect(detect([Float](repeating: 1e30, count: 20000), fs: 360).isEmpty)
        #expect(detect([1, 2, 3], fs: .nan, leads: 2).isEmpty)
        #expect(detect([1, 2, 3], fs: 360, leads: 0).isEmpty)
    }

    @Test func aLongPauseIsNoTrouble() {
        let rhythm = SyntheticRhythm(samplingFrequency: 250, seconds: 20)
        let pause = [Float](repeating: 0, count: 3600 * 250)
        var detector = QRSDetector(samplingFrequency: 250, leadCount: 1)
        var beats = detector.push(rhythm.signal)
        beats += detector.push(pause)
        expect(beats.map(\.sample), are: rhythm)
        beats = detector.push(rhythm.signal) + detector.finish()
        expect(beats.map(\.sample), are: rhythm, from: rhythm.count + pause.count)
    }

    @Test func oneOrTwoBeatsAreFound() {
        let rhythm = SyntheticRhythm(samplingFrequency: 500, seconds: 1.8)
        expect(detect(rhythm.signal, fs: 500), are: rhythm)
    }
}
