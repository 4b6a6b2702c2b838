// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGExplain
import ECGScore
import ECGStream
import ECGTool

@main
struct AgreeTool: StageTool {
    static let configuration = CommandConfiguration.tool(
        "ecg-agree",
        abstract: "How far maps agree: between methods, between models, with waves.",
        discussion: """
            One stream: the correlation of each pair of its methods' maps. Several streams: for each method the correlation between the maps that different \
            models give of the same item; the streams are joined by key. --waves: how much of each map lies in the waves that ecg-measure found.
            """)

    @Flag(help: "Spearman's rank correlation in place of Pearson's.") var rank = false
    @Option(help: .init("Smooth maps by Savitzky-Golay first, as 31,3.", valueName: "window,order")) var smooth: String?
    @Flag(help: "Compare absolute values.") var absolute = false
    @Flag(help: "The mean of each lead's correlation in place of one over all leads.") var perLead = false
    @Option(help: .init("A map to compare; may be given again. (default: all)", valueName: "method")) var map: [String] = []
    @Option(help: .init("Classes by label or predicted, beside all.", valueName: "aspect")) var by: Aspect?
    @Flag(help: "Several streams: compare each with the first alone.") var withFirst = false
    @Option(
        help: .init(
            "Where maps lie, in place of correlations: parts of the beat, of P, PR, QRS, ST, T and rest.", valueName: "names"))
    var waves: String?
    @Flag(help: "Each lead's own waves in place of those of all leads together.") var leadWaves = false
    @Flag(help: "Count the padding beyond a beat's length as signal.") var withPadding = false
    @Option(name: .customLong("as"), help: .init("table, csv or json.", valueName: "form")) var form: Table.Form = .table
    @OptionGroup var input: InputOptions
    @OptionGroup var stage: StageOptions

    enum Aspect: String, ExpressibleByArgument, CaseIterable { case label, predicted }

    var output: StageOutput { .text }
    /// Several streams are read side by side, not one after the other.
    var isJoin: Bool { waves == nil && input.files.count > 1 }
    var inputs: [StreamInput]? { isJoin ? nil : input.inputs }

    func validate() throws {
        _ = try settings()
        if withFirst && !isJoin { throw ValidationError("--with-first compares several streams.") }
        if waves == nil && leadWaves { throw ValidationError("--lead-waves goes with --waves.") }
        if waves != nil, rank || perLead || absolute { throw ValidationError("--waves knows no correlations.") }
        _ = try parts()
    }

    func parts() throws -> [WaveShares.Part]? {
        try waves.map { text in
            try text.split(separator: ",", omittingEmptySubsequences: false).map { name in
                guard let part = WaveShares.Part.allCases.first(where: { $0.name == name }) else {
                    throw ValidationError("--waves takes P, PR, QRS, ST, T and rest, not '\(name)'.")
                }
                return part
            }
        }
    }

    func settings() throws -> AgreementSettings {
        var settings = AgreementSettings()
        (settings.rank, settings.absolute, settings.perLead) = (rank, absolute, perLead)
        if let smooth {
            let numbers = smooth.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? -1 }
            guard numbers.count == 2, numbers[0] > 0, numbers[1] >= 0 else {
                throw ValidationError("--smooth takes a window and an order, as 31,3.")
            }
            do {
                settings.smoothing = try MapSmoothing(window: numbers[0], order: numbers[1])
            } catch {
                throw ValidationError("\(error)")
            }
        }
        return settings
    }

    func run(_ stage: Stage) throws {
        if let parts = try parts() {
            let run = WaveRun(self, parts, smoothing: try settings().smoothing)
            try stage.forEach { try run.add($0) }
            try stage.write(run.table, as: form)
        } else if isJoin {
            let run = try ModelRun(self, stage)
            try stage.write(AgreeTables(try run.run()).models(for: form), as: form)
            for remark in run.remarks { stage.warnAtEnd(remark) }
        } else {
            let run = MethodRun(self, try settings())
            try stage.forEach { try run.add($0) }
            try stage.write(AgreeTables(run.table.rows).methods(for: form), as: form)
        }
    }

    /// The groups that a record belongs to.
    func groups(_ record: Record) -> [String] {
        switch by {
        case nil: ["all"]
        case .label: ["all", record.label ?? "none"]
        case .predicted: ["all", record.predicted ?? "none"]
        }
    }

    static func status(of error: any Error) -> ExitStatus? {
        switch error {
        case let error as ExplainError: error.kind == .usage ? .usage : .data
        default: nil
        }
    }
}
