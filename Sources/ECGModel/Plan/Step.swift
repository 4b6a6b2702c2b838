// SPDX-License-Identifier: GPL-3.0-or-later

/// A value of a plan: one tensor in one layout.
struct PlanValue: Sendable {
    var fact: Fact
    /// The value whose memory it shares; itself if it has memory of its own.
    var root: Int
    /// Where it starts in the root's memory, in elements.
    var offset = 0
    /// Elements from its first to its last, gaps included.
    var span: Int

    init(_ fact: Fact, root: Int) {
        self.fact = fact
        self.root = root
        span = fact.shape.elementCount
    }
}

/// One call of a kernel in a plan.
struct Step: Sendable {
    var kernel: any Kernel
    var node: Node
    var inputs: [Int?]
    var outputs: [Int?]
    /// Values kept from the forward to the reverse run.
    var kept: [Int]
    /// The rule of each reverse run.
    var rules: [Rule]
    /// One of a loop's rounds: there may be many thousand, which fusion passes over.
    var isRepeated = false
}

/// One call of a kernel in the reverse run.
struct ReverseStep: Sendable {
    /// The forward step.
    let step: Int
    let rule: Rule
    /// Gradients (by root) that are set to zero before, since the kernel adds to them.
    var zeroed: [Int] = []
    /// Whether output and input gradients are there, and which of the latter are added to.
    var outputGradients: [Bool]
    var inputGradients: [Bool]
    var accumulates: [Bool]
}
