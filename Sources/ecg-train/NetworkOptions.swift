// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGLearn
import ECGModel
import ECGStream
import ECGTool

extension Network: ExpressibleByArgument {}

/// Which network.
struct NetworkOptions: ParsableArguments {
    @Option(help: .init("jones-cnn, jones-lstm, ribeiro, storas, arends, xplaim or residual.", valueName: "name")) var net: Network?
    @Option(
        name: [.customShort("m"), .customLong("model")],
        help: .init("Or a network in an ONNX file, from whose weights training starts.", valueName: "file"))
    var model: String?
    @Option(help: .init("Times as many channels or units as the paper has.", valueName: "factor")) var width = 1.0
    @Option(help: .init("Blocks; for jones-lstm LSTM layers. (default: as the paper)", valueName: "n")) var depth: Int?
    @Option(help: .init("Dropout rate. (default: as the paper)", valueName: "rate")) var dropout: Double?
    @Option(
        help: .init(
            "jones-lstm: start with units that remember for up to so many steps. (default: as the paper, a few)", valueName: "steps"))
    var remember: Int?

    init() {}

    var named: Network? { net }

    mutating func validate() throws {
        guard (net == nil) != (model == nil) else { throw ValidationError("Name a network with --net, or an ONNX file with --model.") }
        if model != nil, width != 1 || depth != nil || dropout != nil || remember != nil {
            throw ValidationError("--width, --depth, --dropout and --remember belong to --net; a file has its own.")
        }
        guard width > 0, width <= 64 else { throw ValidationError("--width takes a factor up to 64.") }
        if let depth, !(1...256).contains(depth) { throw ValidationError("--depth takes 1 to 256.") }
        if let dropout, !(dropout >= 0 && dropout < 1) { throw ValidationError("--dropout takes a rate from 0 to below 1.") }
        if let remember {
            guard net == .jonesLSTM else { throw ValidationError("--remember belongs to --net jones-lstm.") }
            guard (2...1 << 24).contains(remember) else { throw ValidationError("--remember takes 2 to \(1 << 24) steps.") }
        }
    }

    func describe(_ options: inout JSON.Object) {
        if let net { options["net"] = .string(net.rawValue) }
        if width != 1 { options["width"] = JSON(width) }
        if let depth { options["depth"] = JSON(depth) }
        if let dropout { options["dropout"] = JSON(dropout) }
        if let remember { options["remember"] = JSON(remember) }
    }

    func graph(leads: Int, samples: Int, outputs: Int, model: Model?) throws -> LayerGraph {
        if let model {
            let graph = try LayerGraph(model, leads: leads, samples: samples)
            guard graph.outputCount == outputs else {
                throw ToolError(
                    .data, "the network has \(graph.outputCount) outputs, and there are \(outputs) classes or targets", place: self.model)
            }
            return graph
        }
        return try (net ?? .residual).graph(
            .init(
                leads: leads, samples: samples, outputs: outputs, width: width, depth: depth, dropout: dropout.map { Float($0) },
                remember: remember))
    }
}
