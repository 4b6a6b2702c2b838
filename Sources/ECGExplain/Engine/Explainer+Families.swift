// SPDX-License-Identifier: GPL-3.0-or-later
import ECGModel

extension Explainer {
    /// The rule by which a family is reversed; nil for families that only look forward.
    func rule(_ family: PointFamily) -> Rule? {
        switch family {
        // where only the scores of the noisy copies are wanted, there is nothing to reverse
        case .noisy: families.contains(.noisy) ? .gradient : nil
        case .path, .noisyPath, .between: .gradient
        case .pairs: .rescale
        case .item(let rule): rule
        case .none, .switchedOff, .switchedOn: nil
        }
    }

    /// Runs all points of a family for some items, in batches over items and points.
    func runFamily(_ family: PointFamily, _ states: [ItemState]) throws {
        let counts = states.map { state in
            min(PointSource.count(family, item: state.context, settings: settings), deliver.mostPoints(family))
        }
        for state in states {
            state.changing.withLock { $0.source = PointSource(family, item: state.context, settings: settings) }
        }
        let isStreamed = family.isStreamed && rule(family) != nil
        let room = try room(states[0].context, passes(rule(family)), streamed: isStreamed)
        guard case .pairs = family, let baselines = counts.first, baselines > 1 else {
            return try runBatches(
                family, zip(states, counts).map { PointSpan(state: $0, first: 0, count: $1, total: $1, start: 0) }, most: room.points,
                sharing: room.sharing)
        }
        // Some baselines against all items, then the next ones: a chunk that meets the references of the last one has their run already.
        let chunk = room.sharing.chunk ?? 1
        let groups = (baselines + chunk - 1) / chunk
        let group = (baselines + groups - 1) / groups
        for first in stride(from: 0, to: baselines, by: group) {
            let count = min(group, baselines - first)
            try runBatches(
                family, states.map { PointSpan(state: $0, first: first, count: count, total: baselines, start: 0) },
                most: max(room.points / count, 1) * count, sharing: Sharing(chunk: count, atOnce: room.sharing.atOnce, isExact: true))
        }
    }

    /// Runs spans of points, each item's in order, at most `most` points at a time.
    private func runBatches(_ family: PointFamily, _ points: [PointSpan], most: Int, sharing: Sharing) throws {
        var spans: [PointSpan] = []
        var filled = 0
        for span in points {
            var done = 0
            while done < span.count {
                let take = min(span.count - done, most - filled)
                spans.append(PointSpan(state: span.state, first: span.first + done, count: take, total: span.total, start: filled))
                done += take
                filled += take
                if filled == most {
                    try run(spans, filled, family, sharing: sharing)
                    (spans, filled) = ([], 0)
                }
            }
        }
        if filled > 0 { try run(spans, filled, family, sharing: sharing) }
    }

    /// Makes a batch of points, runs it, and gives each point to its methods.
    private func run(_ spans: [PointSpan], _ filled: Int, _ family: PointFamily, sharing: Sharing) throws {
        let rule = rule(family)
        if let rule, family.isStreamed { return try stream(spans, filled, family, rule, sharing: sharing) }
        let shape = spans[0].state.context.shape
        let size = spans[0].state.context.values.count
        // long spans are made by several threads, in parts that don't depend on how many there are
        let parts = spans.flatMap { $0.parts(of: 8) }
        var points = network.workers.map(parts.count) { i in
            var source = parts[i].state.now.source
            return (0..<parts[i].count).compactMap { source?.point(parts[i].first + $0) }
        }.flatMap { $0 }
        let input = Items(shape: shape, each: points.map(\.input))
        let references = rule == .rescale ? Items(shape: shape, each: points.map(\.reference)) : nil
        for i in points.indices { (points[i].input, points[i].reference) = ([], []) }

        let scores: PointScores
        var gradients: [Float]?
        if let rule {
            let targets =
                onlyPairs
                ? try targetsBefore(spans.flatMap { span in [ItemState](repeating: span.state, count: span.count) }) : targets(spans)
            let result = try network.gradients(
                input, references: references, targets: targets, probability: settings.score == .probability,
                passes: passes(rule), sharing: sharing)
            scores = PointScores(logits: result.logits, layerMeans: result.scores.map(Double.init))
            gradients = result.gradients[0]
            if onlyPairs { try settlePairs(spans, result) }
        } else {
            scores = try network.scores(input, layerMean: settings.target == .layerMean, sharing: sharing)
        }
        let classes = scores.logits.count / filled
        let (deliver, scoring, reversed, described) = (deliver, try scoring(spans[0].state), gradients, points)
        network.workers.run(spans.count) { i, _ in
            let span = spans[i]
            let target = span.state.now.target
            for k in span.start..<span.start + span.count {
                let score = target.map { scoring.value(scores.logits[k * classes..<(k + 1) * classes], target: $0) } ?? scores.layerMeans[k]
                let gradient = reversed.map { Array($0[k * size..<(k + 1) * size]) } ?? []
                deliver(family, span.first + k - span.start, of: span.total, described[k], gradient, score: score, to: span.state)
            }
        }
    }
}

extension Explainer {
    /// The same, each thread with the points that it runs.
    private func stream(_ spans: [PointSpan], _ filled: Int, _ family: PointFamily, _ rule: Rule, sharing: Sharing) throws {
        let (deliver, scoring) = (deliver, try scoring(spans[0].state))
        let known = spans.map(\.state.now.target)
        for span in spans { span.state.changing.withLock { $0.due = span.first } }
        try network.gradients(
            count: filled, shape: spans[0].state.context.shape, targets: targets(spans), probability: settings.score == .probability,
            pass: NetworkPass(rules: convention(rule)), sharing: sharing
        ) { range in
            let parts = spans.indices.filter { spans[$0].start < range.upperBound && range.lowerBound < spans[$0].start + spans[$0].count }
            var places: [(span: Int, number: Int)] = []
            var points: [Point] = []
            for part in parts {
                let span = spans[part]
                var source = span.state.changing.withLock { $0.source }
                for place in range.clamped(to: span.start..<span.start + span.count) {
                    places.append((part, span.first + place - span.start))
                    points.append(source?.point(span.first + place - span.start) ?? Point(input: span.state.context.values))
                }
            }
            let inputs = points.map(\.input)
            for i in points.indices { points[i].input = [] }
            return PointChunk(inputs) { [points] said in
                for (i, place) in places.enumerated() {
                    let score = known[place.span].map { scoring.value(said.logits[i][...], target: $0) } ?? Double(said.scores[i])
                    deliver.inTurn(
                        ItemState.Arrival(point: points[i], gradient: said.gradients[i], score: score), family, place.number,
                        of: spans[place.span].total, to: spans[place.span].state)
                }
            }
        }
    }

    /// What is explained at the points of spans.
    private func targets(_ spans: [PointSpan]) -> PointTargets {
        if settings.target == .layerMean { return .layerMean }
        return .classes(
            spans.flatMap { span in
                let target = span.state.now.target ?? 0
                return [Int](repeating: target, count: span.count)
            })
    }

    /// Notes the items' targets and scores, and those of their baselines, where runs against these are the only ones.
    private func settlePairs(_ spans: [PointSpan], _ result: PointGradients) throws {
        let classes = result.logits.count / max(result.scores.count, 1)
        try settle(
            spans.map(\.state), logits: spans.flatMap { result.logits[$0.start * classes..<($0.start + 1) * classes] },
            layerMeans: spans.map { Double(result.scores[$0.start]) })
        for span in spans {
            let scores = result.referenceScores[span.start..<span.start + span.count].map(Double.init)
            span.state.changing.withLock { $0.baseScores += scores }
        }
    }
}

/// Some consecutive points of one item in a batch.
struct PointSpan: Sendable {
    let state: ItemState
    let first: Int
    let count: Int
    /// Points of the item in all batches.
    let total: Int
    /// Where they start in the batch.
    let start: Int

    /// The same points in pieces of at most `most`.
    func parts(of most: Int) -> [PointSpan] {
        stride(from: 0, to: count, by: most).map {
            PointSpan(state: state, first: first + $0, count: min(most, count - $0), total: total, start: start + $0)
        }
    }
}
