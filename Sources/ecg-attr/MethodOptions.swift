// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGExplain
import ECGFormats
import ECGStream
import ECGTool

/// The methods and all that their maps depend on.
struct MethodOptions: ParsableArguments {
    @Option(
        name: [.customShort("a"), .customLong("method")],
        help: .init("Methods, with commas between; may be given again.", valueName: "methods"))
    var methods: [String] = []
    @Option(
        help: .init(
            "Where paths and perturbations start: zero, mean (each lead's own) or a file of items (.npy or a stream).",
            valueName: "baseline"))
    var baseline = "zero"
    @Option(help: .init("Draws of sampling methods.", valueName: "n")) var samples = 25
    @Option(help: .init("Standard deviation of the noise, as a share of the item's range.", valueName: "sigma")) var noise: Float = 0.02
    @Option(help: .init("Steps of integrated gradients, or auto: raised until the residual is small enough.", valueName: "n")) var steps =
        "50"
    @Option(help: .init("Rule of the integral: \(Quadrature.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "rule"))
    var quadrature = Quadrature.gaussLegendre
    @Flag(help: "Leave out the factor of the input: multipliers instead of contributions.") var multiplier = false
    @Option(help: .init("A larger residual of completeness is an error.", valueName: "x")) var maxResidual: Double?
    @Option(help: .init("Memory of the process.", valueName: "MB")) var maxMemory = 512
    @Flag(help: "Captum's conventions where they differ by choice; see the man page.") var captum = false
    @Option(help: .init("How Grad-CAM's row is spread over the samples: linear, nearest or spline.", valueName: "name")) var upsample =
        Upsampling.linear
    @Option(
        help: .init(
            "What shapley-sampling and feature-ablation switch: \(FeatureSet.Division.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "parts"))
    var features = FeatureSet.Division.leadSegments
    @Option(help: .init("What occlusion slides over: the same names.", valueName: "parts")) var occlude = FeatureSet.Division.windows
    @Option(help: .init("Length of a window, in seconds or s10 for 10 samples. (default: a segment)", valueName: "time")) var window:
        String?
    @Option(help: .init("From window to window. (default: half a window for occlusion, else a window)", valueName: "time")) var stride:
        String?
    @Option(help: .init("Duration of a segment.", valueName: "seconds")) var segment = 0.1
    @Option(help: .init("Draws from an .npz file: noise, alpha, baseline, permutation.", valueName: "file")) var draws: String?
    @Flag(help: "List the methods with their passes and memory under the options given.") var list = false
    @Option(name: .customLong("as"), help: .init("The list as table, csv or json.", valueName: "form")) var form: Table.Form = .table

    func validate() throws {
        _ = try chosen()
        _ = try settings(seed: 0, files: false)
        guard (1...1_000_000).contains(samples) else { throw ValidationError("--samples takes a number from 1 to 1000000.") }
        guard noise.isFinite, noise >= 0 else { throw ValidationError("--noise takes a number of at least 0.") }
        guard segment.isFinite, segment > 0 else { throw ValidationError("--segment takes a duration in seconds.") }
        guard (1...1 << 20).contains(maxMemory) else { throw ValidationError("--max-memory takes a number of MB.") }
        if let maxResidual, !(maxResidual >= 0) { throw ValidationError("--max-residual takes a number of at least 0.") }
    }

    /// The methods asked for, each once.
    func chosen() throws -> [Method] {
        var chosen: [Method] = []
        for name in methods.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }) {
            guard let method = Method.named(String(name)) else { throw ValidationError("there is no method '\(name)'; --list names them.") }
            if !chosen.contains(where: { $0.name == method.name }) { chosen.append(method) }
        }
        return chosen
    }

    /// The baseline's file, if it is one.
    var baselineFile: String? { baseline == "zero" || baseline == "mean" ? nil : baseline }

    func settings(seed: UInt64, files: Bool = true) throws -> AttributionSettings {
        var settings = AttributionSettings()
        settings.samples = samples
        settings.noise = noise
        if steps == "auto" {
            settings.stepsAuto = true
        } else {
            guard let number = Int(steps), (1...AttributionSettings.mostSteps).contains(number) else {
                throw ValidationError("--steps takes auto or a number from 1 to \(AttributionSettings.mostSteps).")
            }
            settings.steps = number
        }
        settings.quadrature = quadrature
        settings.multiplier = multiplier
        settings.maxResidual = maxResidual
        settings.maxMemory = maxMemory << 20
        settings.residentMemory = AttributionSettings.wholeProcess
        settings.captum = captum
        settings.upsampling = upsample
        settings.features = features
        settings.occlusion = occlude
        settings.window = try window.map { try span($0, "--window") }
        settings.stride = try stride.map { try span($0, "--stride") }
        settings.segment = segment
        guard files else { return settings }
        settings.draws = Draws(seed: seed, given: try draws.map { try AttrFiles.draws($0) } ?? Draws.Given())
        switch baseline {
        case "zero": settings.baseline = .zero
        case "mean": settings.baseline = .mean
        default: settings.baseline = .items(try AttrFiles.baselines(baseline))
        }
        return settings
    }

    private func span(_ text: String, _ option: String) throws -> AttributionSettings.Span {
        if text.hasPrefix("s"), let samples = Int(text.dropFirst()), samples > 0 { return .samples(samples) }
        guard let seconds = Double(text), seconds.isFinite, seconds > 0 else {
            throw ValidationError("\(option) takes seconds, or s10 for 10 samples.")
        }
        return .seconds(seconds)
    }

    /// The options in the provenance.
    func entry() throws -> JSON.Object {
        var entry: JSON.Object = [
            "method": JSON(try chosen().map(\.name)), "baseline": .string(baselineFile == nil ? baseline : "file"),
            "samples": JSON(samples),
            "noise": JSON(noise), "steps": .string(steps), "quadrature": .string(quadrature.rawValue), "multiplier": JSON(multiplier),
            "captum": JSON(captum), "upsample": .string(upsample.rawValue), "features": .string(features.rawValue),
            "occlude": .string(occlude.rawValue), "segment": JSON(segment),
        ]
        if let window { entry["window"] = .string(window) }
        if let stride { entry["stride"] = .string(stride) }
        if let maxResidual { entry["max-residual"] = JSON(maxResidual) }
        return entry
    }

    /// The table of --list.
    func table() throws -> Table {
        let settings = try settings(seed: 0, files: false)
        var table = Table(columns: ["method", "forward", "reverse", "bytes_per_value", "adds_up_to", "what"])
        for method in Method.all {
            let cost = method.cost(settings)
            table.add([
                .text(method.name), .text(cost.forward), .text(cost.reverse), .integer(cost.bytesPerValue),
                method.promise.map { .text($0) } ?? .missing, .text(method.summary),
            ])
        }
        return table
    }
}

extension Quadrature: ExpressibleByArgument {}
extension Upsampling: ExpressibleByArgument {}
extension FeatureSet.Division: ExpressibleByArgument {}
