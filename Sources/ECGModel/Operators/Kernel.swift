// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// What computes an operator for given shapes, forward and in reverse. Shared by all threads: memory comes with each call.
package protocol Kernel: Sendable {
    /// Bytes of scratch memory that a call with this many workers needs.
    func scratchBytes(threads: Int) -> Int
    /// The inputs that a gradient flows to.
    func gradientInputs(_ inputs: [Fact?]) -> [Int]
    /// What the reverse run reads besides the gradients: the planner keeps only these values alive.
    func reverseReads(_ rule: Rule) -> ReverseReads
    /// Items that a call should have, so that its weights, which don't stay near the processor, serve many.
    var fewestItems: Int { get }
    /// Whether `reverse` honours `accumulates`; one that doesn't always adds, and gets zeroed gradients.
    var canSetGradients: Bool { get }
    /// An input, of so many, whose gradient is the output's as it is: if nothing else arrives there before, it may lie in the same memory.
    func passedGradient(of inputs: Int) -> Int?
    /// Whether the operator has this rule; `gradient` for one that isn't linear falls under it too.
    func supports(_ rule: Rule) -> Bool
    /// Fills `run.outputs` (and `run.kept`, if there).
    func forward(_ run: ForwardRun)
    /// Adds to `run.inputGradients`, where there are any, what `run.outputGradients` say.
    func reverse(_ run: ReverseRun)
}

extension Kernel {
    package func scratchBytes(threads: Int) -> Int { 0 }
    package var fewestItems: Int { 1 }
    package func gradientInputs(_ inputs: [Fact?]) -> [Int] {
        inputs.indices.filter { inputs[$0]?.type.isFloat ?? false && inputs[$0]?.constant == nil }
    }
    package func reverseReads(_ rule: Rule) -> ReverseReads { .all }
    package var canSetGradients: Bool { false }
    package func passedGradient(of inputs: Int) -> Int? { nil }
    package func supports(_ rule: Rule) -> Bool { rule != .rescale }
    package func reverse(_ run: ReverseRun) {}
}

/// Which of a kernel's values its reverse run reads.
package struct ReverseReads: Sendable {
    package var inputs: Bool
    package var outputs: Bool
    /// In a run with references (DeepLIFT) these too.
    package static let all = ReverseReads(inputs: true, outputs: true)
    package static let inputs = ReverseReads(inputs: true, outputs: false)
    package static let outputs = ReverseReads(inputs: false, outputs: true)
    package static let none = ReverseReads(inputs: false, outputs: false)
}

/// The memory of one forward call of a kernel.
package struct ForwardRun: Sendable {
    package let inputs: [Tensor?]
    package let outputs: [Tensor?]
    /// Values for the reverse run, in the order of `Specialised.kept`; empty if there is none.
    package let kept: [Tensor]
    package let scratch: Region<UInt8>?
    /// Threads that the kernel may split its work over; nil: it has one.
    package let workers: Workers?
    /// What is known of the rows of the first input, where several convolutions read it.
    package var known: KnownRows?
}

/// The memory of one reverse call of a kernel.
package struct ReverseRun: Sendable {
    package let rule: Rule
    package let inputs: [Tensor?]
    package let outputs: [Tensor?]
    package let kept: [Tensor]
    /// The same values of the reference items, under the rescale rule.
    package let referenceInputs: [Tensor?]
    package let referenceOutputs: [Tensor?]
    package let referenceKept: [Tensor]
    /// nil where no gradient comes in.
    package let outputGradients: [Tensor?]
    /// nil where none is asked for.
    package let inputGradients: [Tensor?]
    /// Whether the input gradient holds something to be added to; for kernels with `canSetGradients`.
    package let accumulates: [Bool]
    package let scratch: Region<UInt8>?
    package let workers: Workers?
}

/// How a gradient passes one use of an operator.
public enum Rule: String, Sendable, Hashable, CaseIterable {
    /// The derivative.
    case gradient
    /// Guided backpropagation (Springenberg et al. 2015): at an activation, the derivative of the positive part of the gradient.
    case guided
    /// Deconvolution (Zeiler and Fergus 2014): at an activation, the positive part of the gradient, whatever the input was.
    case deconvolution
    /// DeepLIFT's rescale rule (Shrikumar et al. 2017): the difference of the outputs over the difference of the inputs, of item and reference.
    case rescale
}
