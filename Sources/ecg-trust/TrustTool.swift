// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGExplain
import ECGKernels
import ECGModel
import ECGScore
import ECGStream
import ECGTool

@main
struct TrustTool: StageTool {
    static let configuration = CommandConfiguration.tool(
        "ecg-trust",
        abstract: "Which heat maps of a model can be trusted: every check, and a verdict a method.",
        discussion: """
            Explains the items of a stream by several methods and tries each: does it beat the random order, is it the same where nothing changed, does it \
            depend on the weights and on the class, does it add up, and what does it cost. The method random stands beside them as the control that must fail.
            """)

    @Argument(help: .init("The network, an ONNX file, and then the streams to read.", valueName: "model file"))
    var operands: [String]
    @Option(name: [.customShort("a"), .customLong("method")], help: .init("Methods, with commas between.", valueName: "methods"))
    var method = "saliency,input-x-gradient,guided-backprop,smoothgrad,integrated-gradients,deeplift,gradcam,guided-gradcam"
    @Option(name: .customLong("with"), help: .init("A model trained alike, for self-consistency; may be given again.", valueName: "model"))
    var others: [String] = []
    @Option(
        help: .init(
            "Checks, with commas between: \(TrustCheck.allCases.map(\.rawValue).joined(separator: ", ")). (default: all)",
            valueName: "names"))
    var check: String?
    @Flag(help: "Exit 1 if a method fails a check; the control does not count.") var require = false
    @Option(help: .init("Another limit, as weights=0.3; may be given again.", valueName: "check=x")) var limit: [String] = []
    @OptionGroup(title: "Attribution") var attribution: TrustAttribution
    @Option(help: .init("Steps of faithfulness' curves.", valueName: "n")) var steps = 10
    @Option(help: .init("Share of the points that a step replaces.", valueName: "x")) var share = 0.03
    @Option(help: .init("Copies of an item with noise.", valueName: "n")) var copies = 3
    @Option(help: .init("Standard deviation of that noise, as a share of the item's range.", valueName: "sigma")) var noise = 0.02
    @Option(help: .init("How weights are drawn anew: own, permute or fresh; see ecg-randomize.", valueName: "how"))
    var redraw = LayerRandomisation.Redraw.own
    @Option(help: .init("Resamplings of records for intervals.", valueName: "n")) var resamplings = 200
    @Option(help: .init("Share that an interval covers.", valueName: "x")) var level = 0.95
    @Flag(help: "Measure milliseconds an item too, on the first items.") var time = false
    @Option(name: .customLong("as"), help: .init("table, csv or json.", valueName: "form")) var form: Table.Form = .table
    @OptionGroup var stage: StageOptions

    var model: String { operands.first ?? "" }
    var inputs: [StreamInput]? {
        let files = operands.dropFirst()
        return files.isEmpty ? [.standardInput] : files.map { StreamInput(operand: $0) }
    }
    var output: StageOutput { .text }

    func validate() throws {
        guard !model.isEmpty else { throw ValidationError("MODEL is missing.") }
        if operands.dropFirst().filter({ $0 == "-" }).count > 1 { throw ValidationError("Standard input can be read only once.") }
        if operands.dropFirst().contains("") { throw ValidationError("A file's name is empty.") }
        guard !(try methods()).isEmpty else { throw ValidationError("-a names no method but the control.") }
        _ = try checks()
        _ = try limits()
        guard (1...1000).contains(steps) else { throw ValidationError("--steps takes a number from 1 to 1000.") }
        guard share > 0, share <= 1 else { throw ValidationError("--share takes a number above 0 and up to 1.") }
        guard (1...1000).contains(copies) else { throw ValidationError("--copies takes a number from 1 to 1000.") }
        guard noise.isFinite, noise > 0 else { throw ValidationError("--noise takes a number above 0.") }
        guard (0...100_000).contains(resamplings) else { throw ValidationError("--resamplings takes a number from 0 to 100000.") }
        guard level > 0, level < 1 else { throw ValidationError("--level takes a number between 0 and 1.") }
    }

    func methods() throws -> [Method] {
        var methods: [Method] = []
        for name in method.split(separator: ",", omittingEmptySubsequences: false) {
            guard let found = Method.named(String(name)) else { throw ValidationError("there is no method '\(name)'.") }
            if found.name != TrustAudit.control, !methods.contains(where: { $0.name == found.name }) { methods.append(found) }
        }
        return methods
    }

    func checks() throws -> Set<TrustCheck> {
        guard let check else { return Set(TrustCheck.allCases) }
        return Set(
            try check.split(separator: ",", omittingEmptySubsequences: false).map { name in
                guard let found = TrustCheck(rawValue: String(name)) else { throw ValidationError("there is no check '\(name)'.") }
                return found
            })
    }

    func limits() throws -> TrustLimits {
        var limits = TrustLimits()
        for text in limit {
            let parts = text.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let check = TrustCheck(rawValue: String(parts[0])), let value = Double(parts[1]), value.isFinite else {
                throw ValidationError("--limit takes a check and a number, as weights=0.3.")
            }
            limits[check] = value
        }
        return limits
    }

    func run(_ stage: Stage) throws {
        let run = try TrustRun(stage, self)
        while let record = try stage.next() { try run.add(record) }
        try run.finish()
    }

    static func use(instructionSet name: String) -> Bool { InstructionSet.force(named: name) }

    static func status(of error: any Error) -> ExitStatus? {
        switch error {
        case let error as ModelError: error.kind == .cannotOpen ? .noInput : .data
        case let error as ExplainError: error.kind == .usage ? .usage : .data
        default: nil
        }
    }
}

/// What is explained, and how.
struct TrustAttribution: ParsableArguments {
    @Option(help: .init("What is explained: predicted, label, a class's name or its index.", valueName: "target")) var target = "predicted"
    @OptionGroup var naming: ClassOptions
    @Option(help: .init("Layer of Grad-CAM. (default: the last convolution with more than one tap)", valueName: "name")) var layer: String?
    @Option(help: .init("Where paths start: zero or mean (each lead's own).", valueName: "baseline")) var baseline = Baseline.zero
    @Option(help: .init("Draws of sampling methods.", valueName: "n")) var samples = 10
    @Option(help: .init("Steps of integrated gradients.", valueName: "n")) var pathSteps = 50
    @Option(help: .init("The tensor that the network reads.", valueName: "name")) var inputTensor = "signal"
    @Option(
        help: .init("How items lie in the network's input: lead,time or time,lead or 1,lead,time. (default: recognised)", valueName: "axes")
    )
    var layout: ItemLayout?
    @Option(help: .init("Memory for points, activations and sums.", valueName: "MB")) var maxMemory = 512

    enum Baseline: String, ExpressibleByArgument, CaseIterable { case zero, mean }

    func validate() throws {
        guard (1...1_000_000).contains(samples) else { throw ValidationError("--samples takes a number from 1 to 1000000.") }
        guard (1...AttributionSettings.mostSteps).contains(pathSteps) else {
            throw ValidationError("--path-steps takes a number from 1 to \(AttributionSettings.mostSteps).")
        }
        guard (1...1 << 20).contains(maxMemory) else { throw ValidationError("--max-memory takes a number of MB.") }
    }

    var givenClasses: [String]? { naming.names }

    func settings(seed: UInt64) -> AttributionSettings {
        var settings = AttributionSettings()
        settings.baseline = baseline == .zero ? .zero : .mean
        (settings.samples, settings.steps, settings.layer, settings.maxMemory) = (samples, pathSteps, layer, maxMemory << 20)
        settings.draws = Draws(seed: seed)
        return settings
    }

    func target(classes: [String]?) throws -> AttributionSettings.Target {
        try AttributionSettings.Target(target, classes: classes)
    }
}

extension ItemLayout: ExpressibleByArgument {}
extension LayerRandomisation.Redraw: ExpressibleByArgument {}
