// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGStream
import ECGTool

@main
struct EvalTool: StageTool {
    static let configuration = CommandConfiguration.tool(
        "ecg-eval", abstract: "How well a network did: figures of scored items against their labels.",
        discussion: """
            Reads items with the label they have and what ecg-infer says of them, and prints figures a class, their means, accuracy and kappa, or with \
            --target the errors of a regression. The figures are scikit-learn's.
            """)

    @OptionGroup var input: InputOptions
    @OptionGroup var stage: StageOptions

    @Option(help: .init("The classes and their order. (default: those that ecg-infer wrote)", valueName: "names")) var classes: String?
    @Option(help: .init("The member with the true class; an array of names is several at a time.", valueName: "member")) var truth =
        "label"
    @Option(help: .init("The member with the class that was found.", valueName: "member")) var predicted = "predicted"
    @Option(help: .init("The tensor with a score a class. (default: probabilities)", valueName: "name")) var scores: String?
    @Option(
        help: .init(
            "Take every class whose score reaches this, or reaches Youden's threshold of the --validation stream: a number or youden. (default: the class with the highest score; 0.5 where items have several classes)",
            valueName: "x")) var threshold: String?
    @Option(help: .init("Scored items from which --threshold youden takes its thresholds.", valueName: "file")) var validation: String?
    @Option(
        help: .init("Regression: the member with the true value, as measures.QT; several with commas, one an output.", valueName: "members")
    )
    var target: String?
    @Flag(help: "Print the confusion matrix: a row a true class.") var confusion = false
    @Flag(help: "Means over all classes, also over those that do not occur.") var allClasses = false
    @Flag(name: .customLong("ci"), help: "Add confidence intervals, by bootstrap over records.") var intervals = false
    @Option(help: .init("The share that an interval covers.", valueName: "share")) var level = 0.95
    @Option(help: .init("Resamplings for the intervals.", valueName: "n")) var resamples = 1000
    @Option(help: .init("The member that says which items belong together in the bootstrap.", valueName: "member")) var group = "record"
    @Option(name: .customLong("as"), help: .init("table, csv or json.", valueName: "form")) var form: Table.Form = .table

    var output: StageOutput { .text }

    func validate() throws {
        if let classes {
            let names = Self.list(classes)
            guard !names.contains(""), Set(names).count == names.count else {
                throw ValidationError("--classes takes different names with commas between.")
            }
        }
        if let threshold, threshold != "youden" {
            guard let value = Double(threshold), value.isFinite else { throw ValidationError("--threshold takes a number or youden.") }
        }
        if threshold == "youden", validation == nil {
            throw ValidationError("--threshold youden needs --validation: thresholds found on the items they are judged by are too good.")
        }
        if validation != nil, threshold != "youden" { throw ValidationError("--validation goes with --threshold youden.") }
        if validation == "-" { throw ValidationError("--validation takes a file.") }
        guard level > 0, level < 1 else { throw ValidationError("--level takes a share between 0 and 1.") }
        guard (1...1_000_000).contains(resamples) else { throw ValidationError("--resamples takes a number from 1 to 1000000.") }
        if let target {
            if Self.list(target).contains("") { throw ValidationError("--target takes names of members.") }
            if confusion || threshold != nil || classes != nil || allClasses {
                throw ValidationError("--target is about values; --confusion, --threshold, --classes and --all-classes are about classes.")
            }
        }
        if confusion, intervals { throw ValidationError("--confusion and --ci don't go together.") }
    }

    static func list(_ text: String) -> [String] { text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }

    func run(_ stage: Stage) throws {
        if let target {
            try stage.write(RegressionReport(tool: self, targets: Self.list(target)).table(stage), as: form)
        } else {
            try stage.write(ClassReport(tool: self).table(stage), as: form)
        }
    }

    /// What the bootstrap takes for one unit.
    func unit(_ record: Record) -> String {
        guard group != "record" else { return record.recordName }
        guard let value = record.meta.value(at: group), !value.isNull else { return record.recordName }
        return value.string ?? value.text
    }
}
