// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGSignal
import ECGStream
import ECGTool

@main
struct SynthTool: StageTool {
    static let configuration = CommandConfiguration.tool(
        "ecg-synth", abstract: "Make electrocardiograms whose truth is known.",
        discussion: """
            The dynamical model ECGSYN with several kinds of beat, a dipole seen by every lead, and noise. Each part comes with its true \
            annotations (ann.*, MIT-BIH's symbols), and with the waves' true on- and offsets in the meta member `truth`.
            """)

    @Option(help: .init("Samples a second.", valueName: "hz"))
    var fs: Double = 360

    @Option(help: .init("Length: seconds (90, 1:30, 24:00:00) or samples (s1234).", valueName: "time"))
    var duration: String = "60"

    @Option(help: .init("Leads: I II III aVR aVL aVF V1-V6 MLII X Y Z, separated by commas.", valueName: "names"))
    var leads: String = "MLII,V1"

    @Option(help: .init("sinus, afib, bigeminy or trigeminy.", valueName: "name"))
    var rhythm: SyntheticRhythm = .sinus

    @Option(help: .init("Kinds of beat among A,E,j,L,N,/,R,V, each perhaps with its share: N=0.9,V=0.1.", valueName: "list"))
    var classes: String?

    @Option(help: .init("White noise in mV, or white=,wander=,mains=,muscle= each in mV.", valueName: "list"))
    var noise: String = "none"

    @Option(help: .init("Frequency of the mains noise.", valueName: "hz"))
    var mains: Double = 50

    @Option(help: .init("Beats a minute.", valueName: "bpm"))
    var heartRate: Double = 70

    @Option(help: .init("Standard deviation of the RR interval.", valueName: "seconds"))
    var rrSd: Double = 0.03

    @Option(help: .init("The record's name, which the random numbers depend on too.", valueName: "name"))
    var key: String = "synth"

    @Option(help: .init("So many records, KEY-1, KEY-2 and so on.", valueName: "n"))
    var records: Int?

    @Option(help: .init("Longest part in one frame; the samples do not depend on it.", valueName: "seconds"))
    var part: Double = 60

    @OptionGroup var stage: StageOptions

    var inputs: [StreamInput]? { nil }

    func validate() throws {
        guard fs.isFinite, (1...1_000_000).contains(fs) else { throw ValidationError("--fs takes 1 to 1000000 Hz.") }
        guard part.isFinite, part > 0 else { throw ValidationError("--part takes a positive number of seconds.") }
        guard heartRate.isFinite, (20...250).contains(heartRate) else { throw ValidationError("--heart-rate takes 20 to 250.") }
        guard rrSd.isFinite, rrSd >= 0, rrSd <= 0.5 else { throw ValidationError("--rr-sd takes 0 to 0.5.") }
        guard mains.isFinite, mains > 0 else { throw ValidationError("--mains takes a positive number.") }
        if let records, records < 0 { throw ValidationError("--records takes a number.") }
        guard !key.isEmpty else { throw ValidationError("--key takes a name.") }
        _ = try settings()
        _ = try length()
    }

    func provenance() throws -> Provenance {
        let settings = try settings()
        let noise = settings.noise
        var options: JSON.Object = ["fs": JSON(fs), "samples": JSON(try length()), "leads": JSON(settings.leads)]
        options["rhythm"] = .string(rhythm.rawValue)
        options["classes"] = .object(JSON.Object(settings.shares.map { ($0.kind.rawValue, JSON($0.share)) }))
        options["noise"] = [
            "white": JSON(noise.white), "wander": JSON(noise.wander), "mains": JSON(noise.mains), "muscle": JSON(noise.muscle),
        ]
        if noise.mains > 0 { options["mains"] = JSON(mains) }
        options["heart-rate"] = JSON(heartRate)
        options["rr-sd"] = JSON(rrSd)
        options["part"] = JSON(part)
        return Provenance(options: options, usesSeed: true)
    }

    func run(_ stage: Stage) throws {
        let settings = try settings()
        let total = try length()
        let largest = Double(max((stage.options.maxFrame << 20) / 2 / (4 * settings.leads.count), 1))
        let size = max(Int(min((part * fs).rounded(), largest)), 1)
        for number in 0..<(records ?? 1) {
            let key = records == nil ? key : "\(key)-\(number + 1)"
            guard var recording = SyntheticRecording(settings, seed: stage.seed, key: key) else { throw ToolError(.usage, "unknown lead") }
            var start = 0
            repeat {
                let count = min(size, total - start)
                let values = recording.samples(count)
                var record = Record(key: key)
                record.meta["fs"] = JSON(fs)
                record.meta["leads"] = JSON(settings.leads)
                record.meta["units"] = JSON(settings.leads.map { _ in "mV" })
                if start > 0 { record.meta["start"] = JSON(start) }
                if start + count < total { record.meta["more"] = true }
                record.tensors = [Tensor("signal", values, shape: [settings.leads.count, count], axes: ["lead", "time"])]
                add(recording.truth(upTo: start + count), to: &record)
                try stage.write(record)
                start += count
            } while start < total
        }
    }
}
