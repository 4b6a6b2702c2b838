// SPDX-License-Identifier: GPL-3.0-or-later
import ECGSignal
import Testing

@Suite struct DelineatorTests {
    /// The beat in the middle of a synthetic recording, 0.4 s before to 0.6 s after its R peak.
    private func window(fs: Double, gains: [Float] = [1], shift: Float = 0) -> (signal: [Float], r: Int, time: Int) {
        let rhythm = SyntheticRhythm(samplingFrequency: fs, seconds: 8, leadGains: gains)
        let peak = rhythm.peaks[rhythm.peaks.count / 2]
        let from = peak - Int(0.4 * fs)
        let to = peak + Int(0.6 * fs)
        return (rhythm.part(from, to).map { $0 + shift }, peak - from, to - from)
    }

    @Test(arguments: [100, 128, 250, 257, 360, 500, 1000.0]) func findsTheWavesAtAnySamplingFrequency(fs: Double) throws {
        let (signal, r, _) = window(fs: fs, gains: [1, 0.7])
        let beat = Delineator(samplingFrequency: fs).delineate(signal, leadCount: 2, r: r)
        for waves in beat.leads + [beat.global] {
            let p = try #require(waves.p)
            let qrs = try #require(waves.qrs)
            let t = try #require(waves.t)
            let tolerance = 0.03 * fs + 1
            #expect(abs(Double(p.peak - r) + 0.16 * fs) < tolerance)
            #expect(abs(Double(qrs.peak - r)) < tolerance)
            #expect(abs(Double(t.peak - r) - 0.28 * fs) < tolerance)
            #expect(p.onset < Double(p.peak) && Double(p.peak) < p.offset && p.offset <= qrs.onset)
            #expect(qrs.offset <= t.onset && Double(t.peak) < t.offset)
            #expect(p.confidence > 0.5 && qrs.confidence > 0.5 && t.confidence > 0.5)
        }
    }

    @Test(arguments: [1, 2, 12, 15]) func takesAnyNumberOfLeads(leads: Int) {
        let gains: [Float] = (0..<leads).map { (lead: Int) -> Float in lead % 3 == 1 ? -0.8 : 1.2 }
        let (signal, r, _) = window(fs: 500, gains: gains)
        let beat = Delineator(samplingFrequency: 500).delineate(signal, leadCount: leads, r: r)
        #expect(beat.leads.count == leads)
        #expect(beat.leads.allSatisfy { $0.qrs != nil && $0.t != nil })
    }

    @Test(arguments: [-1, 0.001, 1000] as [Float]) func polarityUnitAndOffsetDoNotMatter(gain: Float) throws {
        let (signal, r, _) = window(fs: 500, gains: [gain], shift: gain * 3)
        let beat = Delineator(samplingFrequency: 500).delineate(signal, leadCount: 1, r: r)
        let qrs = try #require(beat.global.qrs)
        #expect(abs(qrs.peak - r) < 10)
        #expect(beat.global.t != nil)
    }

    @Test func aFlatOrMissingLeadHasNoWavesAndHidesNone() {
        let (signal, r, time) = window(fs: 500)
        let flat = [Float](repeating: 0.5, count: time)
        let missing = [Float](repeating: .nan, count: time)
        let beat = Delineator(samplingFrequency: 500).delineate(signal + flat + missing, leadCount: 3, r: r)
        #expect(beat.leads[0].qrs != nil && beat.leads[0].t != nil)
        #expect(beat.leads[1] == BeatWaves())
        #expect(beat.leads[2] == BeatWaves())
        #expect(beat.global.qrs != nil)
    }

    @Test func signalsWithoutBeatsHaveNoWaves() {
        let delineator = Delineator(samplingFrequency: 360)
        let nothing = BeatWaves()
        for value: Float in [0, -7, .nan, .infinity, 1e30] {
            #expect(delineator.delineate([Float](repeating: value, count: 700), leadCount: 2, r: 100).global == nothing)
        }
        #expect(delineator.delineate([], leadCount: 1, r: 0).global == nothing)
        #expect(delineator.delineate([1, 2], leadCount: 0, r: 0).leads.isEmpty)
        #expect(delineator.delineate([1, 2, 3], leadCount: 1, r: 7).global == nothing)
        #expect(delineator.delineate([1, 2, 3], leadCount: 1, r: -1).global == nothing)
        // A few samples, an R peak at either edge, and a spike are no trouble.
        for r in [0, 1, 4] { _ = delineator.delineate([0, 1, 0, 0, 5], leadCount: 1, r: r) }
        _ = Delineator(samplingFrequency: .nan).delineate([0, 1, 0, 0, 5], leadCount: 1, r: 2, neighbours: [-9, 3, 4, 900])
    }

    @Test func measuresFollowFromTheWaves() throws {
        let (signal, r, _) = window(fs: 500, gains: [1, -0.5])
        let beat = Delineator(samplingFrequency: 500).delineate(signal, leadCount: 2, r: r)
        let measures = BeatMeasures(beat, signal: signal, samplingFrequency: 500, rr: 0.64, correction: .bazett)
        let p = try #require(beat.global.p)
        let qrs = try #require(beat.global.qrs)
        let t = try #require(beat.global.t)
        #expect(measures.pr == (qrs.onset - p.onset) * 2)
        #expect(measures.qrs == (qrs.offset - qrs.onset) * 2)
        #expect(measures.qt == (t.offset - qrs.onset) * 2)
        let qtc = try #require(measures.qtc)
        #expect(abs(qtc - (t.offset - qrs.onset) * 2 / 0.8) < 1e-9)
        #expect(measures.rate == 60 / 0.64)
        let heights = measures.r.map { $0 ?? .nan }
        #expect(abs(heights[0] - 1) < 0.06)
        // Upside down, the highest point of the complex is the mirrored S wave.
        #expect(abs(heights[1] - 0.1) < 0.06)
        #expect(abs((measures.t[0] ?? .nan) - 0.32) < 0.06)
    }

    @Test func aTWaveThatReachesTheNextComplexHasNoEnd() throws {
        let (signal, r, _) = window(fs: 500, gains: [1, -0.5])
        let beat = Delineator(samplingFrequency: 500).delineate(signal, leadCount: 2, r: r)
        let qrs = try #require(beat.global.qrs)
        let t = try #require(beat.global.t)
        let qt = (t.offset - qrs.onset) * 0.002
        let near = BeatMeasures(beat, signal: signal, samplingFrequency: 500, rr: qt + 0.039)
        #expect(near.qt == nil && near.qtc == nil && near.qrs != nil && near.rate != nil)
        let far = BeatMeasures(beat, signal: signal, samplingFrequency: 500, rr: qt + 0.041)
        #expect(far.qt != nil && far.qtc != nil)
    }

    @Test func anAbsentWaveLeavesItsMeasuresOut() {
        let none = DelineatedBeat.absent(leads: 2)
        let measures = BeatMeasures(none, signal: [Float](repeating: 0, count: 200), samplingFrequency: 100, rr: nil)
        #expect(measures.pr == nil && measures.qrs == nil && measures.qt == nil && measures.qtc == nil && measures.rate == nil)
        #expect(measures.r == [nil, nil] && measures.j == [nil, nil] && measures.t == [nil, nil])
    }

    @Test func correctionsAreThePublishedOnes() {
        #expect(abs(QTCorrection.bazett.corrected(qt: 360, rr: 0.81) - 400) < 1e-9)
        #expect(abs(QTCorrection.fridericia.corrected(qt: 360, rr: 0.729) - 400) < 1e-9)
        #expect(abs(QTCorrection.fridericia.corrected(qt: 400, rr: 8) - 200) < 1e-9)
        #expect(abs(QTCorrection.framingham.corrected(qt: 360, rr: 0.8) - 390.8) < 1e-9)
        #expect(abs(QTCorrection.hodges.corrected(qt: 360, rr: 0.75) - 395) < 1e-9)
    }
}
