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
    @OptionGroup var naming: ClassOptions
    @Option(help: .init("The tensor that the network reads.", valueName: "name")) var inputTensor = "signal"
    @Option(
        help: .init("How items lie in the network's input: lead,time or time,lead or 1,lead,time. (default: recognised)", valueName: "axes")
    )
    var layout: ItemLayout?

    /// The names given with --classes.
    var givenClasses: [String]? { naming.names }

    func entry() -> JSON.Object {
        var entry: JSON.Object = ["target": .string(target), "score": .string(score.rawValue)]
        if let layer { entry["layer"] = .string(layer) }
        if let classes = naming.classes { entry["classes"] = .string(classes) }
        if inputTensor != "signal" { entry["input-tensor"] = .string(inputTensor) }
        if let layout { entry["layout"] = .string(layout.rawValue) }
        return entry
    }

    /// What `--target` means for a network with these class names.
    func target(classes: [String]?) throws -> AttributionSettings.Target {
        target == "mean" ? .layerMean : try AttributionSettings.Target(target, classes: classes)
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
