// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// LayerNormalization, InstanceNormalization, GroupNormalization and their like: runs of elements taken to mean 0 and variance 1, then scaled and shifted.
struct RunNormalisation: Sendable {
    /// Elements of a run; runs follow each other in row-major order.
    let length: Int
    let epsilon: Double
    /// The variance is the mean square: no mean is taken off (RMSNormalization).
    var keepsMean = false
    /// The place of an element's scale and shift: `(index / scaleInner) % scaleCount`.
    let scaleInner: Int
    let scaleCount: Int
}

/// Outputs: 0 the normalised tensor; mean and inverse standard deviation where they are asked for.
struct RunNormalisationKernel: ScalarKernel {
    let form: RunNormalisation

    func reverseReads(_ rule: Rule) -> ReverseReads { .inputs }
    func supports(_ rule: Rule) -> Bool { true }

    private func place(_ index: Int) -> Int { (index / form.scaleInner) % form.scaleCount }

    /// Mean and inverse standard deviation of a run, in double precision: the sums are long and their difference is small.
    private func moments<T: Scalar>(_ x: Region<T>, _ start: Int) -> (mean: Double, inverse: Double) {
        let count = Double(form.length)
        var mean = 0.0
        if !form.keepsMean {
            for i in start..<start + form.length { mean += Double(x[i]) }
            mean /= count
        }
        var square = 0.0
        for i in start..<start + form.length {
            let d = Double(x[i]) - mean
            square += d * d
        }
        return (mean, 1 / (square / count + form.epsilon).squareRoot())
    }

    func forward<T: Scalar>(_ run: ForwardRun, as _: T.Type) {
        guard let x = run.inputs[0]?.region(T.self), let y = run.outputs[0]?.region(T.self), form.length > 0 else { return }
        let (scale, shift) = parameters(run.inputs, T.self)
        for number in 0..<x.count / form.length {
            let start = number * form.length
            let (mean, inverse) = moments(x, start)
            for i in start..<start + form.length {
                let normal = T((Double(x[i]) - mean) * inverse)
                y[i] = normal * (scale?[place(i)] ?? 1) + (shift?[place(i)] ?? 0)
            }
            for (index, value) in [(1, mean), (2, inverse)] where run.outputs.count > index {
                guard let extra = run.outputs[index] else { continue }
                if extra.type == .float32 {
                    extra.region(Float.self)[number] = Float(value)
                } else {
                    extra.region(Double.self)[number] = value
                }
            }
        }
    }

    private func parameters<T: Scalar>(_ inputs: [Tensor?], _: T.Type) -> (Region<T>?, Region<T>?) {
        (inputs.count > 1 ? inputs[1]?.region(T.self) : nil, inputs.count > 2 ? inputs[2]?.region(T.self) : nil)
    }

    func reverse<T: Scalar>(_ run: ReverseRun, as _: T.Type) {
        guard let x = run.inputs[0]?.region(T.self), form.length > 0 else { return }
        func gradient(_ index: Int) -> Region<T>? { index < run.outputGradients.count ? run.outputGradients[index]?.region() : nil }
        let (g, byMean, byInverse) = (gradient(0), gradient(1), gradient(2))
        let (scale, _) = parameters(run.inputs, T.self)
        let into = run.inputGradients[0]?.region(T.self)
        let gradients = (
            run.inputGradients.count > 1 ? run.inputGradients[1]?.region(T.self) : nil,
            run.inputGradients.count > 2 ? run.inputGradients[2]?.region(T.self) : nil
        )
        let reference = run.rule == .rescale ? run.referenceInputs[0]?.region(T.self) : nil
        for number in 0..<x.count / form.length {
            let start = number * form.length
            let (mean, inverse) = moments(x, start)
            // The gradient that reaches the normalised elements.
            let inner = (start..<start + form.length).map { i in g.map { Double($0[i] * (scale?[place(i)] ?? 1)) } ?? 0 }
            for i in start..<start + form.length {
                guard let g else { break }
                gradients.0?[place(i)] += g[i] * T((Double(x[i]) - mean) * inverse)
                gradients.1?[place(i)] += g[i]
            }
            guard let into else { continue }
            let row = reference.map { rescaled(x, $0, start, inner, (mean, inverse)) } ?? derivative(x, start, inner, mean, inverse)
            for (offset, value) in row.enumerated() { into[start + offset] += T(value) }
            // What the mean and the inverse deviation count, where they are outputs that are used.
            let (m, v) = (byMean.map { Double($0[number]) } ?? 0, byInverse.map { Double($0[number]) } ?? 0)
            guard m != 0 || v != 0 else { continue }
            let (share, slope) = (m / Double(form.length), -v * inverse * inverse * inverse / Double(form.length))
            for i in start..<start + form.length { into[i] += T(share + slope * (Double(x[i]) - mean)) }
        }
    }

    private func derivative<T: Scalar>(_ x: Region<T>, _ start: Int, _ g: [Double], _ mean: Double, _ inverse: Double) -> [Double] {
        let count = Double(form.length)
        let normal = (start..<start + form.length).map { (Double(x[$0]) - mean) * inverse }
        let sum = form.keepsMean ? 0 : g.reduce(0, +) / count
        let product = zip(g, normal).reduce(0) { $0 + $1.0 * $1.1 } / count
        return g.indices.map { inverse * (g[$0] - sum - normal[$0] * product) }
    }

    /// DeepLIFT: the normalised element is a product of the centred element and the inverse deviation, so each takes the average of the other; the
    /// deviation is a function of one number (rescale) of a mean of squares (rescale each).
    private func rescaled<T: Scalar>(_ x: Region<T>, _ x0: Region<T>, _ start: Int, _ g: [Double], _ item: (mean: Double, inverse: Double))
        -> [Double]
    {
        let count = Double(form.length)
        let other = moments(x0, start)
        let centred = (start..<start + form.length).map { Double(x[$0]) - item.mean }
        let centred0 = (start..<start + form.length).map { Double(x0[$0]) - other.mean }
        let (variance, variance0) = (centred.reduce(0) { $0 + $1 * $1 } / count, centred0.reduce(0) { $0 + $1 * $1 } / count)
        let slope = ActivationRules.multiplier(variance, item.inverse, variance0, other.inverse) {
            -0.5 * item.inverse * item.inverse * item.inverse
        }
        let byInverse = g.indices.reduce(0) { $0 + g[$1] * (centred[$1] + centred0[$1]) / 2 } * slope
        let byCentred = g.indices.map { g[$0] * (item.inverse + other.inverse) / 2 + byInverse * (centred[$0] + centred0[$0]) / count }
        let mean = form.keepsMean ? 0 : byCentred.reduce(0, +) / count
        return byCentred.map { $0 - mean }
    }
}

/// The operators of this family.
struct GroupNormalisationOperator: Operator {
    enum Kind: Sendable {
        case layer(axis: Int)
        case rootMeanSquare(axis: Int)
        case instance
        case group(count: Int, perChannel: Bool)
    }

    let kind: Kind
    let epsilon: Double

    /// Channels last for what the kernel library has: the statistics of an item's groups of channels, scaled by constants.
    func wish(_ inputs: [Fact?]) -> LayoutWish {
        switch kind {
        case .layer, .rootMeanSquare: return .rowMajor
        case .group(_, perChannel: false): return .rowMajor
        case .instance, .group:
            guard let input = inputs.first ?? nil, input.type == .float32, input.shape.count >= 3, hasConstantScales(inputs) else {
                return .rowMajor
            }
            return .follow
        }
    }

    private func hasConstantScales(_ inputs: [Fact?]) -> Bool {
        inputs.count == 3 && inputs[1]?.constant != nil && inputs[2]?.constant != nil
    }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        let (shape, rank) = (input.shape, input.shape.count)
        guard input.type.isFloat, rank > 0 else { throw node.unsupported("element type \(input.type.rawValue)") }
        for index in 1..<max(1, inputs.count) {
            guard inputs[index]?.type ?? input.type == input.type else { throw node.unsupported("a mix of element types") }
        }
        guard node.rule != .rescale || inputs.count < 2 || inputs[1] == nil || inputs[1]?.constant != nil else {
            throw node.unsupported("the rescale rule for a scale that depends on the items")
        }
        func parameter(_ index: Int, count: Int) throws {
            guard index < inputs.count, let fact = inputs[index] else { return }
            guard fact.shape.elementCount == count else {
                throw node.misfit("input \(index), \(fact.shape.text), does not fit \(shape.text)")
            }
        }
        var outputs = [Fact(input.type, shape)]
        switch kind {
        case .layer(let axis), .rootMeanSquare(let axis):
            let place = try node.axis(axis, rank: rank)
            let length = shape[place...].reduce(1, *)
            var keepsMean = false
            if case .rootMeanSquare = kind { keepsMean = true }
            let scaleShape = inputs.count > 1 ? inputs[1]?.shape ?? [] : []
            guard scaleShape.elementCount == length || scaleShape.elementCount == 1 else {
                throw node.unsupported("a scale of shape \(scaleShape.text) for \(shape.text)")
            }
            try parameter(2, count: scaleShape.elementCount)
            guard node.outputCount == 1 || node.rule != .rescale else {
                throw node.unsupported("the rescale rule for mean and deviation as outputs")
            }
            if !keepsMean {
                let statistics = Array(shape[..<place]) + shape[place...].map { _ in 1 }
                if node.outputCount > 1 { outputs.append(Fact(input.type, statistics)) }
                if node.outputCount > 2 { outputs.append(Fact(input.type, statistics)) }
            }
            let form = RunNormalisation(
                length: length, epsilon: epsilon, keepsMean: keepsMean, scaleInner: 1, scaleCount: scaleShape.elementCount)
            let constant = (1..<inputs.count).allSatisfy { inputs[$0] == nil || inputs[$0]?.constant != nil }
            if input.type == .float32, !keepsMean, constant, outputs.count == 1, scaleShape.elementCount == length, length > 0,
                node.rule != .rescale
            {
                let rows = shape.elementCount / length
                return .kernel(
                    outputs, kept: [Fact(.float32, [2 * rows])],
                    LayerNormalisationKernel(rows: rows, count: length, epsilon: Float(epsilon)))
            }
            return .kernel(outputs, RunNormalisationKernel(form: form))
        case .instance, .group:
            guard rank >= 2, shape[1] > 0 else { throw node.misfit("input \(shape.text) has no channels") }
            let inner = shape[2...].reduce(1, *)
            var groups = shape[1]
            var perChannel = true
            if case .group(let count, let each) = kind { (groups, perChannel) = (count, each) }
            guard groups > 0, shape[1] % groups == 0 else {
                throw node.misfit("\(groups) groups of the \(shape[1]) channels of \(shape.text)")
            }
            let scales = perChannel ? shape[1] : groups
            for index in [1, 2] { try parameter(index, count: scales) }
            if layout == .channelsLast, !Layout.coincide(for: shape) {
                let kernel = ChannelGroupsKernel(
                    items: shape[0], length: inner, channels: shape[1], groups: groups, epsilon: Float(epsilon),
                    plain: RunNormalisationKernel(
                        form: RunNormalisation(
                            length: shape[1] / groups * inner, epsilon: epsilon, scaleInner: inner, scaleCount: shape[1])), shape: shape)
                return .kernel(
                    [Fact(input.type, shape, layout: layout)], kept: [Fact(.float32, [2 * shape[0] * groups])], kernel)
            }
            return .kernel(
                outputs,
                RunNormalisationKernel(
                    form: RunNormalisation(
                        length: shape[1] / groups * inner, epsilon: epsilon,
                        scaleInner: max(1, perChannel ? inner : shape[1] / groups * inner), scaleCount: scales)))
        }
    }
}

let groupNormalisationOperators: [OperatorEntry] = [
    OperatorEntry("LayerNormalization", since: 17) { node in
        node.ignore("stash_type")
        return GroupNormalisationOperator(
            kind: .layer(axis: try node.int("axis", default: -1)), epsilon: Double(try node.float("epsilon", default: 1e-5)))
    },
    OperatorEntry("RMSNormalization", since: 23) { node in
        node.ignore("stash_type")
        return GroupNormalisationOperator(
            kind: .rootMeanSquare(axis: try node.int("axis", default: -1)), epsilon: Double(try node.float("epsilon", default: 1e-5)))
    },
    OperatorEntry("InstanceNormalization", since: 6) { node in
        GroupNormalisationOperator(kind: .instance, epsilon: Double(try node.float("epsilon", default: 1e-5)))
    },
    // Opset 18 had a scale for each group, opset 21 has one for each channel.
    OperatorEntry("GroupNormalization", since: 18) { node in
        node.ignore("stash_type")
        guard let groups = try node.int("num_groups") else { throw node.damaged("has no num_groups") }
        return GroupNormalisationOperator(
            kind: .group(count: groups, perChannel: node.opset >= 21), epsilon: Double(try node.float("epsilon", default: 1e-5)))
    },
    OperatorEntry("LpNormalization") { node in
        let power = try node.int("p", default: 2)
        guard power == 1 || power == 2 else { throw node.unsupported("p \(power)") }
        return LpNormalisationOperator(axis: try node.int("axis", default: -1), power: power)
    },
]
