// SPDX-License-Identifier: GPL-3.0-or-later

/// A QRS complex that was found.
public struct DetectedBeat: Sendable, Equatable {
    /// The R peak, in samples from the recording's first.
    public var sample: Int
    /// The height of the complex in the combined envelope; a usual beat of the recording's neighbourhood has about 1.
    public var strength: Float
}

/// A streaming QRS detector over all leads of one recording.
///
/// Push the recording in parts of any size, then finish; the beats come in order of time, each about eight seconds after
/// its sample. Memory does not grow with the recording, and the beats are the same, bit for bit, however it was cut.
///
///     var detector = QRSDetector(samplingFrequency: 360, leadCount: 2)
///     var beats = detector.push(part)          // [lead, time], any unit, NaN where there is no signal
///     beats += detector.finish()
///
/// Every lead is brought to a grid of 125 Hz; the magnitude of a quadrature pair of spline wavelets makes an envelope; the
/// leads' envelopes are weighed by quality and added; its humps are judged by `BeatJudge`; and the R peak is then looked for
/// on the recording's own samples.
public struct QRSDetector: Sendable {
    static let gridFrequency = 125.0
    /// A hump is the highest within this many grid samples on either side.
    static let humpReach = 10
    /// Humps lower than this are no candidates.
    static let lowestHump: Float = 0.08

    public let samplingFrequency: Double
    public let leadCount: Int
    private var leads: [LeadEnvelope]
    private var samples: [Timeline<Float>]
    private var combiner = LeadCombiner()
    private var judge = BeatJudge()
    private let locator: PeakLocator
    /// Frames analysed.
    private var frame = 0
    /// The grid sample from which candidates are still to be looked for.
    private var searched = QRSDetector.humpReach + 1
    private var lastBeat = -1
    private var finished = false

    /// - Parameters:
    ///   - samplingFrequency: in Hz; anything finite and positive is taken, 100 to 1000 Hz is what the constants are made for.
    ///   - leadCount: the number of leads that every part will have.
    public init(samplingFrequency: Double, leadCount: Int) {
        let usable = samplingFrequency.isFinite && samplingFrequency >= 1 && samplingFrequency <= 1e6
        self.samplingFrequency = usable ? samplingFrequency : Self.gridFrequency
        self.leadCount = max(0, leadCount)
        let rate = self.samplingFrequency
        leads = (0..<self.leadCount).map { _ in LeadEnvelope(samplingFrequency: rate, gridFrequency: Self.gridFrequency) }
        samples = Array(repeating: Timeline<Float>(), count: self.leadCount)
        locator = PeakLocator(samplingFrequency: rate)
    }

    /// Takes the next part and returns the beats that have become certain.
    ///
    /// - Parameter signal: [lead, time], row-major; a count that the leads do not divide loses its remainder.
    public mutating func push(_ signal: [Float]) -> [DetectedBeat] {
        guard leadCount > 0, !finished else { return [] }
        let count = signal.count / leadCount
        var beats: [DetectedBeat] = []
        // Long parts go in pieces, so that the memory does not depend on the part.
        let piece = max(1, Int(samplingFrequency * 4))
        var start = 0
        while start < count {
            let end = min(count, start + piece)
            for l in 0..<leadCount {
                let slice = signal[(l * count + start)..<(l * count + end)]
                leads[l].push(slice)
                samples[l].values.append(contentsOf: slice)
            }
            start = end
            advance(&beats)
        }
        return beats
    }

    /// Ends the recording and returns its last beats.
    public mutating func finish() -> [DetectedBeat] {
        guard leadCount > 0, !finished else { return [] }
        finished = true
        var beats: [DetectedBeat] = []
        for l in 0..<leadCount { leads[l].pad(LeadEnvelope.frame * (LeadCombiner.future + 3)) }
        advance(&beats)
        var last: [BeatCandidate] = []
        judge.finish(beats: &last)
        for beat in last { locate(beat, &beats) }
        return beats
    }

    private mutating func advance(_ beats: inout [DetectedBeat]) {
        while leads[0].grid.end >= (frame + 1) * LeadEnvelope.frame + LeadEnvelope.reach {
            for l in 0..<leadCount { leads[l].analyse(frame: frame) }
            frame += 1
            guard frame > LeadCombiner.future else { continue }
            combiner.combine(leads, frame: frame - 1 - LeadCombiner.future)
            findCandidates()
            var found: [BeatCandidate] = []
            judge.judge(knownTo: searched, beats: &found)
            for beat in found { locate(beat, &beats) }
            forget()
        }
    }

    /// Pushes the humps of the combined envelope whose surroundings are complete to the judge.
    private mutating func findCandidates() {
        let reach = Self.humpReach
        let qrs = combiner.qrs
        while searched + reach < qrs.end {
            defer { searched += 1 }
            let time = searched
            let height = qrs[time]
            // Most samples lie on a slope or on the baseline and end here.
            guard height > Self.lowestHump, height > qrs[time - 1], height >= qrs[time + 1] else { continue }
            var highest = true
            for o in 2...reach where qrs[time - o] >= height || qrs[time + o] > height {
                highest = false
                break
            }
            guard highest else { continue }
            var slow: Float = 0
            for o in -6...6 { slow = max(slow, combiner.slow[time + o]) }
            var fast: Float = 0
            for o in -4...4 { fast = max(fast, combiner.fast[time + o]) }
            judge.push(BeatCandidate(time: time, height: height, slowness: slow / height, fastness: fast / height))
        }
    }

    /// Puts a beat on its R peak.
    private mutating func locate(_ beat: BeatCandidate, _ beats: inout [DetectedBeat]) {
        let place = Int(((Double(beat.time) + 0.5) * samplingFrequency / Self.gridFrequency).rounded())
        let frame = beat.time / LeadEnvelope.frame
        guard let lead = PeakLocator.lead(weights: combiner.weights[frame]), place < samples[lead].end else { return }
        let sample = locator.peak(near: place, in: samples[lead])
        guard sample > lastBeat else { return }
        lastBeat = sample
        beats.append(DetectedBeat(sample: sample, strength: beat.height))
    }

    /// No beat will be found before this sample any more.
    public var settled: Int {
        max(0, Int(Double(min(judge.oldest ?? searched, searched)) * samplingFrequency / Self.gridFrequency) - locator.span)
    }

    /// Drops what no later step will ask for: the judge may still hold a beat from as long ago as its horizon and a pause.
    private mutating func forget() {
        let needed = max(0, min(judge.oldest ?? searched, searched) / LeadEnvelope.frame - 1)
        combiner.drop(beforeFrame: needed)
        let level = max(0, frame - LeadCombiner.past - LeadCombiner.future - 2)
        let oldest = Int(Double(needed * LeadEnvelope.frame) * samplingFrequency / Self.gridFrequency) - locator.span
        for l in 0..<leadCount {
            leads[l].drop(beforeFrame: level)
            samples[l].drop(before: oldest)
        }
    }
}
