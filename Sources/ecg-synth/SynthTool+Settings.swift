// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGSignal
import ECGStream
import ECGTool

extension SyntheticRhythm: ExpressibleByArgument {}

extension SynthTool {
    func settings() throws -> SyntheticSettings {
        var settings = SyntheticSettings()
        settings.frequency = fs
        settings.leads = leads.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        for lead in settings.leads where LeadProjection(lead: lead) == nil {
            throw ValidationError("Lead '\(lead)' can't be made; there are \(LeadProjection.names.joined(separator: ", ")).")
        }
        guard Set(settings.leads).count == settings.leads.count else { throw ValidationError("A lead is named twice in '\(leads)'.") }
        settings.rhythm = rhythm
        settings.shares = try shares()
        settings.heartRate = heartRate
        settings.rrDeviation = rrSd
        settings.noise = try noiseLevels()
        return settings
    }

    private func shares() throws -> [(kind: BeatKind, share: Double)] {
        // The rhythms of couplets have ventricular beats unless others are asked for.
        let list = classes ?? (rhythm == .bigeminy || rhythm == .trigeminy ? "N,V" : "N")
        var kinds: [BeatKind] = []
        var weights: [Double] = []
        for item in list.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = item.split(separator: "=", omittingEmptySubsequences: false)
            guard let kind = BeatKind(rawValue: String(parts[0])) else {
                throw ValidationError("Class '\(parts[0])' can't be made; there are A, E, j, L, N, /, R, V.")
            }
            guard !kinds.contains(kind) else { throw ValidationError("Class '\(parts[0])' is named twice.") }
            kinds.append(kind)
            guard parts.count > 1 else { continue }
            guard parts.count == 2, let weight = Double(parts[1]), weight.isFinite, weight > 0 else {
                throw ValidationError("'\(item)' gives no positive share.")
            }
            weights.append(weight)
        }
        guard !weights.isEmpty else { return SyntheticSettings.defaultShares(kinds) }
        guard weights.count == kinds.count else { throw ValidationError("--classes takes shares for all classes or for none.") }
        let total = weights.reduce(0, +)
        return zip(kinds, weights).map { ($0, $1 / total) }
    }

    private func noiseLevels() throws -> SyntheticNoise {
        var levels = SyntheticNoise()
        levels.mainsFrequency = mains
        guard noise != "none" else { return levels }
        for item in noise.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = item.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count <= 2, let level = Double(parts[parts.count - 1]), level.isFinite, level >= 0 else {
                throw ValidationError("Noise '\(item)' gives no level in mV.")
            }
            switch parts.count == 1 ? "white" : parts[0] {
            case "white": levels.white = level
            case "wander": levels.wander = level
            case "mains": levels.mains = level
            case "muscle": levels.muscle = level
            default: throw ValidationError("Noise '\(parts[0])' is unknown; there are white, wander, mains, muscle.")
            }
        }
        return levels
    }

    /// Samples of each lead.
    func length() throws -> Int {
        var samples: Double?
        if duration.hasPrefix("s") {
            samples = Int(duration.dropFirst()).map(Double.init)
        } else {
            let parts = duration.split(separator: ":", omittingEmptySubsequences: false).map { Double($0) ?? .nan }
            samples = parts.count > 3 ? nil : parts.reduce(0) { $0 * 60 + $1 } * fs
        }
        guard let samples, samples.isFinite, samples >= 0, samples < 1e12 else {
            throw ValidationError("--duration takes seconds (90, 1:30) or samples (s1234).")
        }
        return Int(samples.rounded())
    }

    /// The annotations and the truth of a part.
    func add(_ truth: (beats: [SyntheticTruth], rhythms: [SyntheticRhythmChange]), to record: inout Record) {
        var marks = truth.rhythms.map { ($0.sample, UInt8(ascii: "+")) } + truth.beats.map { ($0.sample, $0.kind.symbol) }
        // A rhythm comes before the beat it may share a sample with.
        marks.sort { ($0.0, $1.1 == UInt8(ascii: "+") ? 1 : 0) < ($1.0, $0.1 == UInt8(ascii: "+") ? 1 : 0) }
        let samples = marks.map { Int64($0.0) }
        let symbols = marks.map(\.1)
        let zeros = [UInt8](repeating: 0, count: samples.count)
        record.tensors += [
            Tensor("ann.sample", samples, axis: "n"), Tensor("ann.symbol", symbols, axis: "n"), Tensor("ann.sub", zeros, axis: "n"),
            Tensor("ann.chan", zeros, axis: "n"), Tensor("ann.num", zeros, axis: "n"),
        ]
        if !truth.rhythms.isEmpty {
            record.meta["aux"] = .array(truth.rhythms.map { .object(["sample": JSON($0.sample), "text": .string($0.name)]) })
        }
        record.meta["truth"] = .array(
            truth.beats.map { beat in
                let wave = { (wave: SyntheticTruth.Wave?) in wave.map { JSON([$0.onset, $0.peak, $0.offset]) } ?? .null }
                return .object([
                    "sample": JSON(beat.sample), "label": .string(beat.kind.rawValue), "P": wave(beat.p), "QRS": wave(beat.qrs),
                    "T": wave(beat.t),
                ])
            })
    }
}
