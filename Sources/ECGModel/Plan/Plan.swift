// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Synchronization

/// The graph specialised to the shapes of its inputs: the steps forward and, if asked for, in reverse, with every tensor's place in one arena.
///
/// A plan is immutable and shared by threads; the memory of a run is a `PlanMemory`.
package final class Plan: Sendable {
    package let request: PlanRequest
    let values: [PlanValue]
    let steps: [Step]
    /// The steps of each reverse run.
    let reverseSteps: [[ReverseStep]]
    /// Byte offsets of values (by root) and of gradients (by root) in the arena.
    let valueOffsets: [Int: Int]
    let gradientOffsets: [Int: Int]
    let scratch: (offset: Int, count: Int)
    private let isPrepared = Mutex(false)
    /// The arena of the references' forward run, which has neither gradients nor scratch of its own.
    let referenceOffsets: [Int: Int]
    package let referenceByteCount: Int
    /// Bytes of the arena.
    package let byteCount: Int
    /// The plan's value for inputs, kept values, seeds and wanted gradients.
    let external: [ValueIndex: Int]

    package init(_ graph: Graph, _ operators: [any Operator], _ request: PlanRequest, weights: PreparedWeights, workers: Workers?) throws {
        var builder = PlanBuilder(graph, operators, request)
        try builder.specialise()
        builder.fuse()
        var steps = builder.steps
        // Packing weights is the larger part of loading a model; the largest first, so that no thread is left with one at the end.
        let list = steps
        let made = Collected<(any Kernel)?>(repeating: nil, count: steps.count)
        let sizes = steps.map { ($0.kernel as? ConvolutionKernel)?.shape.weightCount ?? 0 }
        let order = steps.indices.sorted { (sizes[$1], $0) < (sizes[$0], $1) }
        let ofRounds = PreparedWeights(isOfRounds: true)
        (workers ?? Workers(count: 1)).run(steps.count) { place, _ in
            let index = order[place]
            made.set(index, (list[index].kernel as? any PreparedKernel)?.prepared(list[index].isRepeated ? ofRounds : weights))
        }
        for (index, kernel) in made.values.enumerated() { if let kernel { steps[index].kernel = kernel } }
        self.request = request
        self.steps = steps
        values = builder.values
        var external: [ValueIndex: Int] = [:]
        let outside = Array(request.inputShapes.keys) + request.kept + (request.reverse?.seeds ?? []) + (request.reverse?.wanted ?? [])
        for value in outside { external[value] = builder.plain(value) }
        self.external = external
        reverseSteps = try ReverseBuilder.build(request, steps: steps, values: builder.values, external: external, graph: graph)
        var layout = ArenaLayout()
        layout.place(self.request, steps: steps, reverse: reverseSteps, values: builder.values, external: external)
        valueOffsets = layout.values
        gradientOffsets = layout.gradients
        scratch = layout.scratch
        byteCount = layout.byteCount
        var references = ArenaLayout()
        if request.reverse?.hasReferences ?? false {
            references.place(request, steps: steps, reverse: reverseSteps, values: builder.values, external: external, isReference: true)
        }
        referenceOffsets = references.values
        referenceByteCount = references.byteCount
    }

    /// Brings weights into the form that the plan's runs want, several layers at a time: it is the larger part of loading a model, so only runs ask for it.
    func prepare(_ workers: Workers?) {
        isPrepared.withLock { done in
            guard !done else { return }
            let reversed = Set(reverseSteps.joined().map(\.step))
            (workers ?? Workers(count: 1)).run(steps.count) { index, _ in
                (steps[index].kernel as? ConvolutionKernel)?.prepareWeights(reverse: reversed.contains(index))
            }
            done = true
        }
    }

    /// Values that more than one convolution reads, once a run.
    var inputsOfSeveralConvolutions: Set<Int> {
        var (once, several): (Set<Int>, Set<Int>) = ([], [])
        for step in steps where !step.isRepeated && step.kernel is ConvolutionKernel {
            if let input = step.inputs[0], !once.insert(input).inserted { several.insert(input) }
        }
        return several
    }

    /// The fact about a value of the request.
    package func fact(_ value: ValueIndex) -> Fact? { external[value].map { values[$0].fact } }

    /// The kinds of operators on the way of the gradient that don't have the request's rule, by node.
    var unsupportedUses: [Node] {
        reverseSteps.joined().compactMap { steps[$0.step].kernel.supports($0.rule) ? nil : steps[$0.step].node }
    }
}

/// Results by index that threads set, each its own.
final class Collected<Value: Sendable>: Sendable {
    private let storage: Mutex<[Value]>
    init(repeating value: Value, count: Int) { storage = Mutex([Value](repeating: value, count: count)) }
    func set(_ index: Int, _ value: Value) { storage.withLock { $0[index] = value } }
    var values: [Value] { storage.withLock { $0 } }
}
