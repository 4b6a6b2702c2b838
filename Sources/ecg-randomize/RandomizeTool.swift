// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGExplain
import ECGModel
import ECGStream
import ECGTool
import Glibc

@main
struct RandomizeTool: StageTool {
    static let configuration = CommandConfiguration.tool(
        "ecg-randomize",
        abstract: "Draw the weights of a model anew, layer by layer.",
        discussion: """
            Writes DIR/NN-LAYER.onnx with the first NN layers, from the output, drawn anew. A map that hardly changes from one model to the next \
            does not depend on what the network learned.
            """)

    @Argument(help: .init("The network, an ONNX file.", valueName: "model")) var model: String
    @Option(help: .init("Begin at the output or at the input.", valueName: "end")) var from = End.output
    @Flag(help: "Draw each layer alone, not all up to it.") var each = false
    @Option(
        help: .init(
            "own: normal, of each tensor's mean and deviation; permute: its own numbers shuffled; fresh: as a training begins.",
            valueName: "how"))
    var redraw = LayerRandomisation.Redraw.own
    @Option(help: .init("Steps are all layers with a matrix of weights, or conv, the convolutions.", valueName: "which"))
    var layers = LayerRandomisation.Counting.all
    @Flag(help: "Leave normalisations as they are.") var keepNorm = false
    @Option(help: .init("Stop after N layers.", valueName: "n")) var depth: Int?
    @Option(name: .customLong("as"), help: .init("The list of files as table, csv or json.", valueName: "form")) var form: Table.Form =
        .table
    @OptionGroup var stage: StageOptions

    enum End: String, ExpressibleByArgument, CaseIterable { case output, input }

    var inputs: [StreamInput]? { nil }
    /// The folder that -o names is the tool's own making.
    var output: StageOutput { .none }

    func validate() throws {
        guard stage.output != nil else { throw ValidationError("-o DIR is missing.") }
        guard depth.map({ $0 > 0 }) ?? true else { throw ValidationError("--depth takes a number from 1.") }
    }

    func run(_ stage: Stage) throws {
        guard let folder = stage.options.output else { return }
        var settings = LayerRandomisation.Settings()
        (settings.redraw, settings.counting, settings.seed) = (redraw, layers, stage.seed)
        (settings.fromOutput, settings.keepsNormalisation) = (from == .output, keepNorm)
        let randomisation: LayerRandomisation
        do {
            randomisation = try LayerRandomisation(ModelFile(path: model), settings)
        } catch let error as ModelError where error.kind != .cannotOpen {
            throw ToolError(.data, error.message, place: model)
        }
        if mkdir(folder, 0o777) != 0, errno != EEXIST {
            throw ToolError(.noInput, "cannot make the folder: \(String(cString: strerror(errno)))", place: folder)
        }
        let count = min(depth ?? .max, randomisation.steps.count)
        let digits = max(2, String(count).count)
        var table = Table(columns: ["step", "layer", "with", "numbers", "file"])
        for number in 0..<count {
            let step = randomisation.steps[number]
            let changed = try randomisation.model(each ? number...number : 0...number)
            let place = String(repeating: "0", count: digits - String(number + 1).count) + String(number + 1)
            let name = "\(place)-\(Self.fileName(step.name)).onnx"
            let file = try OutputFile(path: folder + "/" + name)
            try file.bytes.write(try changed.bytes())
            try file.commit()
            table.add([
                .integer(number + 1), .text(step.name), .text(step.companions.joined(separator: " ")), .integer(step.count), .text(name),
            ])
        }
        let list = try OutputFile(path: nil)
        try list.bytes.write(table.text(as: form))
        try list.commit()
    }

    /// A layer's name without what means something in paths.
    private static func fileName(_ layer: String) -> String {
        var name = ""
        for character in layer.unicodeScalars {
            let isPlain =
                character.isASCII
                && (character.properties.isAlphabetic || ("0"..."9").contains(character) || character == "-" || character == ".")
            if isPlain { name.unicodeScalars.append(character) } else if !name.isEmpty, name.last != "_" { name += "_" }
        }
        while name.last == "_" { name.removeLast() }
        return name.isEmpty ? "layer" : String(name.prefix(80))
    }

    static func status(of error: any Error) -> ExitStatus? {
        switch error {
        case let error as ModelError: error.kind == .cannotOpen ? .noInput : .data
        case let error as ExplainError: error.kind == .usage ? .usage : .data
        default: nil
        }
    }
}

extension LayerRandomisation.Redraw: ExpressibleByArgument {}
extension LayerRandomisation.Counting: ExpressibleByArgument {}
