// SPDX-License-Identifier: GPL-3.0-or-later

/// What a plan is made for: plans are kept under it.
package struct PlanRequest: Hashable, Sendable {
    /// Shapes of the graph's inputs, items included, by value.
    package var inputShapes: [ValueIndex: Shape]
    /// Values to be read after the run.
    package var kept: [ValueIndex]
    /// Computes every float32 of the model in float64, by the plain loops.
    package var inDouble = false
    package var reverse: Reverse?
    /// Workers that share the work of each kernel; 1 if none.
    package var threads = 1

    package struct Reverse: Hashable, Sendable {
        /// One of the reverse runs that share a forward run.
        package struct Pass: Hashable, Sendable {
            /// Values whose gradients are to be read after it.
            package var wanted: [ValueIndex]
            package var rules: Rules
        }

        /// Values whose gradients the caller sets before each reverse run.
        package var seeds: [ValueIndex]
        package var passes: [Pass]

        package init(seeds: [ValueIndex], passes: [Pass]) {
            self.seeds = seeds
            self.passes = passes
        }

        package init(seeds: [ValueIndex], wanted: [ValueIndex], rules: Rules) {
            self.init(seeds: seeds, passes: [Pass(wanted: wanted, rules: rules)])
        }

        /// Whether any pass compares the items with references.
        var hasReferences: Bool { passes.contains { $0.rules.rule == .rescale } }
        /// The values wanted by any pass.
        var wanted: [ValueIndex] { Array(Set(passes.flatMap(\.wanted))).sorted() }
        /// The rule of each pass for one use.
        func rules(for node: Node) -> [Rule] { passes.map { $0.rules.rule(for: node) } }
    }

    package init(inputShapes: [ValueIndex: Shape], kept: [ValueIndex], inDouble: Bool = false, reverse: Reverse? = nil, threads: Int = 1) {
        self.inputShapes = inputShapes
        self.kept = kept
        self.inDouble = inDouble
        self.reverse = reverse
        self.threads = threads
    }
}

/// Which rule applies to which use of an operator.
public struct Rules: Hashable, Sendable {
    /// The rule of every operator that has it; others take the gradient.
    public var rule: Rule
    /// Captum's convention: `guided` and `deconvolution` act on Relu alone, every other activation takes its derivative.
    public var reluOnly: Bool

    public init(_ rule: Rule = .gradient, reluOnly: Bool = false) {
        self.rule = rule
        self.reluOnly = reluOnly
    }

    public static let gradient = Rules(.gradient)
    public static let guided = Rules(.guided)
    public static let deconvolution = Rules(.deconvolution)
    public static let rescale = Rules(.rescale)

    /// The rule for one use.
    package func rule(for node: Node) -> Rule {
        switch rule {
        case .gradient, .rescale: rule
        case .guided, .deconvolution: reluOnly && node.opType != "Relu" ? .gradient : rule
        }
    }
}
