// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGKernels
import ECGLearn
import ECGModel
import ECGStream
import ECGTool

@main
struct TrainTool: StageTool {
    static let configuration = CommandConfiguration.tool(
        "ecg-train", abstract: "Train a network on labelled items and write it as ONNX.",
        discussion: """
            Reads items of one shape, splits them, trains, and writes the network with its classes, the items' preprocessing, how it was trained and what the \
            validation items say of it. What is not asked for is as in the network's paper.
            """)

    @OptionGroup var input: InputOptions
    @OptionGroup(title: "Network") var network: NetworkOptions
    @OptionGroup(title: "Items") var items: ItemOptions
    @OptionGroup(title: "Training") var training: TrainingOptions
    @OptionGroup(title: "Augmentation") var augmentation: AugmentationOptions
    @OptionGroup var stage: StageOptions

    var output: StageOutput { .binary }

    static func use(instructionSet name: String) -> Bool { InstructionSet.force(named: name) }

    static func status(of error: any Error) -> ExitStatus? {
        switch error {
        case let error as ModelError: error.kind == .cannotOpen ? .noInput : .data
        case let error as LearnError: error.kind == .file ? .inputOutput : .data
        default: nil
        }
    }

    func validate() throws {
        if stage.output == nil, training.resume == "-" { throw ValidationError("--resume takes a file.") }
        if items.target != nil, items.classes != nil { throw ValidationError("--target and --classes don't go together.") }
        if items.target != nil, training.balance ?? .none != .none || training.classWeights != nil {
            throw ValidationError("--balance and --class-weights are about classes, --target is not.")
        }
        if items.target != nil, let loss = training.loss, loss != .mse { throw ValidationError("--target goes with --loss mse.") }
        if training.balance == .published, items.validation != nil || items.validationRecords != nil {
            throw ValidationError("--balance published takes the validation items from its own rows.")
        }
        if items.target == nil, training.loss == .mse { throw ValidationError("--loss mse needs --target, the member with the value.") }
    }

    /// Everything that can change the network, in a fixed order.
    func provenance() throws -> Provenance {
        var options: JSON.Object = [:]
        network.describe(&options)
        items.describe(&options)
        let settings = try settings(kind: nil)
        training.describe(settings, &options)
        augmentation.describe(&options)
        var uses: JSON.Object = [:]
        if let model = network.model { uses["model"] = Provenance.digest(try TextFile.bytes(of: model)) }
        return Provenance(options: options, uses: uses, usesSeed: true)
    }

    /// - Parameter kind: what the items turned out to be.
    func settings(kind: TrainingItems.Kind?) throws -> TrainingSettings {
        var settings = network.named?.recipe ?? TrainingSettings()
        try training.apply(to: &settings, kind: kind, seed: stage.seed)
        augmentation.apply(to: &settings)
        return settings
    }

    func run(_ stage: Stage) throws {
        // What is wrong with the model file is said before a record is read.
        let model = try network.model.map { path in
            do { return try Model(path: path) } catch let error as ModelError {
                throw ToolError(error.kind == .cannotOpen ? .noInput : .data, error.message, place: error.kind == .cannotOpen ? nil : path)
            }
        }
        var reader = try TrainingItems(self)
        try reader.read(stage)
        let set = try reader.split(stage)
        let run = try TrainingRun(tool: self, stage: stage, set: set, model: model)
        try stage.text.write(try run.train())
    }
}
