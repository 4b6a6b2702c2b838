// SPDX-License-Identifier: GPL-3.0-or-later

/// How a network is trained.
public struct TrainingSettings: Sendable, Hashable {
    /// What decides which epoch was the best, and whether training still gets anywhere.
    public enum Monitor: String, Sendable, CaseIterable {
        case loss
        case accuracy
        case macroF1 = "macro-f1"
    }

    public var loss = Loss.crossEntropy
    public var optimiser = Optimiser(.adam)
    public var rate = 1e-3
    public var schedule = LearningRate.plateau(factor: 0.1, patience: 2, minimum: 1e-6)
    public var epochs = 30
    public var batch = 128
    /// The largest norm of all gradients together; nil: any.
    public var clip: Double?
    /// Epochs without an improvement after which training ends; nil: never.
    public var patience: Int?
    public var monitor = Monitor.loss
    /// Whether the best epoch's network is kept, by `monitor` on the validation items, or the last one's.
    public var keepsBest = true
    public var balance = Balance.none
    /// Weights of classes in the loss, beside those of `balance`.
    public var classWeights: [Double]?
    public var augmentation = Augmentation()
    public var seed: UInt64 = 0

    public init() {}
}

/// What an epoch brought.
public struct EpochFigures: Sendable, Equatable {
    public var epoch: Int
    public var rate: Double
    public var trainingLoss: Double
    /// On the validation items; nil without any.
    public var validationLoss: Double?
    public var accuracy: Double?
    public var macroF1: Double?
    /// Of a regression, in the target's unit.
    public var meanAbsoluteError: Double?
}

/// The items of a training, and what they should give.
public struct TrainingData {
    /// [lead, time] each.
    public let items: ItemStore
    public let targets: [Loss.Target]
    /// Of each item for balance and figures; 0 where there are no classes.
    public let classes: [Int]
    public let training: [Int]
    public let validation: [Int]
    /// Leads that stand one after the other in an item's rows: what augmentation moves for itself.
    public let leads: Int
    /// Samples a second.
    public let fs: Double

    public init(items: ItemStore, targets: [Loss.Target], classes: [Int], training: [Int], validation: [Int], leads: Int, fs: Double) {
        self.items = items
        self.targets = targets
        self.classes = classes
        self.training = training
        self.validation = validation
        self.leads = leads
        self.fs = fs
    }

    /// The mean of each value that is to be learnt, over the training items; of a regression, in the targets' unit. Empty where there are classes.
    public var meanTargets: [Float] {
        var sums: [Double] = []
        for item in training {
            guard case .values(let values) = targets[item] else { return [] }
            if sums.isEmpty { sums = [Double](repeating: 0, count: values.count) }
            for (index, value) in values.enumerated() { sums[index] += Double(value) }
        }
        return sums.map { Float($0 / Double(training.count)) }
    }
}
