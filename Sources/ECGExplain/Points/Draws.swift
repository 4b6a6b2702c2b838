// SPDX-License-Identifier: GPL-3.0-or-later
import ECGRandom
import ECGScore

/// The random numbers of sampling methods: from a seed, or given, so that two programs can be compared draw by draw.
public struct Draws: Sendable {
    /// Draws from a file. What it lacks comes from the seed.
    public struct Given: Sendable {
        /// An array with its shape.
        public struct Block<Element: Sendable>: Sendable {
            public let shape: [Int]
            public let elements: [Element]

            public init(shape: [Int], elements: [Element]) {
                (self.shape, self.elements) = (shape, elements)
            }
        }

        /// [draw, item, lead, time], added as it is.
        public var noise: Block<Float>?
        /// [draw, item], in 0…1.
        public var alpha: Block<Double>?
        /// [draw, item], the number of the baseline.
        public var baseline: Block<Int>?
        /// [draw, feature].
        public var permutation: Block<Int>?

        public init() {}
    }

    public let seed: UInt64
    public let given: Given

    public init(seed: UInt64, given: Given = Given()) {
        self.seed = seed
        self.given = given
    }

    /// Checks that the given draws suffice.
    ///
    /// - Parameters:
    ///   - shape: an item's shape, [lead, time].
    ///   - item: the item's number in the run, from 0.
    /// - Throws: `ExplainError` that names the array, what it has and what is asked of it.
    func check(_ method: Method, samples: Int, item: Int, shape: [Int], baselines: Int, features: Int) throws(ExplainError) {
        func require(_ name: String, _ have: [Int], atLeast: [Int], then exactly: [Int]) throws(ExplainError) {
            let fits =
                have.count == atLeast.count + exactly.count && zip(have, atLeast).allSatisfy { $0 >= $1 }
                && Array(have.suffix(exactly.count)) == exactly
            guard fits else {
                let want = (atLeast.map { "\($0) or more" } + exactly.map { "\($0)" }).joined(separator: ", ")
                throw ExplainError(.data, "the draws '\(name)' have the shape \(have); \(method.name) needs [\(want)] here")
            }
        }
        let needs = method.draws
        if let noise = given.noise, needs.contains(.noise) { try require("noise", noise.shape, atLeast: [samples, item + 1], then: shape) }
        if let alpha = given.alpha, needs.contains(.alpha) { try require("alpha", alpha.shape, atLeast: [samples, item + 1], then: []) }
        if let chosen = given.baseline, needs.contains(.baseline) {
            try require("baseline", chosen.shape, atLeast: [samples, item + 1], then: [])
            guard chosen.elements.allSatisfy({ $0 >= 0 && $0 < baselines }) else {
                throw ExplainError(.data, "the draws 'baseline' name a baseline beyond the \(baselines) there are")
            }
        }
        if let permutation = given.permutation, needs.contains(.permutation) {
            try require("permutation", permutation.shape, atLeast: [samples], then: [features])
            for draw in 0..<samples {
                let row = permutation.elements[draw * features..<(draw + 1) * features]
                guard row.sorted() == Array(0..<features) else {
                    throw ExplainError(.data, "row \(draw) of the draws 'permutation' is no permutation of 0…\(features - 1)")
                }
            }
        }
    }

    /// The item's values with noise number `draw` added.
    ///
    /// - Parameter sigma: the standard deviation of noise from the seed.
    func noisy(_ values: [Float], key: String, item: Int, draw: Int, sigma: Float) -> [Float] {
        if let noise = given.noise {
            let start = (draw * noise.shape[1] + item) * values.count
            return values.indices.map { values[$0] + noise.elements[start + $0] }
        }
        var noisy = RandomSource(seed: seed, key: key, purpose: "noise").normals(from: draw * values.count, count: values.count)
        precondition(noisy.count == values.count)
        for i in 0..<noisy.count { noisy[i] = values[i] + sigma * noisy[i] }
        return noisy
    }

    /// The place of a draw between baseline and item.
    func alpha(key: String, item: Int, draw: Int) -> Double {
        if let alpha = given.alpha { return alpha.elements[draw * alpha.shape[1] + item] }
        return RandomSource(seed: seed, key: key, purpose: "alpha").uniform(UInt64(draw))
    }

    /// The baseline of a draw.
    func baseline(key: String, item: Int, draw: Int, of count: Int) -> Int {
        if let chosen = given.baseline { return chosen.elements[draw * chosen.shape[1] + item] }
        return RandomSource(seed: seed, key: key, purpose: "baseline").integer(UInt64(draw), below: count)
    }

    /// The order in which a draw switches the features on.
    func permutation(key: String, draw: Int, of count: Int) -> [Int] {
        if let permutation = given.permutation { return Array(permutation.elements[draw * count..<(draw + 1) * count]) }
        return RandomSource(seed: seed, key: key, purpose: "permutation").permutation(draw, of: count)
    }
}
