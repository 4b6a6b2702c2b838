// SPDX-License-Identifier: GPL-3.0-or-later

/// Finds onset, peak and offset of P, QRS and T around an R peak, in each lead and over all.
///
///     let beat = Delineator(samplingFrequency: 500).delineate(signal, leadCount: 12, r: 250, neighbours: [-140, 655])
///
/// The signal is brought to 250 Hz, each lead scaled by its QRS complex, and `WaveNetwork` tells what each sample belongs to; what
/// is done here is to pick the segments that make a beat. Whether there is a P wave is decided over all leads together.
public struct Delineator: Sendable {
    /// How segments become waves; times in grid samples of 4 ms.
    struct Constants: Sendable {
        /// A QRS complex lies within this of the R peak.
        var qrsReach = 40
        /// Segments of one wave may be torn apart by this.
        var qrsGap = 8
        var pGap = 4
        var tGap = 8
        /// The sums of probabilities below which a segment is no wave.
        var leastP: Float = 5
        var leastT: Float = 6
        /// How far before the QRS onset a P wave may begin, and how far after the offset a T wave may end.
        var pReach = 150
        var tReach = 200
        /// The share of the RR interval after the beat before in which there is no P wave.
        var pRest = 0.25
        /// The mean over the leads of a P wave's highest probability, below which there is none in any.
        var pEvidence: Float = 0.5
    }

    public let samplingFrequency: Double
    var constants = Constants()

    /// - Parameter samplingFrequency: in Hz, of the signals to come; what isn't between 1 Hz and 1 MHz counts as 250 Hz.
    public init(samplingFrequency: Double) {
        let usable = samplingFrequency >= 1 && samplingFrequency <= 1e6
        self.samplingFrequency = usable ? samplingFrequency : WaveNetwork.gridFrequency
    }

    /// Delineates the beat at `r`.
    ///
    /// - Parameters:
    ///   - signal: [lead, time], row-major, in mV or any other unit; NaN where there is no signal.
    ///   - leadCount: leads of `signal`.
    ///   - r: the sample of the R peak.
    ///   - neighbours: the R peaks of the beats before and after, in samples of `signal`, as far as they are known; they may lie
    ///     outside it.
    public func delineate(_ signal: [Float], leadCount: Int, r: Int, neighbours: [Int] = []) -> DelineatedBeat {
        let absent = DelineatedBeat.absent(leads: leadCount)
        guard leadCount > 0 else { return absent }
        let time = signal.count / leadCount
        guard time > 1, r >= 0, r < time else { return absent }
        let input = GridInput(
            signal, leadCount: leadCount, samplingFrequency: samplingFrequency, beats: [r] + neighbours.filter { $0 >= 0 && $0 < time })
        guard !input.usableLeads.isEmpty else { return absent }
        let probabilities = WaveNetwork.trained.probabilities(leads: input.usableLeads.map { input.leads[$0] }, beats: input.beats)
        let picker = WavePicker(
            constants: constants, length: input.length, r: input.gridPlace(r),
            previous: neighbours.filter { $0 < r }.max().map(input.gridPlace),
            next: neighbours.filter { $0 > r }.min().map(input.gridPlace))
        let picked = picker.pick(probabilities)
        var beat = absent
        for (index, lead) in input.usableLeads.enumerated() {
            let samples = signal[(lead * time)..<((lead + 1) * time)]
            beat.leads[lead] = waves(picked[index], in: samples, input: input)
        }
        beat.global = GlobalWaves.combine(beat.leads)
        return beat
    }

    /// Places the picked segments on the samples of a lead.
    private func waves(_ segments: WavePicker.Segments, in samples: ArraySlice<Float>, input: GridInput) -> BeatWaves {
        func wave(_ segment: WavePicker.Segment?) -> Wave? {
            guard let segment else { return nil }
            let onset = max(0, input.samplePlace(segment.onset))
            let offset = min(Double(samples.count - 1), input.samplePlace(segment.offset))
            guard onset < offset else { return nil }
            return Wave(
                onset: onset, peak: PeakPlace.peak(of: samples, from: onset, to: offset), offset: offset, confidence: segment.confidence)
        }
        return BeatWaves(p: wave(segments.p), qrs: wave(segments.qrs), t: wave(segments.t))
    }
}
