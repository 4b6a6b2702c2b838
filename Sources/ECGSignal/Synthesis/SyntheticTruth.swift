// SPDX-License-Identifier: GPL-3.0-or-later

/// What is known of a synthetic beat: its kind and where its waves begin, peak and end, in samples.
public struct SyntheticTruth: Sendable, Equatable {
    /// On- and offset lie 2.5 widths from the outermost Gaussian's centre, where it has 4.4 % of its peak; the peak is the centre of
    /// the largest one (of the QRS: the R peak).
    public struct Wave: Sendable, Equatable {
        public let onset: Int
        public let peak: Int
        public let offset: Int
    }

    /// The R peak.
    public let sample: Int
    public let kind: BeatKind
    public let p: Wave?
    public let qrs: Wave?
    public let t: Wave?

    init(_ beat: SyntheticBeat, waves: [HeartWave], frequency: Double) {
        let at = { (time: Double) in Int((time * frequency).rounded()) }
        func wave(_ part: HeartWave.Part) -> Wave? {
            let own = waves.filter { $0.part == part }
            guard let largest = own.max(by: { $0.peaks.ii.magnitude < $1.peaks.ii.magnitude }) else { return nil }
            let places = own.map { SyntheticRecording.place($0, of: beat) }
            let peak = part == .qrs ? beat.time : SyntheticRecording.place(largest, of: beat).centre
            return Wave(
                onset: at(places.map { $0.centre - 2.5 * $0.width }.min() ?? peak), peak: at(peak),
                offset: at(places.map { $0.centre + 2.5 * $0.width }.max() ?? peak))
        }
        sample = at(beat.time)
        kind = beat.kind
        p = wave(.p)
        qrs = wave(.qrs)
        t = wave(.t)
    }
}

/// Where a rhythm begins, and its name as MIT-BIH's rhythm annotations have it: `(N`, `(AFIB`, `(B`, `(T`, `(P`.
public struct SyntheticRhythmChange: Sendable, Equatable {
    public let sample: Int
    public let name: String
}
