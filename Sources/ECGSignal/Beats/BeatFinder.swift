// SPDX-License-Identifier: GPL-3.0-or-later

/// Where a stage gets a recording's beats from: its annotations, or a QRS detector that hears the samples as they come.
public struct BeatFinder: Sendable {
    private var detector: QRSDetector?
    private let recordStart: Int

    /// - Parameters:
    ///   - detects: false for annotations.
    ///   - recordStart: position of the first sample that will come.
    public init(detects: Bool, fs: Double, leadCount: Int, recordStart: Int) {
        detector = detects ? QRSDetector(samplingFrequency: fs, leadCount: leadCount) : nil
        self.recordStart = recordStart
    }

    /// The marks that have become certain, and the position before which there will be no more.
    ///
    /// - Parameters:
    ///   - values: the next samples, [lead, time] row by row.
    ///   - annotations: of these samples.
    ///   - end: position after them.
    public mutating func push(_ values: [Float], annotations: [BeatMark], end: Int) -> (marks: [BeatMark], known: Int) {
        guard detector != nil else { return (annotations, end) }
        let found = detector?.push(values) ?? []
        return (marks(found), recordStart + (detector?.settled ?? 0))
    }

    /// The last marks.
    public mutating func finish() -> [BeatMark] { marks(detector?.finish() ?? []) }

    private func marks(_ beats: [DetectedBeat]) -> [BeatMark] {
        beats.map { BeatMark(sample: recordStart + $0.sample, symbol: BeatMark.unlabelled) }
    }
}
