// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import ECGModel
import Synchronization

/// A model as methods see it: points in, scores and gradients out.
public final class Network: Sendable {
    public let model: Model
    let workers: Workers
    /// The layer of Grad-CAM and layer means; nil if nothing needs one.
    public let layer: String?
    private let output: String?
    private let layout: ItemLayout?
    private let activation: OutputActivation?
    private let sessions = Mutex<[(shape: [Int], session: Session)]>([])

    /// - Parameters:
    ///   - layer: the name of a node or value, or `last-conv` or nil for the last convolution with more than one tap.
    ///   - needsLayer: whether any method reads it: only then is it looked for.
    /// - Throws: `ModelError` if the model has no such layer.
    public init(
        _ model: Model, layer: String?, needsLayer: Bool, output: String? = nil, layout: ItemLayout? = nil,
        activation: OutputActivation? = nil,
        workers: Workers
    ) throws {
        (self.model, self.output, self.layout, self.activation, self.workers) = (model, output, layout, activation, workers)
        if !needsLayer {
            self.layer = nil
        } else if let layer, layer != "last-conv" {
            guard model.value(named: layer) != nil else { throw ModelError(.misfit, "the model has no layer '\(layer)'") }
            self.layer = layer
        } else {
            guard let last = model.lastConvolutionNode?.outputs.first ?? nil else {
                throw ModelError(.misfit, "the model has no convolution with more than one tap; name a layer with --layer")
            }
            self.layer = model.graph.valueNames[last]
        }
    }

    /// The session for items of a shape, made the first time it is asked for. The last few are kept.
    func session(_ shape: [Int]) throws -> Session {
        if let known = sessions.withLock({ list in list.first { $0.shape == shape }?.session }) { return known }
        let made = try Session(
            model, itemShape: shape, output: output, layout: layout, activation: activation, workers: workers)
        sessions.withLock { list in
            list.append((shape, made))
            if list.count > 8 { list.removeFirst() }
        }
        return made
    }

    /// Points that a thread should take through the network together: weights that meet several of them are read once for all. Measured on 600 samples: 20 points
    /// take 3 to 8 % less time than 10, more than 20 no less.
    ///
    /// - Parameter streamed: whether there are many, made as they are run. A few items' passes would take longer to get their memory than they gain.
    func chunk(_ shape: [Int], streamed: Bool) throws -> Int {
        let bytes = try session(shape).bytesInFlight([ReversePass(.predicted)], sharing: Sharing(chunk: 1, atOnce: 1))
        let (most, samples) = streamed ? (20, 12_000) : (10, 8_400)
        return max(1, min(most, samples / max(shape.last ?? 1, 1), Self.bytesTogether / max(bytes, 1)))
    }

    /// Activations of one thread beyond these bytes would only crowd out the others'.
    private static let bytesTogether = 64 << 20

    /// Bytes that a run holds, whatever the number of points.
    func bytesInFlight(_ shape: [Int], _ passes: [NetworkPass], _ settings: AttributionSettings, _ sharing: Sharing) throws -> Int {
        let (reverse, layers) = planned(passes, settings)
        return try session(shape).bytesInFlight(reverse, layers: layers, sharing: sharing)
    }

    /// Brings the weights into the form that such runs want.
    func prepare(_ shape: [Int], _ passes: [NetworkPass], _ settings: AttributionSettings) throws {
        let (reverse, layers) = planned(passes, settings)
        try session(shape).prepare(reverse, layers: layers)
    }

    /// The session's runs for passes, whatever their classes.
    private func planned(_ passes: [NetworkPass], _ settings: AttributionSettings) -> (passes: [ReversePass], layers: [String]) {
        let isMean = settings.target == .layerMean
        let target: Target =
            if isMean, let layer { .mean(layer: layer) } else { settings.score == .probability ? .probability([0]) : .predicted }
        let readsLayer = passes.contains { $0.toLayer } || (passes.isEmpty && isMean)
        return (
            passes.map { ReversePass(target, rules: $0.rules, toItems: $0.toItems, toLayers: $0.toLayer) },
            readsLayer ? layer.map { [$0] } ?? [] : []
        )
    }

    /// What every item of a shape gives: classes, and how their probabilities come about.
    public func classCount(_ shape: [Int]) throws -> Int { try session(shape).outputShape.reduce(1, *) }
}

/// Which number of the network's output is explained at each point.
enum PointTargets {
    /// The largest logit of each.
    case predicted
    /// A class for each point.
    case classes([Int])
    /// The mean of the layer's outputs.
    case layerMean
}

/// The scores of points, forward only.
struct PointScores {
    /// [point, class].
    let logits: [Float]
    /// Of the layer's outputs, where these are the target.
    let layerMeans: [Double]
}

/// One of the reverse runs that share the points' forward run.
struct NetworkPass: Sendable {
    var rules: Rules
    /// Whether the points' own gradients are wanted, and the layer with its gradient.
    var toItems = true
    var toLayer = false
}

/// Scores and gradients of points.
struct PointGradients {
    let logits: [Float]
    let scores: [Float]
    /// Of the references, where there are any.
    let referenceScores: [Float]
    /// By pass, [point, …shape]; empty where not asked for.
    let gradients: [[Float]]
    /// Grad-CAM's row of each point, one value a place of the layer, where a pass asked for it.
    let layerRows: [[Double]]
}

extension Network {
    /// Runs points forward.
    func scores(_ points: Items, layerMean: Bool, sharing: Sharing) throws -> PointScores {
        let session = try session(points.shape)
        if layerMean, let layer {
            let values = try session.layers([layer], of: points, sharing: sharing)[0].values
            let each = values.count / max(points.count, 1)
            return PointScores(
                logits: [],
                layerMeans: (0..<points.count).map { i in
                    values[i * each..<(i + 1) * each].reduce(0.0) { $0 + Double($1) } / Double(max(each, 1))
                })
        }
        return PointScores(logits: try session.run(points, sharing: sharing).logits, layerMeans: [])
    }

    /// Runs points forward, and back once a pass.
    ///
    /// - Parameters:
    ///   - references: as many as points, under the rescale rule.
    ///   - probability: explains the probability instead of the logit.
    ///   - sharing: how the points are divided over the threads.
    func gradients(
        _ points: Items, references: Items? = nil, targets: PointTargets, probability: Bool, passes: [NetworkPass],
        sharing: Sharing
    ) throws -> PointGradients {
        let session = try session(points.shape)
        let target = try target(targets, probability: probability)
        let readsLayer = passes.contains { $0.toLayer }
        let result = try session.reverse(
            points, references: references,
            passes: passes.map { ReversePass(target, rules: $0.rules, toItems: $0.toItems, toLayers: $0.toLayer) },
            layers: readsLayer ? layer.map { [$0] } ?? [] : [], layerRows: true, sharing: sharing)
        return PointGradients(
            logits: result.prediction.logits, scores: result.targets.first?.scores ?? [],
            referenceScores: result.targets.first?.referenceScores ?? [], gradients: result.targets.map(\.gradient.values),
            layerRows: result.layerRows)
    }

    /// Runs points forward and back that each thread makes and takes back itself, a chunk at a time.
    func gradients(
        count: Int, shape: [Int], targets: PointTargets, probability: Bool, pass: NetworkPass, sharing: Sharing,
        chunk: @Sendable (Range<Int>) -> PointChunk
    ) throws {
        let target = try target(targets, probability: probability)
        try session(shape).reverse(points: count, pass: ReversePass(target, rules: pass.rules), sharing: sharing, chunk: chunk)
    }

    private func target(_ targets: PointTargets, probability: Bool) throws -> Target {
        switch targets {
        case .predicted: return .predicted
        case .classes(let classes): return probability ? .probability(classes) : .logit(classes)
        case .layerMean:
            guard let layer else { throw ModelError(.misfit, "no layer to take the mean of") }
            return .mean(layer: layer)
        }
    }
}
