// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGSignal
import ECGStream
import ECGTool

enum MedianGrouping: String, CaseIterable, ExpressibleByArgument { case record, label }

enum BeatSource: String, CaseIterable, ExpressibleByArgument { case ann, detect }

@main
struct Median: StageTool {
    static let configuration = CommandConfiguration.tool(
        "ecg-median", abstract: "Make median beats of recordings or of their beats.",
        discussion: """
            Beats are grouped by shape, the dominant sinus group is aligned by cross-correlation over all leads, and the median is taken per sample \
            and lead. The numbers of beats used and rejected and the alignment error are in the meta.
            """)

    @OptionGroup var input: InputOptions
    @OptionGroup var stage: StageOptions

    @Option(help: "One median a record, or one for each label of its beats.")
    var per: MedianGrouping = .record

    @Option(help: .init("Milliseconds before the R peak. (default: 400)", valueName: "ms"))
    var before: Double = 400

    @Option(help: .init("Milliseconds from the R peak on. (default: 800)", valueName: "ms"))
    var after: Double = 800

    @Option(help: .init("One median for every so many seconds of a recording.", valueName: "seconds"))
    var every: String?

    @Option(help: .init("Leads by name, or 'standard'; III, aVR, aVL and aVF are computed from I and II if need be.", valueName: "names"))
    var leads: String?

    @Option(help: "Where recordings' beats come from. (default: ann where present)")
    var from: BeatSource?

    func validate() throws {
        for (name, value) in [("--before", before), ("--after", after)] where !(value >= 0 && value <= 10_000) {
            throw ValidationError("\(name) takes 0 to 10000 milliseconds.")
        }
        guard before + after > 0 else { throw ValidationError("The window is empty.") }
        _ = try interval(fs: 1)
        if let leads, leads.split(separator: ",", omittingEmptySubsequences: false).contains("") {
            throw ValidationError("--leads takes names between commas.")
        }
    }

    /// Samples of an interval; nil for the whole recording.
    func interval(fs: Double) throws -> Int? {
        guard let every else { return nil }
        guard let seconds = Self.seconds(every), seconds > 0, seconds * fs < 1e15 else {
            throw ValidationError("--every takes seconds, as 3600 or 1:00:00.")
        }
        return max(1, Int((seconds * fs).rounded()))
    }

    /// `90`, `1:30` or `1:00:00`.
    private static func seconds(_ text: String) -> Double? {
        let fields = text.split(separator: ":", omittingEmptySubsequences: false).map { Double($0) }
        guard (1...3).contains(fields.count) else { return nil }
        var total = 0.0
        for field in fields {
            guard let field, field.isFinite, field >= 0 else { return nil }
            total = total * 60 + field
        }
        return total
    }

    var leadNames: [String]? {
        leads == "standard" ? LeadSelection.standard : leads?.split(separator: ",").map(String.init)
    }

    func provenance() throws -> Provenance {
        var options: JSON.Object = ["per": .string(per.rawValue), "before": JSON(before), "after": JSON(after)]
        if let every = try interval(fs: 1000) { options["every"] = JSON(Double(every) / 1000) }
        if let leadNames { options["leads"] = JSON(leadNames) }
        if let from { options["from"] = .string(from.rawValue) }
        return Provenance(options: options)
    }

    static func status(of error: any Error) -> ExitStatus? { (error as? FilterError)?.kind == .inputOutput ? .inputOutput : nil }

    func run(_ stage: Stage) throws {
        let line = MedianLine(options: self, stage: stage)
        while let record = try stage.next() {
            do {
                try line.take(record)
            } catch {
                try stage.failed(record.key, error)
                line.giveUp(on: record)
            }
        }
        try line.finish()
    }

    func medianOptions(fs: Double) -> MedianOptions {
        MedianOptions(
            before: Int((before * fs / 1000).rounded()), after: max(1, Int((after * fs / 1000).rounded())), prefersSinus: per == .record)
    }
}
