// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// A target, resolved: the value that the reverse run starts from, and what its gradient is set to.
struct Seed: Sendable {
    let value: ValueIndex
    private let target: Target
    private let activation: OutputActivation
    /// Whether the value holds the probabilities themselves.
    private let isProbability: Bool

    init(_ target: Target, _ session: Session, count: Int) throws {
        self.target = target
        activation = session.activation
        func check(_ indices: [Int]) throws {
            let classes = session.outputShape.elementCount
            guard indices.count == 1 || indices.count == count else {
                throw ModelError(.misfit, "\(indices.count) targets for \(count) items")
            }
            guard let wrong = indices.first(where: { !(0..<classes).contains($0) }) else { return }
            throw ModelError(.misfit, "target \(wrong) is none of the model's \(classes) outputs")
        }
        switch target {
        case .logit(let indices), .probability(let indices): try check(indices)
        case .meanLogit, .predicted, .mean: break
        }
        value = try Self.value(target, session)
        isProbability = if case .probability = target { session.probabilities != nil } else { false }
    }

    /// The value that a target starts from.
    static func value(_ target: Target, _ session: Session) throws -> ValueIndex {
        switch target {
        case .logit, .meanLogit, .predicted: return session.logits
        case .probability:
            guard session.activation != .none else { throw ModelError(.misfit, "the model's output has no probabilities") }
            return session.probabilities ?? session.logits
        case .mean(let layer): return try session.layer(layer)
        }
    }

    /// Sets the gradient that the reverse run starts from, and notes the scores.
    func start(_ memory: PlanMemory, _ range: Range<Int>, _ result: Session.Gathered) {
        guard let gradient = memory.gradient(value), let values = memory.tensor(value), let fact = memory.plan.fact(value),
            case let count = fact.shape.first ?? 1, count > 0
        else { return }
        gradient.zero()
        let places = Places(fact)
        if gradient.type == .float32 {
            start(gradient.region(Float.self), values.region(), memory.reference(value)?.region(), count, places, range, result)
        } else {
            start(gradient.region(Double.self), values.region(), memory.reference(value)?.region(), count, places, range, result)
        }
    }

    /// Where an item's outputs lie in memory; targets count them row-major, as they are written.
    private struct Places {
        private let channels: Int
        private let inner: Int
        private let isRowMajor: Bool

        init(_ fact: Fact) {
            isRowMajor = fact.layout == .rowMajor || Layout.coincide(for: fact.shape)
            channels = isRowMajor ? 1 : fact.shape[1]
            inner = isRowMajor ? 1 : fact.shape[2...].reduce(1, *)
        }

        subscript(_ output: Int) -> Int { isRowMajor ? output : output % inner * channels + output / inner }

        /// The place of the largest element, the first of equals; the first of all if none is a number.
        func largest<T: Scalar>(_ x: Region<T>) -> Int {
            self[(0..<x.count).reduce(0) { x[self[$1]] > x[self[$0]] ? $1 : $0 }]
        }
    }

    private func start<T: Scalar>(
        _ gradient: Region<T>, _ values: Region<T>, _ references: Region<T>?, _ count: Int, _ places: Places, _ range: Range<Int>,
        _ result: Session.Gathered
    ) {
        let perItem = values.count / count
        for (place, item) in range.enumerated() {
            let own = place * perItem..<(place + 1) * perItem
            let (x, reference, g) = (values[own], references?[own], gradient[own])
            result.scores[item] = Float(score(x, item, places))
            if let reference {
                // of the class that is the item's largest, not the reference's own
                let isPredicted = target == .predicted
                result.references?[item] = Float(isPredicted ? reference[places.largest(x)] : score(reference, item, places))
            }
            switch target {
            case .meanLogit, .mean: g.fill(1 / T(perItem))
            case .logit(let indices): g[places[index(indices, item)]] = 1
            case .predicted: g[places.largest(x)] = 1
            case .probability(let indices):
                let t = places[index(indices, item)]
                if isProbability {
                    g[t] = 1
                } else if let reference {
                    seedMultipliers(g, x, reference, t)
                } else if activation == .sigmoid {
                    let p = T.sigmoid(x[t])
                    g[t] = p * (1 - p)
                } else {
                    let p = Self.softmax(x)
                    for c in 0..<perItem { g[c] = p[t] * ((c == t ? 1 : 0) - p[c]) }
                }
            }
        }
    }

    private func index(_ indices: [Int], _ item: Int) -> Int { indices.count == 1 ? indices[0] : indices[item] }

    private func score<T: Scalar>(_ x: Region<T>, _ item: Int, _ places: Places) -> T {
        switch target {
        case .meanLogit, .mean:
            var sum: T = 0
            for i in 0..<x.count { sum += x[i] }
            return sum / T(x.count)
        case .logit(let indices): return x[places[index(indices, item)]]
        case .predicted: return x[places.largest(x)]
        case .probability(let indices):
            let t = places[index(indices, item)]
            if isProbability { return x[t] }
            return activation == .sigmoid ? T.sigmoid(x[t]) : Self.softmax(x)[t]
        }
    }

    /// DeepLIFT's multipliers of a probability by the logits.
    private func seedMultipliers<T: Scalar>(_ g: Region<T>, _ x: Region<T>, _ x0: Region<T>, _ t: Int) {
        if activation == .sigmoid {
            let (p, p0) = (T.sigmoid(x[t]), T.sigmoid(x0[t]))
            g[t] = abs(x[t] - x0[t]) < 1e-10 ? p * (1 - p) : (p - p0) / (x[t] - x0[t])
            return
        }
        let line = SoftmaxMultipliers(x.elements.map { Double($0) }, x0.elements.map { Double($0) })
        for (c, multiplier) in line.ofSoftmax((0..<g.count).map { $0 == t ? 1 : 0 }).enumerated() { g[c] = T(multiplier) }
    }

    private static func softmax<T: Scalar>(_ x: Region<T>) -> [T] {
        let elements = x.elements
        let top = elements.max() ?? 0
        let powers = elements.map { T.exp($0 - top) }
        let sum = powers.reduce(0, +)
        return powers.map { $0 / sum }
    }
}
