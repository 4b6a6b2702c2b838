// SPDX-License-Identifier: GPL-3.0-or-later

/// What a problem costs in the frequency domain, by a model with measured constants: the rule that picks the transform of a layer, and
/// the frequency domain or direct convolution.
///
/// The rule is a function of the shape and of the instruction set alone. A timing at run time, the batch or the number of threads
/// would change the bits of an item.
package struct FrequencyCost: Sendable {
    private let set: InstructionSet

    package init(_ set: InstructionSet) { self.set = set }

    package struct Choice: Sendable {
        package let tiling: FrequencyTiling
        /// Nanoseconds an item, on one core of the machine that the constants were measured on.
        package let cost: Double
    }

    package func best(_ problem: FrequencyProblem) -> Choice? {
        var best: Choice?
        for radices in FrequencyTransform.Radices.all {
            guard let tiling = FrequencyTiling(problem, radices) else { continue }
            let cost = self.cost(problem, tiling)
            if cost < best?.cost ?? .infinity { best = Choice(tiling: tiling, cost: cost) }
        }
        return best
    }

    package func cost(_ problem: FrequencyProblem, _ tiling: FrequencyTiling) -> Double {
        let lanes = Double(set.lanes)
        let points = Double(tiling.radices.points)
        let pairs = Double(tiling.pairs)
        let inputs = (Double(problem.inputChannels) / lanes).rounded(.up)
        let outputs = (Double(problem.outputChannels) / lanes).rounded(.up)
        let r = tiling.radices
        let pass = { (radix: Int) in radix == 1 ? 0 : 1.2 + 0.5 * Double(radix) }
        let transform = points * (pass(r.outer) + pass(r.middle) + pass(r.inner))
        let products = 3 * points * Double(problem.inputChannels) * outputs * 0.28
        return pairs * (transform * (inputs + outputs) + products)
    }
}

extension FrequencyCost {
    /// The tiling by which a layer runs in this direction, or nil where direct convolution is faster.
    package static func tiling(
        _ shape: ConvolutionShape, _ direction: FrequencyProblem.Direction, algorithm: Convolution.Algorithm?, _ set: InstructionSet
    ) -> FrequencyTiling? {
        guard algorithm != .direct, shape.groups == 1 else { return nil }
        let model = FrequencyCost(set)
        guard let best = model.best(FrequencyProblem(shape, direction)) else { return nil }
        return algorithm == .frequency || best.cost < model.directCost(shape) ? best.tiling : nil
    }

    func directCost(_ shape: ConvolutionShape) -> Double {
        let vectors = (Double(shape.outputChannels) / Double(set.lanes)).rounded(.up)
        return 0.3 * Double(shape.outputLength) * vectors * Double(shape.inputChannels * shape.kernel)
    }
}
