// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGRandom
import ECGScore
import ECGStream
import ECGTool

@main
struct TallyTool: StageTool {
    static let configuration = CommandConfiguration.tool(
        "ecg-tally",
        abstract: "Count readers' votes on blinded sheets of maps, and say how far the readers agree.",
        discussion: """
            Reads vote files (CSV: reader, sheet, vote) and the answers that ecg-plot sheets wrote beside the sheets. Prints Cohen's kappa             between readers, with intervals by bootstrap over the ECGs.
            """)

    @Argument(help: .init("Vote files; - is standard input.", valueName: "file")) var files: [String] = []
    @OptionGroup var stage: StageOptions
    @Option(help: .init("The answers of the sheets; may be given again.", valueName: "file")) var answers: [String] = []
    @Flag(help: "How often each method was chosen, instead of kappa.") var votes = false
    @Flag(help: "Kappa of each reader with himself, on sheets that were shown twice.") var within = false
    @Option(help: .init("The share that an interval covers.", valueName: "share")) var level = 0.95
    @Option(help: .init("Resamplings of the ECGs.", valueName: "n")) var resamples = 1000
    @Option(name: .customLong("as"), help: .init("table, csv or json.", valueName: "form")) var form: Table.Form = .table

    var inputs: [StreamInput]? { nil }
    var output: StageOutput { .text }

    func validate() throws {
        guard !answers.isEmpty else { throw ValidationError("--answers names the file that ecg-plot sheets wrote.") }
        guard level > 0, level < 1 else { throw ValidationError("--level takes a share between 0 and 1.") }
        guard (1...100_000).contains(resamples) else { throw ValidationError("--resamples takes 1 to 100000.") }
        if votes && within { throw ValidationError("--votes and --within don't go together.") }
        if (files.isEmpty ? ["-"] : files + answers).filter({ $0 == "-" }).count > 1 {
            throw ValidationError("Standard input can be read only once.")
        }
    }

    func run(_ stage: Stage) throws {
        var ballot = Ballot()
        for path in answers { try ballot.addAnswers(try CSVTable(path: path)) }
        if files.isEmpty || files.contains("-") { try stage.refuseTerminal(.standardInput) }
        for path in files.isEmpty ? ["-"] : files { try ballot.addVotes(try CSVTable(path: path)) }
        if ballot.blank > 0 { stage.warn("\(ballot.blank) sheets without a vote are left out") }
        let study = ReaderStudy(ballot.votes)
        let report = TallyReport(study: study, features: ballot.features, displays: ballot.displays)
        if votes { return try stage.write(report.votes(for: form), as: form) }
        let random = RandomSource(seed: stage.seed, purpose: "bootstrap over ECGs")
        let bootstrap = Bootstrap(groups: study.items.count, count: study.items.count > 1 ? resamples : 0) { resampling, draw in
            random.integer(UInt64(resampling) << 32 | UInt64(draw), below: study.items.count)
        }
        if study.items.count == 1 { stage.warn("all votes are on one ECG: no intervals") }
        try stage.write(report.agreement(within: within, bootstrap, level: level, for: form), as: form)
    }
}
