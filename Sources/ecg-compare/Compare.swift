// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGFormats
import ECGScore
import ECGStream
import ECGTool

@main
struct Compare: StageTool {
    static let configuration = CommandConfiguration.tool(
        "ecg-compare",
        abstract: "Compare beat annotations with a reference, beat by beat, after ANSI/AAMI EC57.",
        discussion: """
            Prints a line a record in the form of the WFDB program bxb -l, with the mean error of the beats' places, and the \
            sum, gross and average values of all records. Test beats during ventricular flutter or fibrillation of the \
            reference (between [ and ]) are not counted.
            """)

    @Argument(help: .init("Records, with or without .hea.", valueName: "record"))
    var records: [String]

    @OptionGroup var stage: StageOptions

    @Option(help: .init("Suffix of the reference annotation files.", valueName: "ext"))
    var reference = "atr"

    @Option(help: .init("Suffix of the annotation files under test.", valueName: "ext"))
    var test = "qrs"

    @Option(help: .init("Folder of the annotation files under test. (default: beside the records)", valueName: "dir"))
    var testDir: String?

    @Option(name: [.customShort("f"), .customLong("from")], help: .init("What comes earlier is not counted.", valueName: "seconds"))
    var start: Double = 300

    @Option(help: .init("Match window.", valueName: "seconds"))
    var window: Double = 0.15

    @Option(name: .customLong("as"), help: .init("table, csv or json.", valueName: "form"))
    var form: Table.Form = .table

    @Option(help: .init("Exit 1 unless gross sensitivity and positive predictivity reach this.", valueName: "percent"))
    var require: Double?

    var inputs: [StreamInput]? { nil }
    var output: StageOutput { .text }

    func validate() throws {
        guard start >= 0, start.isFinite else { throw ValidationError("--from takes a time of 0 s or more.") }
        guard window > 0, window <= 10 else { throw ValidationError("--window takes more than 0 and at most 10 s.") }
        if let require, !(0...100).contains(require) { throw ValidationError("--require takes 0 to 100 per cent.") }
    }

    static func status(of error: any Error) -> ExitStatus? {
        (error as? FormatError)?.kind == .cannotOpen ? .noInput : nil
    }

    func run(_ stage: Stage) throws {
        var report = ComparisonReport()
        for record in records {
            let path = WFDBPath.record(record)
            let header = try WFDBHeader(path: path + ".hea")
            let name = WFDBPath.base(path)
            let folder = testDir.map { $0.hasSuffix("/") || $0.isEmpty ? $0 : $0 + "/" } ?? WFDBPath.folder(of: path)
            let reference = try AnnotationList(path: "\(path).\(reference)").annotations
            let test = try AnnotationList(path: "\(folder)\(name).\(test)").annotations
            let last = max(reference.last?.sample ?? 0, test.last?.sample ?? 0)
            let length = header.length ?? (last + 1)
            let comparison = BeatComparison(
                reference: Self.beats(reference), test: Self.beats(test), excluded: Self.flutter(reference, length: length),
                start: Int((start * header.frequency).rounded()), end: length, window: Int(window * header.frequency + 1e-9))
            report.add(name, comparison, frequency: header.frequency)
            for sample in comparison.missedSamples { stage.inform("missed at sample \(sample)", record: name) }
            for sample in comparison.extraSamples { stage.inform("extra at sample \(sample)", record: name) }
        }
        switch form {
        case .table: try stage.text.write(report.lines)
        default: try stage.write(report.table, as: form)
        }
        if let require, !report.reaches(require / 100) {
            stage.demandNotMet("gross sensitivity or positive predictivity is below \(require) %")
        }
    }

    private static func beats(_ annotations: [Annotation]) -> [AnnotatedBeat] {
        annotations.compactMap { annotation in
            guard annotation.code.isBeat else { return nil }
            let symbol = Character(UnicodeScalar(annotation.code.symbol))
            return AnnotatedBeat(sample: annotation.sample, beatClass: BeatClass(symbol: symbol) ?? .unknown)
        }.sorted { $0.sample < $1.sample }
    }

    /// The spans between [ and ]; one that isn't closed lasts to the end.
    private static func flutter(_ annotations: [Annotation], length: Int) -> [ClosedRange<Int>] {
        var spans: [ClosedRange<Int>] = []
        var start: Int?
        for annotation in annotations {
            switch annotation.code.symbol {
            case UInt8(ascii: "["): start = start ?? annotation.sample
            case UInt8(ascii: "]"):
                if let first = start { spans.append(first...max(first, annotation.sample)) }
                start = nil
            default: break
            }
        }
        if let first = start { spans.append(first...max(first, length)) }
        return spans
    }
}
