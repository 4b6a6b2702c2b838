// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGExplain
import ECGFormats
import ECGKernels
import ECGModel
import ECGScore
import ECGStream
import ECGTool

@main
struct AttrTool: StageTool {
    static let configuration = CommandConfiguration.tool(
        "ecg-attr",
        abstract: "Add attribution maps: where a network looks in an ECG.",
        discussion: "Methods: \(Method.all.map(\.name).joined(separator: ", ")). See --list for what they cost.")

    @OptionGroup var input: InputOptions
    @OptionGroup var stage: StageOptions
    @OptionGroup(title: "Network and target") var network: NetworkOptions
    @OptionGroup(title: "Methods") var methods: MethodOptions

    func validate() throws {
        if methods.list { return }
        guard network.model != nil else { throw ValidationError("-m MODEL is missing.") }
        guard !(try methods.chosen()).isEmpty else { throw ValidationError("-a METHOD is missing; --list names them.") }
    }

    var inputs: [StreamInput]? { methods.list ? nil : input.inputs }
    var output: StageOutput { methods.list ? .text : .stream }

    private static let models = ModelCache()

    private static func model(_ path: String) throws -> Model { try placed(path) { try models.model(path) } }

    /// What is wrong with the model itself is said of its file.
    private static func placed<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as ModelError where error.kind != .cannotOpen {
            throw ToolError(.data, error.message, place: path)
        }
    }

    func provenance() throws -> Provenance {
        let chosen = try methods.chosen()
        var uses: JSON.Object = [:]
        if let path = network.model { uses["model"] = .string(try Self.model(path).digest) }
        if let path = methods.draws { uses["draws"] = Provenance.digest(try AttrFiles.drawsBytes(path)) }
        if let path = methods.baselineFile {
            guard try ByteFile(path: path).isRegular else { throw ToolError(.noInput, "not a regular file", place: path) }
            uses["baseline"] = Provenance.digest(try ByteFile.contents(of: path, limit: 1 << 31))
        }
        return Provenance(options: try methods.entry().merging(network.entry()), uses: uses, usesSeed: chosen.contains { $0.isRandom })
    }

    func run(_ stage: Stage) throws {
        if methods.list { return try stage.write(methods.table(), as: methods.form) }
        guard let path = network.model else { return }
        let run = AttrRun(
            stage, try Self.model(path), methods: try methods.chosen(), settings: try methods.settings(seed: stage.seed),
            network: network,
            workers: Workers(count: stage.threads))
        try Self.placed(path) { try run.check() }
        while let record = try stage.next() { try run.add(record) }
        try run.finish()
    }

    static func use(instructionSet name: String) -> Bool { InstructionSet.force(named: name) }

    static func status(of error: any Error) -> ExitStatus? {
        switch error {
        case let error as ModelError: error.kind == .cannotOpen ? .noInput : .data
        case let error as ExplainError: error.kind == .usage ? .usage : .data
        case let error as FormatError: error.kind == .cannotOpen ? .noInput : error.kind == .inputOutput ? .inputOutput : .data
        default: nil
        }
    }
}
