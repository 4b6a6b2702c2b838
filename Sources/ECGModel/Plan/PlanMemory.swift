// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Synchronization

/// The memory of one run of a plan at a time: the arena, a second one for the reference items where a rule needs them, and the calls bound to them.
package final class PlanMemory: Sendable {
    package let plan: Plan
    let workers: Workers?
    private let forwardRuns: [ForwardRun]
    private let referenceRuns: [ForwardRun]
    /// By pass and step.
    let reverseRuns: [[ReverseRun]]
    let zeroed: [[[Tensor]]]
    private let known: [KnownRows]
    private let values: [Tensor?]
    private let references: [Tensor?]
    private let gradients: [Int: Tensor]
    /// The values that the reference arena was last run with.
    private let reference = Mutex<[Float]?>(nil)

    private let arena: Storage
    private let second: Storage?

    /// - Parameter workers: threads that the kernels share their work over; nil if there is one.
    package convenience init(_ plan: Plan, workers: Workers?) { self.init(plan, workers: workers, nil, nil) }

    /// The memory of a plan in that of another, which must not run meanwhile; what the other knew of its references is gone.
    convenience init(_ plan: Plan, within other: PlanMemory) {
        other.reference.withLock { $0 = nil }
        self.init(plan, workers: other.workers, other.arena, other.second)
    }

    private init(_ plan: Plan, workers: Workers?, _ given: Storage?, _ givenSecond: Storage?) {
        func room(_ given: Storage?, _ bytes: Int) -> Storage {
            if let given, given.byteCount >= bytes { given } else { Storage(byteCount: bytes) }
        }
        self.plan = plan
        self.workers = workers
        let arena = room(given, plan.byteCount)
        let pairs = plan.request.reverse?.hasReferences ?? false
        let second = pairs ? room(givenSecond, plan.referenceByteCount) : nil
        (self.arena, self.second) = (arena, second)
        func tensors(_ storage: Storage, _ offsets: [Int: Int]) -> [Tensor?] {
            plan.values.map { value in
                if let constant = value.fact.constant { return constant }
                guard let offset = offsets[value.root] else { return nil }
                return Self.tensor(value, storage, offset)
            }
        }
        values = tensors(arena, plan.valueOffsets)
        references = second.map { tensors($0, plan.referenceOffsets) } ?? []
        var gradients: [Int: Tensor] = [:]
        for (index, value) in plan.values.enumerated() {
            if let offset = plan.gradientOffsets[value.root] { gradients[index] = Self.tensor(value, arena, offset) }
        }
        self.gradients = gradients
        let scratch = Region<UInt8>(arena, start: plan.scratch.offset, count: plan.scratch.count)
        var known: [KnownRows] = []
        func runs(_ tensors: [Tensor?]) -> [ForwardRun] {
            let shared = Dictionary(uniqueKeysWithValues: plan.inputsOfSeveralConvolutions.map { ($0, KnownRows()) })
            known += shared.values
            return plan.steps.map { step in
                ForwardRun(
                    inputs: step.inputs.map { $0.flatMap { tensors[$0] } }, outputs: step.outputs.map { $0.flatMap { tensors[$0] } },
                    kept: step.kept.compactMap { tensors[$0] }, scratch: scratch, workers: workers,
                    known: step.inputs.first.flatMap { $0 }.flatMap { shared[$0] })
            }
        }
        let forward = runs(values)
        let reference = second == nil ? [] : runs(references)
        forwardRuns = forward
        referenceRuns = reference
        self.known = known
        func reverseRun(_ made: ReverseStep) -> ReverseRun {
            let step = plan.steps[made.step]
            let (run, other) = (forward[made.step], second == nil ? nil : reference[made.step])
            return ReverseRun(
                rule: made.rule, inputs: run.inputs, outputs: run.outputs, kept: run.kept, referenceInputs: other?.inputs ?? [],
                referenceOutputs: other?.outputs ?? [], referenceKept: other?.kept ?? [],
                outputGradients: step.outputs.enumerated().map { made.outputGradients[$0] ? $1.flatMap { gradients[$0] } : nil },
                inputGradients: step.inputs.enumerated().map { made.inputGradients[$0] ? $1.flatMap { gradients[$0] } : nil },
                accumulates: made.accumulates, scratch: scratch, workers: workers)
        }
        reverseRuns = plan.reverseSteps.map { $0.map(reverseRun) }
        zeroed = plan.reverseSteps.map { $0.map { made in made.zeroed.compactMap { gradients[$0] } } }
    }

    private static func tensor(_ value: PlanValue, _ storage: Storage, _ offset: Int) -> Tensor {
        let isDense = value.span == value.fact.shape.elementCount
        return Tensor(
            type: value.fact.type, shape: isDense ? value.fact.shape : [value.span], storage: storage,
            byteOffset: offset + value.offset * value.fact.type.byteCount)
    }

    /// A value of the request: an input to be filled, or a kept value after the run. In the layout that the plan's fact says.
    package func tensor(_ value: ValueIndex) -> Tensor? { plan.external[value].flatMap { values[$0] } }
    /// The same of the reference items.
    package func reference(_ value: ValueIndex) -> Tensor? { references.isEmpty ? nil : plan.external[value].flatMap { references[$0] } }
    /// The gradient of a seed, to be set, or of a wanted value.
    package func gradient(_ value: ValueIndex) -> Tensor? { plan.external[value].flatMap { gradients[$0] } }

    package func forward() { forward { _, run in run() } }

    /// A forward run whose steps, by index, `body` runs.
    func forward(_ body: (Int, () -> Void) -> Void) { run(forwardRuns, body) }

    package func forwardReference() { run(referenceRuns) { _, run in run() } }

    private func run(_ runs: [ForwardRun], _ body: (Int, () -> Void) -> Void) {
        for rows in known { rows.forget() }
        for (index, step) in plan.steps.enumerated() { body(index) { step.kernel.forward(runs[index]) } }
    }

    /// Whether the reference arena holds the run of these values already: nothing but `forwardReference` writes to it.
    func hasReference(_ values: [Float]) -> Bool {
        reference.withLock { known in
            if known == values { return true }
            known = values
            return false
        }
    }

    /// Runs the steps of a pass in reverse. All seeds' gradients must have been set before; they are used up.
    package func reverse(pass: Int = 0) {
        for (index, made) in plan.reverseSteps[pass].enumerated() {
            for gradient in zeroed[pass][index] { gradient.zero() }
            plan.steps[made.step].kernel.reverse(reverseRuns[pass][index])
        }
    }
}

/// Memories of runs that wait for the next one: a small network's arithmetic takes less time than fresh pages from the system.
final class PlanMemoryPool: Sendable {
    private let waiting = Mutex<[PlanMemory]>([])

    /// A memory that waits for this plan, or a new one; those of other plans go.
    func take(_ plan: Plan, workers: Workers?) -> PlanMemory {
        let found: PlanMemory? = waiting.withLock { list in
            if let place = list.lastIndex(where: { $0.plan === plan && $0.workers === workers }) { return list.remove(at: place) }
            list.removeAll { $0.plan !== plan }
            return nil
        }
        return found ?? PlanMemory(plan, workers: workers)
    }

    func clear() { waiting.withLock { $0 = [] } }

    /// - Parameter most: how many wait at most.
    func give(_ memory: PlanMemory, most: Int) {
        waiting.withLock { list in
            list.append(memory)
            if list.count > most { list.removeFirst(list.count - most) }
        }
    }
}

extension Tensor {
    /// Sets all elements to zero.
    package func zero() { Region<UInt8>(storage, start: byteOffset, count: count * type.byteCount).fill(0) }
}
