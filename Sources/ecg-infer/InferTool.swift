// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGKernels
import ECGModel
import ECGStream
import ECGTool

@main
struct InferTool: StageTool {
    static let configuration = CommandConfiguration.tool(
        "ecg-infer", abstract: "Run an ONNX model on the items of a stream.",
        discussion: """
            Adds the tensors `logits` and `probabilities` and the meta members `classes` and `predicted` to every record. The model is read and checked \
            before any record is.
            """)

    @Option(name: [.customShort("m"), .customLong("model")], help: .init("The ONNX file.", valueName: "file")) var model: String
    @Option(help: .init("Records that are gathered before they go through the model. Does not change any result.", valueName: "n"))
    var batch = 64
    @Option(help: .init("Names of the classes, in the order of the outputs; by default those in the model's metadata.", valueName: "names"))
    var classes: String?
    @Option(help: .init("The tensor that is fed to the model.", valueName: "name")) var inputTensor = "signal"
    @Option(name: .customLong("output"), help: .init("The model's output to read; the first by default.", valueName: "name"))
    var modelOutput: String?
    @Option(
        help: .init(
            "How items lie in the model's input: lead,time, time,lead or 1,lead,time; recognised from the model by default.",
            valueName: "axes"))
    var layout: ItemLayout?
    @Option(
        help: .init(
            "softmax, sigmoid or none. By default softmax, unless the graph ends in Softmax or Sigmoid; none for a single output.",
            valueName: "function"))
    var activation: OutputActivation?
    @Flag(help: "Write the score of each class into the meta too, where ecg-select can ask for it: scores.V >= 0.5.") var scores = false
    @Flag(help: "Print inputs, outputs, classes and layers of the model, and what is not supported.") var describe = false
    @Option(help: .init("With --describe: the shape of one item, as 12,5000, where the model leaves it free.", valueName: "shape"))
    var item: String?
    @OptionGroup var input: InputOptions
    @OptionGroup var stage: StageOptions

    var inputs: [StreamInput]? { describe ? nil : input.inputs }
    var output: StageOutput { describe ? .text : .stream }

    func validate() throws {
        guard batch > 0, batch <= 1 << 20 else { throw ValidationError("--batch takes a number from 1.") }
        if let classes { guard !names(classes).contains("") else { throw ValidationError("--classes has an empty name.") } }
        if item != nil {
            guard describe else { throw ValidationError("--item goes with --describe.") }
            guard itemShape != nil else { throw ValidationError("--item takes positive numbers with commas, as 12,5000.") }
        }
    }

    static func use(instructionSet name: String) -> Bool { InstructionSet.force(named: name) }

    static func status(of error: any Error) -> ExitStatus? {
        guard let error = error as? ModelError else { return nil }
        return error.kind == .cannotOpen ? .noInput : .data
    }

    private func names(_ text: String) -> [String] { text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }

    private var itemShape: [Int]? {
        guard let item else { return nil }
        let extents = item.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        return extents.allSatisfy { $0 > 0 && $0 < 1 << 31 } ? extents : nil
    }

    private static let models = ModelCache()

    func provenance() throws -> Provenance {
        var options: JSON.Object = [:]
        if let classes { options["classes"] = JSON(names(classes)) }
        if inputTensor != "signal" { options["input-tensor"] = .string(inputTensor) }
        if let modelOutput { options["output"] = .string(modelOutput) }
        if let layout { options["layout"] = .string(layout.rawValue) }
        if let activation { options["activation"] = .string(activation.rawValue) }
        if scores { options["scores"] = true }
        return Provenance(options: options, uses: ["model": .string(try Self.models.model(model).digest)])
    }

    func run(_ stage: Stage) throws {
        if describe {
            let description = ModelDescription(try Model(path: model, toDescribe: true), itemShape: itemShape, classes: classes.map(names))
            try stage.text.write(description.text)
            return
        }
        let loaded: Model
        do {
            loaded = try Self.models.model(model)
        } catch let error as ModelError {
            throw ToolError(error.kind == .cannotOpen ? .noInput : .data, error.message, place: error.kind == .cannotOpen ? nil : model)
        }
        let sessions = SessionTable(loaded, tool: self, workers: Workers(count: stage.threads), stage: stage)
        try sessions.checkBeforeRecords()
        var waiting: [Record] = []
        func flush() throws {
            guard let first = waiting.first, let shape = first[inputTensor]?.shape else { return }
            let records = waiting
            waiting = []
            try Inference(records: records, shape: shape, tensor: inputTensor, hasScores: scores).run(sessions, stage)
        }
        while let record = try stage.next() {
            do {
                try sessions.check(record, inputTensor)
            } catch {
                // The records before it keep their place in the output.
                try flush()
                try stage.failed(record.key, error)
                continue
            }
            if let first = waiting.first, first[inputTensor]?.shape != record[inputTensor]?.shape { try flush() }
            waiting.append(record)
            if waiting.count >= batch { try flush() }
        }
        try flush()
    }
}

extension ItemLayout: ExpressibleByArgument {}
extension OutputActivation: ExpressibleByArgument {}
