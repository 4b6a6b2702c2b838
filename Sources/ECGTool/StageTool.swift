// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGStream

// How to write a tool
// ===================
//
// A tool is a folder Sources/ecg-NAME with one file `Name.swift` that holds options, help and the call of a library function.
// The harness does the rest: it opens the inputs, refuses terminals, writes HEAD with the provenance, numbers and checks frames,
// passes on notes and ABORT, turns errors into ABORT + message + exit status, drains the input, writes END, syncs and renames `-o`.
//
// A filter (a stream in, a stream out):
//
//     @main
//     struct Gain: StageTool {
//         static let configuration = CommandConfiguration.tool("ecg-gain", abstract: "Multiply signals by a factor.")
//
//         @OptionGroup var input: InputOptions                      // FILE operands; leave it out in a source
//         @OptionGroup var stage: StageOptions                      // -o -j --seed … : every tool has it
//         @Option(help: .init("The factor.", valueName: "x")) var factor: Double = 1
//
//         func validate() throws {                                  // of the command line alone -> exit 64
//             guard factor.isFinite else { throw ValidationError("--factor takes a finite number.") }
//         }
//
//         func provenance() throws -> Provenance {                  // what can change the result, in a fixed order
//             Provenance(options: ["factor": JSON(factor)])         // uses: ["model": Provenance.digest(bytes)], usesSeed: true
//         }
//
//         func run(_ stage: Stage) throws {
//             // 1. Set-up: open models and tables here. An error becomes HEAD + ABORT, before any record is read.
//             // 2. Records, until next() returns nil: then END was read and everything before it was whole.
//             try stage.forEach { record in
//                 guard let signal = record["signal"] else {
//                     throw ToolError(.data, "no tensor 'signal'", record: record.key)
//                 }
//                 if record.label == "?" { return stage.leaveOut(record.key, reason: "label ?") }     // counted in END, no error
//                 var record = record                               // all that isn't touched passes through
//                 let scaled = signal.floats().map { $0 * Float(factor) }
//                 record["signal"] = Tensor("signal", scaled, shape: signal.shape, axes: signal.axes)
//                 try stage.write(record)
//             }
//             // 3. Nothing: END, flush, sync and rename follow when run returns.
//         }
//     }
//
// `forEach` obeys --keep-going: an error thrown for a record is reported, counted in END, and the tool exits 1. A tool that gathers batches
// uses `next()` and `write(_:)` itself and calls `try stage.failed(key, error)`, which returns under --keep-going and throws otherwise.
//
// A source (ecg-read, ecg-synth) has no `InputOptions`; it writes records and never calls next().
//
// A sink prints after END: `var output: StageOutput { .text }`, reads with `next()` until nil and then writes to `stage.text`:
//
//     var table = Table(columns: ["class", "n"])
//     while let record = try stage.next() { … }
//     table.add([.text("N"), .integer(n)])
//     try stage.write(table, as: form)                              // form: a Table.Form option, --as table|csv|json
//
// `output` may depend on the options (ecg-segsal --per-beat is a filter, else a sink); `.binary` is for npz and the like, `.none` for a
// tool that writes files of its own (OutputFile makes them appear whole).
//
// Errors: throw `ToolError(.data, "cause", place: "100.hea, line 3", record: key)`. An error struct of a library (properties `message`,
// and perhaps `place`, `record`) passes as it is, with exit status 65, unless `status(of:)` says otherwise.
//
// Random draws: `RandomSource(seed: stage.seed, key: record.key)` of ECGRandom. Threads: `stage.threads`. Instruction set:
// `use(instructionSet:)`, for a tool that calls kernels.
// Warnings: `stage.warn(…)`, for -v `stage.inform(…)`. Never Swift's own print: it hides write errors.

/// What a tool writes.
public enum StageOutput: Sendable {
    /// A stream; the harness writes HEAD and END.
    case stream
    /// Text for people or programs, through `stage.text`.
    case text
    /// Another binary form, through `stage.text` too, but never to a terminal.
    case binary
    /// Files of the tool's own making.
    case none
}

/// A command-line tool of the suite. See the guide at the top of this file.
public protocol StageTool: ParsableCommand {
    /// The common options, as an `@OptionGroup`.
    var stage: StageOptions { get }
    /// The streams to read; `nil` makes the tool a source. A tool with `@OptionGroup var input: InputOptions` need not say more.
    var inputs: [StreamInput]? { get }
    /// What is written; a stream unless the tool says otherwise.
    var output: StageOutput { get }
    /// The tool's entry in the provenance. Called once, before the first record is written.
    func provenance() throws -> Provenance
    /// The work. When it returns, the rest of the input is read and checked, and the output is completed.
    func run(_ stage: Stage) throws
    /// The command line as the parser is to see it. A tool whose options depend on their order turns them into a list here.
    static func prepared(_ arguments: [String]) -> [String]
    /// The exit status that a library's error means; `nil` is 65, bad data.
    static func status(of error: any Error) -> ExitStatus?
    /// Makes the tool's libraries use an instruction set (`--isa`): `avx512`, `avx2` or `portable`. A tool whose bits don't depend on it need
    /// not say anything.
    /// - Returns: whether this processor has it.
    static func use(instructionSet name: String) -> Bool
}

extension StageTool {
    public var output: StageOutput { .stream }
    public func provenance() throws -> Provenance { Provenance() }
    public static func prepared(_ arguments: [String]) -> [String] { arguments }
    public static func status(of error: any Error) -> ExitStatus? { nil }
    public static func use(instructionSet name: String) -> Bool { true }

    /// From the property `input`, if the tool has one.
    public var inputs: [StreamInput]? {
        Mirror(reflecting: self).children.lazy.compactMap { ($0.value as? OptionGroup<InputOptions>)?.wrappedValue.inputs }.first
    }

    /// What `@main` calls.
    public static func main() { Launch.run(Self.self, arguments: Array(CommandLine.arguments.dropFirst())) }
}

extension CommandConfiguration {
    /// A tool's configuration: its name, what it does in a sentence, and more of it for `--help`.
    public static func tool(_ name: String, abstract: String, discussion: String = "") -> CommandConfiguration {
        CommandConfiguration(commandName: name, abstract: abstract, discussion: discussion, version: "\(name) (ecgpipe) \(ecgpipeVersion)")
    }
}
