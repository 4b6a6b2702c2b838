// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import ECGRandom

/// Trains a network, epoch by epoch. What comes out is a function of graph, settings and data: not of threads, and not of whether a run was
/// interrupted and went on from a checkpoint.
public final class Trainer {
    public let graph: LayerGraph
    public let settings: TrainingSettings
    let data: TrainingData
    private let workers: Workers
    private let executor: Executor
    private let evaluator: Evaluator
    let parameters: Region<Float>
    let states: Region<Float>
    var memory: Optimiser.Memory
    var progress = TrainingProgress()
    private let decays: [Range<Int>]
    private let weights: [Double]?
    /// Of the items and the settings, so that a checkpoint is not mistaken for another run's.
    let fingerprint: String

    /// - Parameter fingerprint: what else a checkpoint has to agree with, such as a digest of the items.
    /// - Throws: `LearnError` where the data don't suit the network.
    public init(_ graph: LayerGraph, _ settings: TrainingSettings, _ data: TrainingData, fingerprint: String, workers: Workers) throws {
        guard !data.training.isEmpty else { throw LearnError(.misfit, "there are no items to train on") }
        guard data.items.width == graph.input.count else {
            throw LearnError(.misfit, "the items have \(data.items.width) values, the network takes \(graph.input.count)")
        }
        self.graph = graph
        self.settings = settings
        self.data = data
        self.workers = workers
        self.fingerprint = fingerprint
        let batch = min(settings.batch, max(data.training.count, 1))
        executor = try Executor(graph, training: true, batch: batch, seed: settings.seed, workers: workers)
        evaluator = try Evaluator(graph, batch: min(batch, 64), workers: workers)
        parameters = Region(graph.initialParameters(seed: settings.seed))
        states = Region(graph.initialStates.isEmpty ? [0] : graph.initialStates)
        memory = Optimiser.Memory(count: graph.parameterCount)
        decays = graph.parameters.filter(\.decays).map(\.range)
        var weights = settings.classWeights
        if settings.balance == .weights {
            let balanced = Balance.weights(classes: data.training.map { data.classes[$0] }, count: graph.outputCount)
            weights = weights.map { zip($0, balanced).map { $0 * $1 } } ?? balanced
        }
        self.weights = weights
        progress.reduced = settings.rate
    }

    /// Bytes of memory that runs take.
    public var byteCount: Int { executor.byteCount + evaluator.byteCount + graph.parameterCount * 16 }

    /// Steps of an epoch.
    public func steps(in epoch: Int) -> Int { batches(epoch).count }

    /// Trains to the end.
    ///
    /// - Parameters:
    ///   - step: told after every step; return value ignored. Steps done and in all of the epoch, and the mean loss so far.
    ///   - epoch: told after every epoch.
    ///   - checkpoint: called after every step with whether an epoch ended; takes the state with `checkpointBytes` if it wants to keep it.
    public func run(
        step: (_ epoch: Int, _ done: Int, _ of: Int, _ loss: Double) -> Void = { _, _, _, _ in }, epoch: (EpochFigures) -> Void = { _ in },
        checkpoint: (_ endsEpoch: Bool) throws -> Void = { _ in }
    ) throws {
        while !progress.isDone, progress.epoch < settings.epochs {
            let batches = batches(progress.epoch)
            while progress.step < batches.count {
                try train(batches[progress.step], share: share(of: batches.count))
                progress.step += 1
                progress.steps += 1
                step(progress.epoch, progress.step, batches.count, progress.lossSum / max(progress.lossWeight, .leastNormalMagnitude))
                if progress.step < batches.count { try checkpoint(false) }
            }
            let figures = try endEpoch()
            epoch(figures)
            try checkpoint(true)
        }
        progress.isDone = true
    }

    /// The network that is kept: parameters and running statistics.
    public var result: (parameters: [Float], states: [Float]) {
        if settings.keepsBest, let best = progress.best { return (best.parameters, best.states) }
        return (parameters.elements, states.elements)
    }

    public var history: [EpochFigures] { progress.history }

    /// The epoch whose network is kept.
    public var keptEpoch: Int? { settings.keepsBest ? progress.best?.epoch ?? history.last?.epoch : history.last?.epoch }

    /// The logits of items by the network that is kept, [item, output].
    public func evaluate(_ items: [Int], _ body: (_ item: Int, _ logits: [Float]) throws -> Void) throws {
        let (parameters, states) = result
        try evaluator.run(items, data, parameters: Region(parameters), states: Region(states.isEmpty ? [0] : states), body)
    }

    // MARK: Steps

    private func share(of count: Int) -> Double {
        (Double(progress.epoch) + Double(progress.step) / Double(count)) / Double(max(1, settings.epochs))
    }

    private var known: (epoch: Int, batches: [[Int]])?

    /// The items of each step of an epoch.
    private func batches(_ epoch: Int) -> [[Int]] {
        if let known, known.epoch == epoch { return known.batches }
        // Published rows were drawn before the validation items were taken from them.
        let all =
            settings.balance == .published
            ? data.training
            : settings.balance.items(
                data.training, classes: data.training.map { data.classes[$0] }, count: graph.outputCount, seed: settings.seed, epoch: epoch)
        let order = RandomSource(seed: settings.seed, purpose: "order of items").permutation(epoch, of: all.count)
        var batches = stride(from: 0, to: all.count, by: executor.batch).map { start in
            order[start..<min(start + executor.batch, all.count)].map { all[$0] }
        }
        // A single item has no variance that a batch normalisation could divide by.
        if batches.count > 1, let last = batches.last, last.count == 1 { batches.removeLast() }
        known = (epoch, batches)
        return batches
    }

    private func train(_ batch: [Int], share: Double) throws {
        let rate = settings.schedule.rate(base: settings.rate, reduced: progress.reduced, epoch: progress.epoch, share: share)
        let augmentation = settings.augmentation
        let (epoch, first, seed) = (progress.epoch, progress.step * executor.batch, settings.seed)
        let (leads, fs) = (data.leads, data.fs)
        try data.load(batch, into: executor.inputRegion(items: batch.count), graph.input, workers) { item, place in
            guard !augmentation.isNone else { return }
            augmentation.apply(&item, leads: leads, fs: fs, seed: seed, epoch: epoch, number: first + place)
        }
        executor.setParameters(parameters, states: states)
        _ = executor.forward(items: batch.count, step: progress.steps, parameters: parameters, states: states)
        let targets = batch.map { data.targets[$0] }
        var outcome: (losses: [Double], weight: Double) = ([], 0)
        let gradients = executor.reverse(items: batch.count, step: progress.steps, parameters: parameters, states: states) {
            logits, gradient in
            outcome = settings.loss.run(
                logits: logits, targets: targets, outputs: graph.outputCount, weights: weights, gradient: gradient)
        }
        let sum = outcome.losses.reduce(0, +)
        guard sum.isFinite else {
            throw LearnError(
                .diverged,
                "the loss is not a finite number any more in step \(progress.step + 1) of epoch \(progress.epoch + 1); a lower --rate or --clip may help"
            )
        }
        progress.lossSum += sum
        progress.lossWeight += outcome.weight
        if let clip = settings.clip { _ = Optimiser.clip(gradients, norm: clip) }
        settings.optimiser.step(parameters, gradients: gradients, memory: &memory, rate: rate, decays: decays, workers: workers)
    }

    private func endEpoch() throws -> EpochFigures {
        var figures = EpochFigures(
            epoch: progress.epoch + 1,
            rate: settings.schedule.rate(
                base: settings.rate, reduced: progress.reduced, epoch: progress.epoch, share: share(of: max(1, progress.step))),
            trainingLoss: progress.lossSum / max(progress.lossWeight, .leastNormalMagnitude))
        if !data.validation.isEmpty {
            var tally = ValidationTally(settings.loss, outputs: graph.outputCount)
            try evaluator.run(data.validation, data, parameters: parameters, states: states) { item, logits in
                tally.add(logits, data.targets[item])
            }
            tally.fill(&figures)
        }
        progress.end(epoch: figures, settings) { (parameters.elements, states.elements) }
        return figures
    }
}
