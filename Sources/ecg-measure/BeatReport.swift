// SPDX-License-Identifier: GPL-3.0-or-later
import ECGSignal
import ECGStream
import ECGTool

/// A beat's record, and the record with what was measured.
struct BeatReport {
    private let record: Record
    private let fs: Double
    private let leads: Int
    private let values: [Float]
    private let time: Int
    private let r: Int
    /// The samples that are signal, not padding.
    private let signal: Range<Int>

    init(_ record: Record) throws {
        self.record = record
        guard let signal = record["signal"], signal.shape.count == 2, signal.shape[0] > 0 else {
            throw ToolError(.data, "the record has no tensor 'signal' [lead, time]")
        }
        guard let fs = record.fs, fs > 0 else { throw ToolError(.data, "the record has no sampling frequency 'fs'") }
        // Leads may stand one after the other in a single row (ecg-beats --stack).
        let names = record.leads?.count ?? signal.shape[0]
        let isStacked = signal.shape[0] == 1 && names > 1 && signal.shape[1] % names == 0
        guard isStacked || names == signal.shape[0] else {
            throw ToolError(.data, "the signal has \(signal.shape[0]) leads, and \(names) names of leads")
        }
        self.fs = fs
        leads = names
        values = signal.floats()
        time = values.count / leads
        guard let r = record.r else {
            throw ToolError(.data, "the record has no R peak 'r'; ecg-measure takes beats or median beats (ecg-beats, ecg-median)")
        }
        let pad = min(max(0, record.meta["pad_before"]?.int ?? 0), time)
        let length = min(max(0, record.length ?? time - pad), time - pad)
        guard r >= pad, r < pad + length else { throw ToolError(.data, "the R peak at sample \(r) lies outside the beat") }
        self.r = r
        self.signal = pad..<(pad + length)
    }

    /// The interval that belongs to the beat, in seconds: that of the median's beats, else the one before it, else the one after.
    private var interval: Double? {
        ["rr", "rr_before", "rr_after"].lazy.compactMap { record.meta[$0]?.double }.first { $0 > 0 && $0 < 60 }
    }

    /// The R peaks beside this one, from the sample `signal` begins with. Those of a median beat are its beats' usual interval away.
    private var neighbours: [Int] {
        func samples(_ name: String) -> Int? {
            record.meta[name]?.double.flatMap { $0 > 0 && $0 < 60 ? Int(($0 * fs).rounded()) : nil }
        }
        let place = r - signal.lowerBound
        let usual = samples("rr")
        return [(samples("rr_before") ?? usual).map { place - $0 }, (samples("rr_after") ?? usual).map { place + $0 }].compactMap { $0 }
    }

    func measured(correction: QTCorrection) -> Record {
        var samples: [Float] = []
        samples.reserveCapacity(signal.count * leads)
        for lead in 0..<leads { samples += values[(lead * time + signal.lowerBound)..<(lead * time + signal.upperBound)] }
        let beat = Delineator(samplingFrequency: fs).delineate(
            samples, leadCount: leads, r: r - signal.lowerBound, neighbours: neighbours)
        let measures = BeatMeasures(beat, signal: samples, samplingFrequency: fs, rr: interval, correction: correction)
        var record = record
        record.meta["measures"] = Self.json(measures)
        record.meta["fiducials"] = [
            "global": json(beat.global), "leads": .array(beat.leads.map { json($0) }),
        ]
        return record
    }

    private static func json(_ measures: BeatMeasures) -> JSON {
        func number(_ value: Double?) -> JSON { value.map { JSON(($0 * 100).rounded() / 100) } ?? .null }
        func numbers(_ values: [Float?]) -> JSON { .array(values.map { $0.map { JSON($0) } ?? .null }) }
        return [
            "PR": number(measures.pr), "QRS": number(measures.qrs), "QT": number(measures.qt), "QTc": number(measures.qtc),
            "rate": number(measures.rate), "R": numbers(measures.r), "J": numbers(measures.j), "T": numbers(measures.t),
        ]
    }

    private func json(_ waves: BeatWaves) -> JSON { ["P": json(waves.p), "QRS": json(waves.qrs), "T": json(waves.t)] }

    private func json(_ wave: Wave?) -> JSON {
        guard let wave else { return .null }
        let first = signal.lowerBound
        return [
            "onset": JSON(Int(wave.onset.rounded()) + first), "peak": JSON(wave.peak + first),
            "offset": JSON(Int(wave.offset.rounded()) + first), "confidence": JSON((wave.confidence * 1000).rounded() / 1000),
        ]
    }
}
