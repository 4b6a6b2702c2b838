// SPDX-License-Identifier: GPL-3.0-or-later
import ECGModel
import ECGRandom

/// Draws the weights of a model anew, layer by layer (Adebayo et al. 2018, Sanity Checks for Saliency Maps; Arends et al.).
///
/// A step is a layer with a matrix of weights, and what goes with it: the normalisation, bias or slope that follows it directly. A
/// normalisation that comes first goes with the layer that it feeds. Nodes with one and the same matrix are one layer, whose tensors are drawn once: a layer
/// that a network applies to each lead, or in each step of time. What a draw gives depends on seed and tensor alone, so that a layer is the same in every
/// step.
public struct LayerRandomisation: Sendable {
    /// What takes the place of weights.
    public enum Redraw: String, Sendable, CaseIterable {
        /// Normal numbers of each tensor's own mean and standard deviation; variances, which must stay positive, are shuffled.
        case own
        /// Each tensor's own numbers in random order.
        case permute
        /// What PyTorch begins a training with: uniform in ±1/√fan-in, ±1/√hidden for recurrent layers; normalisations become the identity.
        case fresh
    }

    /// Which layers make a step of their own.
    public enum Counting: String, Sendable, CaseIterable {
        /// Every layer with a matrix of weights.
        case all
        /// Convolutions alone; another layer goes with the convolution that is drawn next (paper 003 counts so).
        case conv
    }

    public struct Settings: Sendable {
        public var redraw = Redraw.own
        public var counting = Counting.all
        /// From the output, as both papers do, or from the input.
        public var fromOutput = true
        /// Leaves factors, offsets and statistics of normalisations as they are.
        public var keepsNormalisation = false
        public var seed: UInt64 = 0

        public init() {}
    }

    /// What is drawn together.
    public struct Step: Sendable {
        /// The layer that names the step.
        public let name: String
        public let layers: [ModelFile.Layer]
        /// The names of those that go with it; another use of its own matrix is the same layer.
        public var companions: [String] {
            func matrices(_ layer: ModelFile.Layer) -> [String] { layer.weights.filter { $0.role == .weights }.map(\.name) }
            let own = Set(layers.filter { $0.name == name }.flatMap(matrices))
            return layers.filter { $0.name != name && own.isDisjoint(with: matrices($0)) }.map(\.name)
        }
        /// Numbers that it draws.
        public let count: Int
    }

    /// A tensor as the nodes of one layer have it: what is drawn once.
    private struct SharedTensor: Hashable {
        let layer: Int
        let opType: String
        let role: ModelFile.Weights.Role
        let name: String
    }

    public let steps: [Step]
    private let file: ModelFile
    private let settings: Settings
    /// By node: the matrix layer that it goes with.
    private let owners: [Int: Int]
    /// The nodes that have a tensor in common, and the name of the first.
    private let uses: [SharedTensor: (nodes: Set<Int>, first: String)]

    /// - Throws: `ExplainError` for a model without layers to draw.
    public init(_ file: ModelFile, _ settings: Settings) throws(ExplainError) {
        (self.file, self.settings) = (file, settings)
        let members = Self.members(file, settings)
        var owners: [Int: Int] = [:]
        for (number, layers) in members.enumerated() { for layer in layers { owners[layer.node] = number } }
        var uses: [SharedTensor: (nodes: Set<Int>, first: String)] = [:]
        for layer in file.layers {
            for weights in layer.weights {
                guard let shared = Self.shared(weights, of: layer, owners) else { continue }
                uses[shared, default: ([], layer.name)].nodes.insert(layer.node)
            }
        }
        (self.owners, self.uses) = (owners, uses)
        steps = Self.steps(file, settings, members, owners)
        guard !steps.isEmpty else { throw ExplainError(.data, "the model has no layers with weights to draw anew") }
    }

    /// The model with some steps drawn anew.
    ///
    /// - Parameter chosen: numbers of `steps`.
    public func model(_ chosen: some Sequence<Int>) throws -> ModelFile {
        var changed = file
        var names: [String] = []
        for number in chosen {
            names.append(steps[number].name)
            for layer in steps[number].layers {
                for weights in layer.weights {
                    let nodes = Self.shared(weights, of: layer, owners).flatMap { uses[$0]?.nodes } ?? []
                    try changed.replace(weights, of: layer, sharedBy: nodes, by: drawn(weights, of: layer))
                }
            }
        }
        changed.setMetadata("randomised", "\(settings.redraw.rawValue), seed \(settings.seed): " + names.joined(separator: ", "))
        return changed
    }

    /// A tensor's new numbers.
    package func drawn(_ weights: ModelFile.Weights, of layer: ModelFile.Layer) throws -> [Float] {
        let old = try file.values(weights)
        let first = Self.shared(weights, of: layer, owners).flatMap { uses[$0]?.first } ?? layer.name
        let random = RandomSource(seed: settings.seed, key: first + "/\(weights.name)", purpose: "weights")
        switch settings.redraw {
        case .fresh: return fresh(weights, random)
        case .own where weights.role != .variance:
            let mean = old.reduce(0.0) { $0 + Double($1) } / Double(max(old.count, 1))
            let squares = old.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
            let deviation = (squares / Double(max(old.count, 1))).squareRoot()
            return random.normals(from: 0, count: old.count).map { Float(mean + deviation * Double($0)) }
        case .own, .permute: return random.permutation(old.count).map { old[$0] }
        }
    }

    private func fresh(_ weights: ModelFile.Weights, _ random: RandomSource) -> [Float] {
        let count = weights.shape.reduce(1, *)
        switch weights.role {
        case .weights, .bias:
            let bound = 1 / Double(weights.fanIn).squareRoot()
            return (0..<count).map { Float((2 * random.uniform(UInt64($0)) - 1) * bound) }
        case .scale, .variance: return [Float](repeating: 1, count: count)
        case .offset, .mean: return [Float](repeating: 0, count: count)
        case .slope: return [Float](repeating: 0.25, count: count)
        }
    }

    // MARK: What goes together

    private static func shared(_ weights: ModelFile.Weights, of layer: ModelFile.Layer, _ owners: [Int: Int]) -> SharedTensor? {
        owners[layer.node].map { SharedTensor(layer: $0, opType: layer.opType, role: weights.role, name: weights.name) }
    }

    /// For each node with a matrix what goes with it; nothing where the matrix is an earlier node's.
    private static func members(_ file: ModelFile, _ settings: Settings) -> [[ModelFile.Layer]] {
        let layers = file.layers
        let matrices = layers.filter(\.hasMatrix)
        guard !matrices.isEmpty else { return [] }
        // each layer by the place of its matrix layer
        var members = [[ModelFile.Layer]](repeating: [], count: matrices.count)
        for layer in layers {
            if let own = matrices.firstIndex(where: { $0.node == layer.node }) {
                members[own].append(layer)
                continue
            }
            let isNormalisation = layer.weights.contains { $0.role == .scale || $0.role == .offset }
            if isNormalisation && settings.keepsNormalisation { continue }
            let before = file.matrixLayer(before: layer).flatMap { found in matrices.firstIndex { $0.node == found } }
            let after = file.matrixLayer(after: layer).flatMap { found in matrices.firstIndex { $0.node == found } }
            let nearest = matrices.lastIndex { $0.node < layer.node } ?? 0
            members[before ?? after ?? nearest].append(layer)
        }
        var firsts: [String: Int] = [:]
        for (number, layer) in matrices.enumerated() {
            guard let name = layer.weights.first(where: { $0.role == .weights })?.name else { continue }
            if let first = firsts[name] {
                members[first] += members[number]
                members[number] = []
            } else {
                firsts[name] = number
            }
        }
        return members
    }

    private static func steps(_ file: ModelFile, _ settings: Settings, _ members: [[ModelFile.Layer]], _ owners: [Int: Int]) -> [Step] {
        let matrices = file.layers.filter(\.hasMatrix)
        func step(_ name: String, _ layers: [ModelFile.Layer]) -> Step {
            var counts: [SharedTensor: Int] = [:]
            for layer in layers {
                for weights in layer.weights {
                    if let shared = shared(weights, of: layer, owners) { counts[shared] = weights.shape.reduce(1, *) }
                }
            }
            return Step(name: name, layers: layers, count: counts.values.reduce(0, +))
        }
        var order = members.indices.filter { !members[$0].isEmpty }
        if settings.fromOutput { order.reverse() }
        var steps: [Step] = []
        var joining: [ModelFile.Layer] = []
        for number in order {
            joining += members[number]
            let isCounted = settings.counting == .all || matrices[number].opType.hasPrefix("Conv")
            guard isCounted else { continue }
            steps.append(step(matrices[number].name, joining))
            joining = []
        }
        if !joining.isEmpty {
            // what comes after the last convolution on the way goes with it
            if let last = steps.popLast() {
                steps.append(step(last.name, last.layers + joining))
            } else {
                steps.append(step(joining[0].name, joining))
            }
        }
        return steps
    }
}
