// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGStream
import ECGTool

@main
struct Cat: StageTool {
    static let configuration = CommandConfiguration.tool(
        "ecg-cat", abstract: "Join streams into one, check them, show them, or write them in other formats.",
        discussion: "Without options the records of all inputs are written as one stream. Every byte that is read is checked.")

    @OptionGroup var input: InputOptions
    @OptionGroup var stage: StageOptions

    @Flag(help: "Print for people: where the stream comes from, and a block a record.")
    var show = false

    @Flag(help: "Write nothing; only check. The exit status tells.")
    var check = false

    @Flag(help: "Copy each frame whose checks hold, count the gaps in END, and exit 65 if there were any.")
    var rescue = false

    @Option(name: .customLong("to"), help: .init("Write another format.", valueName: "format"))
    var format: Format?

    @Flag(help: "With --show and --to jsonl: the tensors' values too.")
    var values = false

    enum Format: String, ExpressibleByArgument, CaseIterable { case csv, jsonl, npz, wfdb, arrow }

    func validate() throws {
        guard [show, check, rescue, format != nil].filter({ $0 }).count <= 1 else {
            throw ValidationError("Only one of --show, --check, --rescue and --to at a time.")
        }
        if values, !show, format != .jsonl { throw ValidationError("--values goes with --show and --to jsonl.") }
        if format == .wfdb, stage.output == nil || stage.output == "-" {
            throw ValidationError("--to wfdb writes several files; -o names their folder.")
        }
        if check, stage.output != nil { throw ValidationError("--check writes nothing, so there is no -o.") }
    }

    /// --rescue reads by itself, since the reader of whole streams refuses damaged ones.
    var inputs: [StreamInput]? { rescue ? nil : input.inputs }

    var output: StageOutput {
        if check || format == .wfdb { return .none }
        if show || format == .csv || format == .jsonl { return .text }
        return format == nil ? .stream : .binary
    }

    func provenance() throws -> Provenance { Provenance(options: rescue ? ["rescue": true] : [:]) }

    func run(_ stage: Stage) throws {
        if rescue { return try Rescue.run(stage, input.inputs) }
        if show { return try Show.run(stage, values: values) }
        switch format {
        case .csv: try CSVExport.run(stage)
        case .jsonl: try JSONLines.run(stage, values: values)
        case .npz:
            let writer = try NpzWriter(stage.text)
            while let record = try stage.next() { try writer.append(record) }
            try writer.finish()
        case .arrow:
            let writer = try ArrowWriter(stage.text)
            while let frame = try stage.nextFrame() { try writer.append(frame) }
            try writer.finish()
        case .wfdb: try WFDBExport(folder: self.stage.output ?? ".").run(stage)
        case nil:
            guard !check else {
                var count = 0
                while try stage.nextFrame() != nil { count += 1 }
                return stage.inform("\(count) records, whole")
            }
            while let frame = try stage.nextFrame() { try stage.pass(frame) }
        }
    }
}
