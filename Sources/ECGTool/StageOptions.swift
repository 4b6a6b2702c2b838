// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import CSystem
import ECGStream

/// The options that every tool has.
public struct StageOptions: ParsableArguments {
    @Option(
        name: .customShort("o"),
        help: .init("Write to FILE, which appears only when it is whole.", valueName: "file"))
    public var output: String?

    @Option(
        name: [.customShort("j"), .customLong("threads")],
        help: .init("Threads; the result does not depend on them. (default: one a core)", valueName: "n"))
    public var threadLimit: Int?

    // The help's text names these: for a default that the parser knows it looks up how it is written, which takes longer than the rest of the option.
    private static let defaults = (seed: UInt64(0), log: LogForm.text, maxFrame: 1024)

    @Option(name: .customLong("seed"), help: .init("Seed of all random draws. (default: \(StageOptions.defaults.seed))", valueName: "n"))
    var givenSeed: UInt64?

    @Option(help: .init("Instruction set: avx512, avx2 or portable. (default: the best there is)", valueName: "name"))
    public var isa: String?

    @Flag(name: .shortAndLong, help: "No progress, no warnings.")
    public var quiet = false

    @Flag(name: .shortAndLong, help: "Say more on standard error.")
    public var verbose = false

    @Flag(help: "Leave this stage's entry out of the provenance.")
    public var noProv = false

    @Flag(help: "Skip and count a record that cannot be processed, and exit 1 at the end.")
    public var keepGoing = false

    @Option(
        name: .customLong("log"),
        help: .init("Messages as text or json, a line each. (default: \(StageOptions.defaults.log.rawValue))", valueName: "form"))
    var givenLog: LogForm?

    @Option(
        name: .customLong("max-frame"),
        help: .init("Largest payload of a frame in MiB. (default: \(StageOptions.defaults.maxFrame))", valueName: "mib"))
    var givenMaxFrame: Int?

    public init() {}

    public mutating func validate() throws {
        if let threadLimit, threadLimit < 1 || threadLimit > 1024 { throw ValidationError("-j takes a number from 1 to 1024.") }
        guard (1...(1 << 20)).contains(maxFrame) else { throw ValidationError("--max-frame takes 1 to 1048576 MiB.") }
        if let isa, !["avx512", "avx2", "portable"].contains(isa) {
            throw ValidationError("--isa takes avx512, avx2 or portable, not '\(isa)'.")
        }
        if output == "" { throw ValidationError("-o takes the name of a file.") }
    }

    public var seed: UInt64 { givenSeed ?? StageOptions.defaults.seed }
    public var log: LogForm { givenLog ?? StageOptions.defaults.log }
    public var maxFrame: Int { givenMaxFrame ?? StageOptions.defaults.maxFrame }

    /// Threads to use.
    public var threads: Int {
        if let threadLimit { return threadLimit }
        return Self.availableCores
    }

    /// Cores that this process may run on: taskset, batch systems and containers often give fewer than there are.
    static let availableCores = Int(ecg_usable_processors())

    var limits: StreamLimits { StreamLimits(payload: maxFrame << 20) }
}

/// The operands of a tool that reads streams.
public struct InputOptions: ParsableArguments {
    @Argument(help: .init("Streams to read, one after the other; - is standard input.", valueName: "file"))
    public var files: [String] = []

    public init() {}

    public mutating func validate() throws {
        if files.filter({ $0 == "-" }).count > 1 { throw ValidationError("Standard input can be read only once.") }
        if files.contains("") { throw ValidationError("A file's name is empty.") }
    }

    public var inputs: [StreamInput] { files.isEmpty ? [.standardInput] : files.map { StreamInput(operand: $0) } }
}

/// The form of messages on standard error.
public enum LogForm: String, ExpressibleByArgument, CaseIterable, Sendable {
    case text, json

    // The parser's own asks for the names by key paths, whose types take time to make.
    public static var allValueStrings: [String] { allCases.map { $0.rawValue } }
}
