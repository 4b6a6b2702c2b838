// SPDX-License-Identifier: GPL-3.0-or-later
import ECGDigest
import ECGKernels
import ECGLearn
import ECGModel
import ECGScore
import ECGStream
import ECGTool
import Glibc

/// One training from start to end.
struct TrainingRun {
    let tool: TrainTool
    let stage: Stage
    let set: TrainingItems.Set
    let trainer: Trainer

    init(tool: TrainTool, stage: Stage, set: TrainingItems.Set, model: Model?) throws {
        self.tool = tool
        self.stage = stage
        self.set = set
        var graph = try tool.network.graph(leads: set.shape[0], samples: set.shape[1], outputs: set.names.count, model: model)
        // A file has its own start.
        if set.kind == .values, model == nil { graph.startOutput(at: set.data.meanTargets) }
        var settings = try tool.settings(kind: set.kind)
        let asked = try tool.training.weights()
        if !asked.isEmpty {
            for name in asked.keys where !set.names.contains(name) {
                throw ToolError(.usage, "--class-weights: there is no class '\(name)'")
            }
            settings.classWeights = set.names.map { asked[$0] ?? 1 }
        }
        if set.kind != .exclusive, settings.balance != .none {
            throw ToolError(.usage, "--balance is for items of one of several classes")
        }
        let provenance = try tool.provenance()
        // A run with another of these is another run.
        let told =
            "\(provenance.options) \(provenance.uses) \(stage.seed) \(set.digest) \(set.shape) \(set.names) \(InstructionSet.current.name)"
        trainer = try Trainer(
            graph, settings, set.data, fingerprint: SHA256.hex(Array(told.utf8)), workers: Workers(count: stage.threads))
    }

    /// Trains, and gives the file.
    func train() throws -> [UInt8] {
        let settings = trainer.settings
        stage.report(
            "\(set.data.training.count) items to train on, \(set.data.validation.count) to validate on, \(set.heldOut.count) held out; "
                + "\(trainer.graph.parameterCount) parameters, \(trainer.byteCount >> 20) MiB")
        try resume()
        let begun = Self.now
        var saved = begun
        var epochBegun = begun
        var stepsDone = 0
        try trainer.run(
            step: { epoch, done, count, loss in
                stepsDone += 1
                let perStep = (Self.now - begun) / Double(stepsDone)
                let left = perStep * Double(count - done + (settings.epochs - epoch - 1) * count)
                stage.showStatus(
                    "epoch \(epoch + 1)/\(settings.epochs), step \(done)/\(count), loss \(Self.rounded(loss)), about \(Self.duration(left)) left"
                )
            },
            epoch: { figures in
                stage.report(Self.line(figures, of: settings.epochs) + ", \(Self.duration(Self.now - epochBegun))")
                epochBegun = Self.now
            },
            checkpoint: { endsEpoch in
                guard let path = tool.training.resume, endsEpoch || Self.now - saved >= tool.training.checkpointEvery else { return }
                let file = try OutputFile(path: path)
                try file.bytes.write(trainer.checkpointBytes)
                try file.commit()
                saved = Self.now
            })
        return try file()
    }

    private func resume() throws {
        guard let path = tool.training.resume, access(path, F_OK) == 0 else { return }
        do {
            try trainer.resume(from: try TextFile.bytes(of: path, limit: 1 << 36))
        } catch let error as LearnError {
            throw ToolError(.data, "the checkpoint \(error.message)", place: path)
        }
        let (epochs, steps) = trainer.position
        stage.report("goes on after \(epochs) epochs and \(steps) steps")
    }

    // MARK: The file

    private func file() throws -> [UInt8] {
        let (parameters, states) = trainer.result
        var metadata: [(String, String)] = []
        if set.kind != .values { metadata.append(("classes", JSON(set.names).text)) }
        if set.kind == .values { metadata.append(("targets", JSON(set.names).text)) }
        metadata.append(("activation", set.kind == .exclusive ? "softmax" : set.kind == .labels ? "sigmoid" : "none"))
        if !stage.options.noProv, let prov = stage.head?["prov"] { metadata.append(("preprocessing", prov.text)) }
        let provenance = try tool.provenance()
        var training: JSON.Object = ["tool": "ecg-train", "version": .string(ecgpipeVersion), "options": .object(provenance.options)]
        training["seed"] = JSON(stage.seed)
        if !provenance.uses.isEmpty { training["uses"] = .object(provenance.uses) }
        training["shape"] = JSON(set.shape)
        training["items"] = [
            "training": JSON(set.data.training.count), "validation": JSON(set.data.validation.count), "held-out": JSON(set.heldOut.count),
        ]
        training["epochs"] = JSON(trainer.history.count)
        if let kept = trainer.keptEpoch { training["kept-epoch"] = JSON(kept) }
        metadata.append(("training", JSON.object(training).text))
        for (key, items) in [("validation", set.data.validation), ("held-out", set.heldOut)] where !items.isEmpty {
            let figures = try figures(items)
            metadata.append((key, figures.text))
            stage.report("\(key): " + Self.shown(figures))
        }
        return try trainer.graph.onnx(parameters: parameters, states: states, metadata: metadata, version: ecgpipeVersion)
    }

    /// What the network that is kept makes of some items.
    private func figures(_ items: [Int]) throws -> JSON {
        if set.kind == .values {
            var errors = set.names.map { _ in RegressionErrors() }
            try trainer.evaluate(items) { item, logits in
                guard case .values(let truth) = set.data.targets[item] else { return }
                for index in errors.indices { errors[index].add(truth: Double(truth[index]), predicted: Double(logits[index])) }
            }
            var object: JSON.Object = ["n": JSON(items.count)]
            for (name, error) in zip(set.names, errors) {
                object[name] = [
                    "mae": error.meanAbsolute.map { JSON($0) } ?? .null, "rmse": error.rootMeanSquare.map { JSON($0) } ?? .null,
                    "mape": error.meanAbsolutePercentage.map { JSON($0) } ?? .null,
                ]
            }
            return .object(object)
        }
        var scores = ClassScores(classes: set.names)
        try trainer.evaluate(items) { item, logits in
            let values = logits.map { Double($0) }
            var truth = set.names.map { _ in false }
            var decision = truth
            switch set.data.targets[item] {
            case .class(let label):
                truth[label] = true
                var best = 0
                for (index, value) in values.enumerated() where value > values[best] { best = index }
                decision[best] = true
                let top = values[best]
                // In single precision, as ecg-infer writes them: equal scores are then equal here too.
                let powers = values.map { exp($0 - top) }
                let sum = powers.reduce(0, +)
                scores.add(group: set.records[item], truth: truth, decision: decision, scores: powers.map { Double(Float($0 / sum)) })
            case .values(let row):
                truth = row.map { $0 > 0.5 }
                decision = values.map { $0 >= 0 }
                scores.add(group: set.records[item], truth: truth, decision: decision, scores: values)
            }
        }
        scores.arrange()
        let figures = scores.figures()
        var object: JSON.Object = ["n": JSON(items.count), "accuracy": figures.accuracy.map { JSON($0) } ?? .null]
        for figure in ClassFigure.allCases { object["macro-\(figure.rawValue)"] = figures.macro(figure).map { JSON($0) } ?? .null }
        for (index, name) in set.names.enumerated() {
            var one: JSON.Object = ["n": JSON(figures.support(index))]
            for figure in ClassFigure.allCases { one[figure.rawValue] = figures.value(figure, index).map { JSON($0) } ?? .null }
            object["class \(name)"] = .object(one)
        }
        return .object(object)
    }

    // MARK: Words

    private static func line(_ figures: EpochFigures, of epochs: Int) -> String {
        var parts = ["epoch \(figures.epoch)/\(epochs): loss \(rounded(figures.trainingLoss))"]
        if let value = figures.validationLoss { parts.append("validation loss \(rounded(value))") }
        if let value = figures.accuracy { parts.append("accuracy \(rounded(value))") }
        if let value = figures.macroF1 { parts.append("macro F1 \(rounded(value))") }
        if let value = figures.meanAbsoluteError { parts.append("mean absolute error \(rounded(value))") }
        parts.append("rate \(Float(figures.rate))")
        return parts.joined(separator: ", ")
    }

    private static func shown(_ figures: JSON) -> String {
        (figures.object?.members ?? []).compactMap { name, value in
            if let number = value.double { return "\(name) \(value.int.map(String.init) ?? rounded(number))" }
            if let error = value["mae"]?.double { return "\(name) mean absolute error \(rounded(error))" }
            return nil
        }.joined(separator: ", ")
    }

    private static func rounded(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e9 else { return "\(value)" }
        if value != 0, abs(value) < 1e-3 { return "\(Float(value))" }
        let scaled = Int((abs(value) * 10_000).rounded())
        let digits = String(scaled % 10_000)
        return (value < 0 ? "-" : "") + "\(scaled / 10_000)." + String(repeating: "0", count: 4 - digits.count) + digits
    }

    private static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e8 else { return "?" }
        if seconds < 10 { return "\((seconds * 10).rounded() / 10) s" }
        if seconds < 120 { return "\(Int(seconds.rounded())) s" }
        if seconds < 7200 { return "\(Int((seconds / 60).rounded())) min" }
        return "\(Int(seconds / 3600)) h \(Int(seconds / 60) % 60) min"
    }

    private static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
