// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGLearn
import ECGStream
import ECGTool

extension Balance: ExpressibleByArgument {}
extension Optimiser.Kind: ExpressibleByArgument {}
extension TrainingSettings.Monitor: ExpressibleByArgument {}

enum LossChoice: String, ExpressibleByArgument, CaseIterable {
    case crossEntropy = "cross-entropy"
    case focal, binary, mse
}

enum ScheduleChoice: String, ExpressibleByArgument, CaseIterable {
    case constant, plateau, step, cosine
    case oneCycle = "one-cycle"
}

enum KeepChoice: String, ExpressibleByArgument, CaseIterable { case best, last }

/// How the network is trained.
struct TrainingOptions: ParsableArguments {
    @Option(help: .init("cross-entropy, focal, binary (one class or several at a time) or mse.", valueName: "name")) var loss: LossChoice?
    @Option(help: .init("The focal loss's exponent.", valueName: "x")) var gamma = 2.0
    @Option(
        help: .init(
            "What is done about rare classes: none, resample (as paper 001, once), published (and validation as its code), epoch (anew in each epoch) or weights.",
            valueName: "balance"))
    var balance: Balance?
    @Option(help: .init("Weights of classes in the loss, as A=2,V=0.5; others have 1.", valueName: "class=x,…")) var classWeights: String?
    @Option(help: "adam, adamw, nadam or sgd.") var optimizer: Optimiser.Kind?
    @Option(help: .init("The learning rate.", valueName: "x")) var rate: Double?
    @Option(help: .init("The share of the past in the mean of gradients.", valueName: "x")) var momentum: Double?
    @Option(help: .init("Weight decay of matrices and taps.", valueName: "x")) var weightDecay: Double?
    @Option(help: "How the rate changes: constant, plateau, step, cosine or one-cycle.") var schedule: ScheduleChoice?
    @Option(help: .init("What plateau and step multiply the rate by. (default: 0.1)", valueName: "x")) var factor: Double?
    @Option(help: .init("Epochs without a lower loss before plateau acts, or between steps. (default: 2)", valueName: "n")) var every: Int?
    @Option(help: .init("The rate that plateau and cosine end at. (default: 1e-6)", valueName: "x")) var minRate: Double?
    @Option(help: .init("Epochs.", valueName: "n")) var epochs: Int?
    @Option(help: .init("Items of a step.", valueName: "n")) var batch: Int?
    @Option(help: .init("The largest norm of all gradients together.", valueName: "x")) var clip: Double?
    @Option(help: .init("Stop after so many epochs without an improvement.", valueName: "epochs")) var stop: Int?
    @Option(help: "What tells an improvement: loss, accuracy or macro-f1 of the validation items.") var monitor: TrainingSettings.Monitor?
    @Option(help: "The network that is written: that of the best epoch or of the last.") var keep = KeepChoice.best
    @Option(help: .init("Keep the state in this file, and go on from it where it is there.", valueName: "file")) var resume: String?
    @Option(help: .init("Seconds between writings of the --resume file within an epoch.", valueName: "seconds")) var checkpointEvery = 60.0

    init() {}

    mutating func validate() throws {
        for (name, value) in [("--rate", rate), ("--clip", clip)] {
            if let value, !(value > 0 && value.isFinite) { throw ValidationError("\(name) takes a positive number.") }
        }
        for (name, value) in [("--weight-decay", weightDecay), ("--min-rate", minRate), ("--gamma", gamma)] {
            if let value, !(value >= 0 && value.isFinite) { throw ValidationError("\(name) takes a number from 0.") }
        }
        if let momentum, !(momentum >= 0 && momentum < 1) { throw ValidationError("--momentum takes a number from 0 to below 1.") }
        if let factor, !(factor > 0 && factor <= 1) { throw ValidationError("--factor takes a number up to 1.") }
        for (name, value) in [("--epochs", epochs), ("--batch", batch), ("--every", every), ("--stop", stop)] {
            if let value, !(1...1_000_000).contains(value) { throw ValidationError("\(name) takes a number from 1 to 1000000.") }
        }
        if resume == "" { throw ValidationError("--resume takes a file.") }
        guard checkpointEvery >= 0 else { throw ValidationError("--checkpoint-every takes seconds.") }
        _ = try weights()
    }

    /// The weights that were asked for, by class.
    func weights() throws -> [String: Double] {
        var weights: [String: Double] = [:]
        for pair in classWeights?.split(separator: ",", omittingEmptySubsequences: false) ?? [] {
            guard let sign = pair.lastIndex(of: "="), let value = Double(pair[pair.index(after: sign)...]), value >= 0, value.isFinite,
                sign != pair.startIndex
            else { throw ValidationError("--class-weights takes pairs such as A=2, not '\(pair)'.") }
            weights[String(pair[..<sign])] = value
        }
        return weights
    }

    func apply(to settings: inout TrainingSettings, kind: TrainingItems.Kind?, seed: UInt64) throws {
        settings.seed = seed
        switch loss {
        case .crossEntropy: settings.loss = .crossEntropy
        case .focal: settings.loss = .focal(gamma: gamma)
        case .binary: settings.loss = .binary
        case .mse: settings.loss = .squaredError
        case nil:
            // The paper's loss where the items are of its kind.
            switch (kind, settings.loss) {
            case (nil, _), (.exclusive, .crossEntropy), (.exclusive, .focal), (.labels, .binary), (.values, .squaredError): break
            case (.exclusive, _): settings.loss = .crossEntropy
            case (.labels, _): settings.loss = .binary
            case (.values, _): settings.loss = .squaredError
            }
        }
        if let optimizer { settings.optimiser = Optimiser(optimizer, weightDecay: optimizer == .adamw ? 0.01 : 0) }
        if let momentum { settings.optimiser.momentum = momentum }
        if let weightDecay { settings.optimiser.weightDecay = weightDecay }
        if let rate { settings.rate = rate }
        let known = settings.schedule
        switch schedule {
        case .constant: settings.schedule = .constant
        case .plateau: settings.schedule = .plateau(factor: factor ?? 0.1, patience: every ?? 2, minimum: minRate ?? 1e-6)
        case .step: settings.schedule = .step(every: every ?? 2, factor: factor ?? 0.1)
        case .cosine: settings.schedule = .cosine(minimum: minRate ?? 1e-6)
        case .oneCycle: settings.schedule = .oneCycle
        case nil:
            if case .plateau(let f, let p, let m) = known {
                settings.schedule = .plateau(factor: factor ?? f, patience: every ?? p, minimum: minRate ?? m)
            }
        }
        if let epochs { settings.epochs = epochs }
        if let batch { settings.batch = batch }
        if let clip { settings.clip = clip }
        if let stop { settings.patience = stop }
        if let monitor { settings.monitor = monitor }
        settings.keepsBest = keep == .best
        if let balance { settings.balance = balance }
    }

    func describe(_ settings: TrainingSettings, _ options: inout JSON.Object) {
        if let loss { options["loss"] = .string(loss.rawValue) }
        if loss == .focal { options["gamma"] = JSON(gamma) }
        options["balance"] = .string(settings.balance.rawValue)
        if let classWeights { options["class-weights"] = .string(classWeights) }
        options["optimizer"] = .string(settings.optimiser.kind.rawValue)
        options["rate"] = JSON(settings.rate)
        options["momentum"] = JSON(settings.optimiser.momentum)
        options["weight-decay"] = JSON(settings.optimiser.weightDecay)
        switch settings.schedule {
        case .constant: options["schedule"] = "constant"
        case .plateau(let factor, let patience, let minimum):
            options["schedule"] = "plateau"
            options["factor"] = JSON(factor)
            options["every"] = JSON(patience)
            options["min-rate"] = JSON(minimum)
        case .step(let every, let factor):
            options["schedule"] = "step"
            options["factor"] = JSON(factor)
            options["every"] = JSON(every)
        case .cosine(let minimum):
            options["schedule"] = "cosine"
            options["min-rate"] = JSON(minimum)
        case .oneCycle: options["schedule"] = "one-cycle"
        }
        options["epochs"] = JSON(settings.epochs)
        options["batch"] = JSON(settings.batch)
        if let clip = settings.clip { options["clip"] = JSON(clip) }
        if let patience = settings.patience { options["stop"] = JSON(patience) }
        options["monitor"] = .string(settings.monitor.rawValue)
        options["keep"] = .string(keep.rawValue)
    }
}

/// Changes to the items of a step.
struct AugmentationOptions: ParsableArguments {
    @Option(help: .init("White noise of up to this share of an item's range.", valueName: "share")) var noise = 0.0
    @Option(help: .init("Baseline wander of up to this share of an item's range.", valueName: "share")) var wander = 0.0
    @Option(help: .init("Scaling by up to ± this share.", valueName: "share")) var scaling = 0.0
    @Option(help: .init("Shifts in time of up to so many samples.", valueName: "samples")) var shift = 0

    init() {}

    mutating func validate() throws {
        for (name, value) in [("--noise", noise), ("--wander", wander), ("--scaling", scaling)] where !(value >= 0 && value <= 10) {
            throw ValidationError("\(name) takes a share from 0 to 10.")
        }
        guard (0...1_000_000).contains(shift) else { throw ValidationError("--shift takes a number of samples.") }
    }

    func apply(to settings: inout TrainingSettings) {
        settings.augmentation.noise = noise
        settings.augmentation.wander = wander
        settings.augmentation.scaling = scaling
        settings.augmentation.shift = shift
    }

    func describe(_ options: inout JSON.Object) {
        for (name, value) in [("noise", noise), ("wander", wander), ("scaling", scaling)] where value > 0 { options[name] = JSON(value) }
        if shift > 0 { options["shift"] = JSON(shift) }
    }
}
