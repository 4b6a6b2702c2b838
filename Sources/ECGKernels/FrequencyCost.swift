// SPDX-License-Identifier: GPL-3.0-or-later

/// What a problem costs in the frequency domain, by a model with measured constants: the rule that picks a layer's transform, and
/// the frequency domain or direct convolution.
///
/// The rule is a function of the shape and of the instruction set alone. A timing at run time, the batch or the number of threads
/// would change the bits of an item. `kernel-tuning` prints what it chooses beside what was measured.
package struct FrequencyCost: Sendable {
    /// Nanoseconds on one core of the machine that they were fitted on (Zen 4; only their ratios matter).
    private struct Constants {
        /// For a complex point and a vector of channels: the mean of a forward and an inverse pass of each radix of `Radices.radices`.
        let outer, middle, inner: [Double]
        /// A multiplication of two vectors that is added to a sum, in the products and in direct convolution.
        let product, direct: Double
        /// A row of a product tile and a row of a direct tile, for each vector, beside their multiplications.
        let productRow, directRow: Double
    }

    private static let constants: [InstructionSet: Constants] = [
        .avx512: Constants(
            outer: [2.2, 2.2, 2.6, 2.9, 3.1, 3.0, 3.6, 4.0, 4.4, 7.6], middle: [1.4, 1.6, 2.0, 2.2, 2.7, 2.5, 3.1, 2.9, 3.2, 5.9],
            inner: [2.2, 2.3, 2.2, 2.4, 2.5, 2.6, 2.8, 2.8, 3.2, 4.5], product: 0.29, direct: 0.31, productRow: 1, directRow: 2),
        .avx2: Constants(
            outer: [1.3, 1.6, 2.3, 2.4, 3.3, 3.1, 3.8, 4.1, 4.8, 6.4], middle: [1.1, 1.3, 1.8, 1.8, 2.6, 2.3, 2.8, 3.2, 3.1, 5.5],
            inner: [1.3, 1.4, 1.7, 1.8, 2.3, 1.9, 2.4, 2.6, 2.6, 2.9], product: 0.21, direct: 0.2, productRow: 1, directRow: 1),
        .portable: Constants(
            outer: [1.6, 1.8, 2.3, 2.4, 3.2, 2.6, 3.1, 3.6, 3.5, 4.1], middle: [0.9, 0.9, 1.4, 1.4, 2.0, 1.4, 2.0, 2.0, 1.9, 2.1],
            inner: [1.8, 1.6, 2.1, 2.0, 2.7, 1.9, 2.6, 2.7, 2.5, 2.5], product: 0.36, direct: 0.36, productRow: 1, directRow: 1),
    ]

    private let set: InstructionSet
    private let precision: FrequencyTransform.Precision
    private let lanes: Double
    private let constants: Constants

    package init(_ set: InstructionSet, _ precision: FrequencyTransform.Precision = .single) {
        self.set = set
        self.precision = precision
        lanes = Double(set.lanes)
        guard let constants = Self.constants[set] else { preconditionFailure("no constants for \(set)") }
        self.constants = constants
    }

    package struct Choice: Sendable {
        package let tiling: FrequencyTiling
        /// Of an item.
        package let cost: Double

        package init(tiling: FrequencyTiling, cost: Double) {
            (self.tiling, self.cost) = (tiling, cost)
        }
    }

    /// The tiling by which a layer runs in this direction, or nil where direct convolution is faster or the only way.
    package static func tiling(
        _ shape: ConvolutionShape, _ direction: FrequencyProblem.Direction, _ precision: FrequencyTransform.Precision = .single,
        algorithm: Convolution.Algorithm?, _ set: InstructionSet
    ) -> FrequencyTiling? {
        guard algorithm != .direct, shape.groups == 1 else { return nil }
        let model = FrequencyCost(set, precision)
        let problem = FrequencyProblem(shape, direction)
        guard let best = model.best(problem) else { return nil }
        if algorithm == .frequency { return best.tiling }
        let direct = model.direct(shape, direction)
        let taps = 4 * Double(shape.kernel * shape.inputChannels * shape.outputChannels)
        let alone = best.cost + passing * model.weightBytes(problem, best.tiling)
        // better in a batch, and not by less than it is worse for an item alone
        return best.cost * margin < direct && best.cost * alone < direct * (direct + passing * taps) ? best.tiling : nil
    }

    /// Nanoseconds for a byte of weights that an item alone waits for: those of a whole network pass by from memory, once an item. Measured 0.03 to 0.05.
    private static let passing = 0.04

    /// What the frequency domain must be better by: the model flatters it where vectors are half empty, and it takes more memory.
    private static let margin = 1.25

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
        let points = Double(tiling.radices.points)
        let inputs = vectors(problem.inputChannels)
        let outputs = vectors(problem.outputChannels)
        let products = 3 * outputs * (Double(problem.inputChannels) * constants.product + constants.productRow)
        return Double(tiling.pairs) * (points * (pointCost(tiling.radices) * (inputs + outputs) + products) + fetching(problem, tiling))
    }

    /// What threads that divide a block have to do, for a row.
    func pieces(_ problem: FrequencyProblem, _ tiling: FrequencyTiling) -> FrequencyCut.Costs {
        let points = Double(tiling.radices.points)
        let inputs = vectors(problem.inputChannels)
        let outputs = vectors(problem.outputChannels)
        let panels = (outputs / 2).rounded(.up)
        let products = 3 * outputs * (Double(problem.inputChannels) * constants.product + constants.productRow)
        let inputBytes = 4 * Double(problem.inputLength * problem.inputChannels) / Double(tiling.pairs)
        let between = points * lanes * (12 * inputs + 8 * outputs)
        return FrequencyCut.Costs(
            transforms: points * pointCost(tiling.radices) * inputs,
            panel: points * (pointCost(tiling.radices) * outputs + products) / panels,
            weights: 0.02 * weightBytes(problem, tiling) / panels, panels: Int(panels), inputHandover: Self.handover * inputBytes,
            spectraHandover: Self.handover * between)
    }

    /// Nanoseconds for a byte that another processor wrote last. Two processors of a virtual machine may share a cache or not, and change over
    /// from one to the other while it runs: then 0.03 become 0.15.
    private static let handover = 0.08

    private func weightBytes(_ problem: FrequencyProblem, _ tiling: FrequencyTiling) -> Double {
        4 * Double(tiling.radices.points * problem.inputChannels) * vectors(problem.outputChannels) * lanes
    }

    /// What a row waits for memory: for its share of the weights, and for spectra that don't fit into the second-level cache.
    private func fetching(_ problem: FrequencyProblem, _ tiling: FrequencyTiling) -> Double {
        let weights = weightBytes(problem, tiling)
        let spectra = Double(FrequencyRooms.spectraBytes(problem, tiling.radices))
        let block = FrequencyRooms.blockRows(problem, tiling.radices, set)
        let rows = Double(min(block, tiling.pairs * Self.items(problem)))
        let away = rows * spectra
        return weights / rows * (weights > 4e6 ? 0.03 : 0.02) + spectra * (away > 5e6 ? 0.12 : away > 1.3e6 ? 0.06 : 0)
    }

    /// Items that a network has under way at a time: as many as the caches hold activations of.
    private static func items(_ problem: FrequencyProblem) -> Int {
        max(1, min(11, 250_000 / (problem.inputLength * problem.inputChannels + problem.outputLength * problem.outputChannels)))
    }

    private func pointCost(_ radices: FrequencyTransform.Radices) -> Double {
        func cost(_ table: [Double], _ radix: Int) -> Double {
            FrequencyTransform.Radices.radices.firstIndex(of: radix).map { table[$0] } ?? 0
        }
        let single = cost(constants.outer, radices.outer) + cost(constants.middle, radices.middle) + cost(constants.inner, radices.inner)
        return precision == .double ? Self.doubleCost * single : single
    }

    /// Half as many numbers in a vector; measured 1.8 to 2.0 on AVX-512.
    private static let doubleCost = 1.9

    /// Direct convolution of an item.
    package func direct(_ shape: ConvolutionShape, _ direction: FrequencyProblem.Direction) -> Double {
        let taps = Double(shape.kernel)
        switch direction {
        case .forward:
            let sums = taps * Double(shape.inputChannels) * constants.direct + constants.directRow
            return Double(shape.outputLength) * vectors(shape.outputChannels) * sums
        case .inputGradient:
            // a narrow input's rows are taken several at a time
            let rows = DirectGradient.rowsTogether(shape, lanes: set.lanes)
            let reach = (taps / Double(shape.stride) + Double(rows - 1)) * Double(shape.outputChannels)
            let sums = reach * constants.direct + constants.directRow
            return Double(shape.inputLength) / Double(rows) * vectors(rows * shape.inputChannels) * sums
        }
    }

    private func vectors(_ channels: Int) -> Double { (Double(channels) / lanes).rounded(.up) }
}
