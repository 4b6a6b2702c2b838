// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGExplain
import ECGModel
import ECGStream
import ECGTool

/// Which network is explained, and what of it.
struct NetworkOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: .init("The network, an ONNX file.", valueName: "file")) var model: String?
    @Option(
        help: .init("What is explained: predicted, label, mean (of the layer's outputs), a class's name or its index.", valueName: "target")
    )
    var target = "predicted"
    @Option(help: .init("Explain the class's logit or its probability.", valueName: "score")) var score = AttributionSettings.Score.logit
    @Option(
        help: .init("Layer of Grad-CAM and of --target mean, or last-conv: the last convolution with more than one tap.", valueName: "name")
    )
    var layer: String?
    @Option(help: .init("Class names in the order of the outputs. (default: the model's own, or the record's)", valueName: "names"))
    var classes: String?
    @Option(help: .init("The tensor that the network reads.", valueName: "name")) var inputTensor = "signal"
    @Option(
        help: .init("How items lie in the network's input: lead,time or time,lead or 1,lead,time. (default: recognised)", valueName: "axes")
    )
    var layout: ItemLayout?

    /// The names given with --classes.
    var givenClasses: [String]? { classes.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) } }

    func validate() throws {
        if let givenClasses, givenClasses.contains("") || Set(givenClasses).count < givenClasses.count {
            throw ValidationError("--classes takes different names with commas between.")
        }
    }

    func entry() -> JSON.Object {
        var entry: JSON.Object = ["target": .string(target), "score": .string(score.rawValue)]
        if let layer { entry["layer"] = .string(layer) }
        if let classes { entry["classes"] = .string(classes) }
        if inputTensor != "signal" { entry["input-tensor"] = .string(inputTensor) }
        if let layout { entry["layout"] = .string(layout.rawValue) }
        return entry
    }

    /// What `--target` means for a network with these class names.
    func target(classes: [String]?) throws -> AttributionSettings.Target {
        switch target {
        case "predicted": return .predicted
        case "label": return .label
        case "mean": return .layerMean
        default:
            if let index = classes?.firstIndex(of: target) { return .index(index) }
            if let index = Int(target), index >= 0 { return .index(index) }
            let names = classes.map { "; the classes are \($0.joined(separator: ", "))" } ?? "; name the classes with --classes"
            throw ToolError(.usage, "--target \(target) is none of the network's classes\(names)")
        }
    }
}

extension AttributionSettings.Score: ExpressibleByArgument {}
extension ItemLayout: ExpressibleByArgument {}

extension JSON.Object {
    /// These members and then the others.
    func merging(_ other: JSON.Object) -> JSON.Object {
        var merged = self
        for (name, value) in other.members { merged[name] = value }
        return merged
    }
}
