// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// Runs a network over batches: forward alone, or forward and in reverse with the gradients of all parameters.
///
/// All memory is laid out once, for the largest batch. Activations lie as [item, time, channel]. Whatever the number of threads, the same batch gives
/// the same bits: an item's activations depend on no other, and sums over a batch are taken in an order that its size alone decides.
public final class Executor {
    public let graph: LayerGraph
    /// Items of the largest batch.
    public let batch: Int
    private let schedule: Schedule
    private let offsets: [Int]
    private let arena: Storage
    private let scratch: Region<Float>
    private let gradients: Region<Float>
    private let input: Int
    private let logits: Int
    private let seed: Int?
    /// Where the loss's steps begin.
    private let forwardSteps: Int
    private let prepare: [(RunContext) -> Void]
    private let workers: Workers

    /// - Parameters:
    ///   - training: with batch statistics, dropout and the reverse run; else with running statistics, forward alone.
    ///   - seed: of dropout.
    public init(_ graph: LayerGraph, training: Bool, batch: Int, seed: UInt64 = 0, workers: Workers) throws {
        self.graph = graph
        self.batch = batch
        self.workers = workers
        var builder = RunBuilder(graph, training: training, seed: seed, batch: batch, threads: workers.count)
        builder.addForward()
        forwardSteps = builder.schedule.steps.count
        if training { builder.addReverse() }
        schedule = builder.schedule
        input = builder.input
        logits = builder.logits
        self.seed = builder.seed
        prepare = builder.prepare
        let layout = schedule.layout(items: batch)
        guard layout.count <= 1 << 38 else { throw LearnError(.misfit, "a batch of \(batch) items would take \(layout.count >> 18) MiB") }
        offsets = layout.offsets
        arena = Storage(byteCount: layout.count * 4)
        scratch = Region(count: max(16, builder.scratchCount))
        gradients = Region(count: training ? max(1, graph.parameterCount) : 1)
    }

    /// Bytes of the arena and the scratch memory.
    public var byteCount: Int { arena.byteCount + scratch.count * 4 }

    private func context(items: Int, step: Int, parameters: Region<Float>, states: Region<Float>) -> RunContext {
        precondition(items > 0 && items <= batch)
        return RunContext(
            items: items, step: step, workers: workers, parameters: parameters, gradients: gradients, states: states, scratch: scratch,
            arena: arena, offsets: offsets, sizes: schedule.sizes)
    }

    /// The memory for item `index` of the next batch, [time, channel].
    public func inputRegion(items: Int) -> Region<Float> {
        Region(arena, start: offsets[input], count: items * graph.input.count)
    }

    /// Hands the parameters to the layers; called once before runs that use them.
    public func setParameters(_ parameters: Region<Float>, states: Region<Float>) {
        let context = context(items: 1, step: 0, parameters: parameters, states: states)
        for layer in prepare { layer(context) }
    }

    /// The logits of the batch in `inputRegion`, [item, output].
    public func forward(items: Int, step: Int = 0, parameters: Region<Float>, states: Region<Float>) -> Region<Float> {
        let context = context(items: items, step: step, parameters: parameters, states: states)
        for step in schedule.steps[..<forwardSteps] { step.run(context) }
        return context[logits]
    }

    /// The gradients of all parameters after `forward`.
    /// - Parameter loss: gets the logits and sets their gradient.
    public func reverse(
        items: Int, step: Int, parameters: Region<Float>, states: Region<Float>,
        _ loss: (_ logits: Region<Float>, _ gradient: Region<Float>) -> Void
    ) -> Region<Float> {
        let context = context(items: items, step: step, parameters: parameters, states: states)
        if let seed { loss(context[logits], context[seed]) }
        for step in schedule.steps[forwardSteps...] { step.run(context) }
        return gradients
    }
}
