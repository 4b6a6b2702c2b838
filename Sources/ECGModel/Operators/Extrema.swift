// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// The larger of two numbers; NaN wins. Where they are equal the first takes the gradient.
struct Maximum: PairFunction {
    func value<T: Scalar>(_ a: T, _ b: T) -> T { a >= b || a.isNaN ? a : b }
    func slopes<T: Scalar>(_ a: T, _ b: T, _ y: T) -> (T, T) { a >= b ? (1, 0) : (0, 1) }
}

/// The smaller of two numbers; NaN wins.
struct Minimum: PairFunction {
    func value<T: Scalar>(_ a: T, _ b: T) -> T { a <= b || a.isNaN ? a : b }
    func slopes<T: Scalar>(_ a: T, _ b: T, _ y: T) -> (T, T) { a <= b ? (1, 0) : (0, 1) }
}

/// aᵇ.
struct Power: PairFunction {
    func value<T: Scalar>(_ a: T, _ b: T) -> T { T.pow(a, b) }
    func slopes<T: Scalar>(_ a: T, _ b: T, _ y: T) -> (T, T) {
        // The usual exponents without a second power, which would be 0/0 for a = 0.
        let byBase: T = b == 2 ? 2 * a : b == 1 ? 1 : b == 0 ? 0 : b * T.pow(a, b - 1)
        return (byBase, a > 0 ? y * T.log(a) : 0)
    }
}

/// The remainder with the sign of the divisor, or, for `fmod`, of the dividend.
struct Remainder: PairFunction {
    let truncates: Bool

    func value<T: Scalar>(_ a: T, _ b: T) -> T {
        let remainder = a.truncatingRemainder(dividingBy: b)
        return !truncates && remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder
    }

    func slopes<T: Scalar>(_ a: T, _ b: T, _ y: T) -> (T, T) { (1, (y - a) / b) }
}

/// An operator of any number of inputs as a chain of one of two: Sum, Mean, Min, Max.
struct ChainOperator: Operator {
    let pair: Binary
    /// Mean: the chain's sum over the number of inputs.
    var divides = false

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let first = try node.input(0, of: inputs)
        var steps: [any Kernel] = []
        var current = first
        for index in inputs.indices.dropFirst() {
            let made = try pair.specialise([current, try node.input(index, of: inputs)], layout: layout, node: node)
            guard case .kernel(let kernel) = made.body else { throw node.unsupported("this form") }
            steps.append(kernel)
            current = made.outputs[0]
            current.constant = nil
        }
        if steps.isEmpty { return .view(first, as: first.shape) }
        return .kernel([current], ChainKernel(steps: steps, facts: inputs, pair: pair, divisor: divides ? inputs.count : 1))
    }
}

/// Runs the chain; what lies between the steps is in memory of its own, since such chains are short and rare.
private struct ChainKernel: Kernel {
    let steps: [any Kernel]
    let facts: [Fact?]
    let pair: Binary
    let divisor: Int

    func supports(_ rule: Rule) -> Bool { steps.allSatisfy { $0.supports(rule) } }

    func gradientInputs(_ inputs: [Fact?]) -> [Int] {
        inputs.indices.filter { inputs[$0]?.type.isFloat ?? false && inputs[$0]?.constant == nil }
    }

    /// The partial results, `[x0, x0∘x1, …]`; the last one is the output before the division.
    private func partials(_ inputs: [Tensor?]) -> [Tensor]? {
        guard let first = inputs[0] else { return nil }
        var partials = [first]
        var shape = first.shape
        for (index, step) in steps.enumerated() {
            guard let next = inputs[index + 1], let merged = shape.broadcast(with: next.shape) else { return nil }
            shape = merged
            let result = Tensor(type: first.type, shape: shape)
            step.forward(ForwardRun(inputs: [partials[index], next], outputs: [result], kept: [], scratch: nil, workers: nil))
            partials.append(result)
        }
        return partials
    }

    func forward(_ run: ForwardRun) {
        guard let y = run.outputs[0], let result = partials(run.inputs)?.last else { return }
        switch y.type {
        case .float32:
            let divisor = Float(divisor)
            y.region(Float.self).set(result.region(Float.self)) { $0 / divisor }
        case .float64:
            let divisor = Double(divisor)
            y.region(Double.self).set(result.region(Double.self)) { $0 / divisor }
        default: y.setIntegers(result.integers ?? [])
        }
    }

    func reverse(_ run: ReverseRun) {
        guard let g = run.outputGradients[0], let values = partials(run.inputs) else { return }
        let references = run.rule == .rescale ? partials(run.referenceInputs) : nil
        var gradient = Tensor(type: g.type, shape: g.shape)
        if g.type == .float32 {
            let divisor = Float(divisor)
            gradient.region(Float.self).set(g.region(Float.self)) { $0 / divisor }
        } else {
            let divisor = Double(divisor)
            gradient.region(Double.self).set(g.region(Double.self)) { $0 / divisor }
        }
        for index in steps.indices.reversed() {
            // The first operand of the first step is an input itself; the others are partial results.
            let into = index == 0 ? run.inputGradients[0] : Tensor(type: g.type, shape: values[index].shape)
            steps[index].reverse(
                ReverseRun(
                    rule: run.rule, inputs: [values[index], run.inputs[index + 1]], outputs: [values[index + 1]], kept: [],
                    referenceInputs: references.map { [$0[index], run.referenceInputs[index + 1]] } ?? [],
                    referenceOutputs: references.map { [$0[index + 1]] } ?? [], referenceKept: [], outputGradients: [gradient],
                    inputGradients: [into, run.inputGradients[index + 1]], accumulates: [true, true], scratch: nil, workers: nil))
            if let into, index > 0 { gradient = into }
        }
    }
}

/// Pow, whose exponent may be of another type than its base.
struct PowerOperator: Operator {
    private let general = Binary(
        Power(),
        integers: { base, exponent in
            guard exponent >= 0 else { return base == 1 ? 1 : base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0 }
            var (result, factor, rest) = (1, base, exponent)
            while rest > 0 {
                if rest & 1 == 1 { result = result &* factor }
                factor = factor &* factor
                rest >>= 1
            }
            return result
        })

    func wish(_ inputs: [Fact?]) -> LayoutWish { .broadcast }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let (base, exponent) = (try node.input(0, of: inputs), try node.input(1, of: inputs))
        if base.type == exponent.type { return try general.specialise(inputs, layout: layout, node: node) }
        guard let shape = base.shape.broadcast(with: exponent.shape) else {
            throw node.misfit("shapes \(base.shape.text) and \(exponent.shape.text) don't broadcast")
        }
        guard base.type != .bool, exponent.type != .bool else { throw node.unsupported("element type bool") }
        let output = Fact(base.type, try node.checked(shape), layout: layout)
        let walk = BroadcastWalk(layout.stored(base.shape), layout.stored(exponent.shape), output.storedShape)
        return .kernel([output], MixedPowerKernel(walk: walk))
    }
}

/// A power of two types, computed in double precision.
private struct MixedPowerKernel: Kernel {
    let walk: BroadcastWalk

    func gradientInputs(_ inputs: [Fact?]) -> [Int] { inputs[0]?.type.isFloat ?? false && inputs[0]?.constant == nil ? [0] : [] }
    func supports(_ rule: Rule) -> Bool { true }

    func forward(_ run: ForwardRun) {
        guard let a = run.inputs[0], let b = run.inputs[1], let y = run.outputs[0] else { return }
        let (bases, exponents) = (a.doubles, b.doubles)
        var values = [Double](repeating: 0, count: walk.count)
        walk.forEach { values[$0] = Double.pow(bases[$1], exponents[$2]) }
        switch y.type {
        case .float32: y.region(Float.self).copy(from: values.map { Float($0) })
        case .float64: y.region(Double.self).copy(from: values)
        default: y.setIntegers(values.map { Int(exactly: $0.rounded(.towardZero)) ?? 0 })
        }
    }

    func reverse(_ run: ReverseRun) {
        guard let a = run.inputs[0], let b = run.inputs[1], let g = run.outputGradients[0], let into = run.inputGradients[0] else { return }
        let (bases, exponents, gradients) = (a.doubles, b.doubles, g.doubles)
        let references = run.rule == .rescale ? run.referenceInputs[0]?.doubles : nil
        var sums = [Double](repeating: 0, count: bases.count)
        walk.forEach { i, ia, ib in
            let (x, e) = (bases[ia], exponents[ib])
            let y = Double.pow(x, e)
            var slope = Power().slopes(x, e, y).0
            if let x0 = references?[ia] { slope = ActivationRules.multiplier(x, y, x0, Double.pow(x0, e)) { slope } }
            sums[ia] += gradients[i] * slope
        }
        if into.type == .float32 {
            into.region(Float.self).add(Tensor(into.shape, sums.map { Float($0) }).region())
        } else {
            into.region(Double.self).add(Tensor(into.shape, sums).region())
        }
    }
}

let extremaOperators: [OperatorEntry] = [
    OperatorEntry("Max", since: 8) { _ in ChainOperator(pair: Binary(Maximum(), integers: { max($0, $1) })) },
    OperatorEntry("Min", since: 8) { _ in ChainOperator(pair: Binary(Minimum(), integers: { min($0, $1) })) },
    OperatorEntry("Sum", since: 8) { _ in ChainOperator(pair: Binary(Addition(), integers: { $0 &+ $1 })) },
    OperatorEntry("Mean", since: 8) { _ in ChainOperator(pair: Binary(Addition()), divides: true) },
    OperatorEntry("Pow", since: 7) { _ in PowerOperator() },
    OperatorEntry("Mod", since: 10) { node in
        let truncates = try node.flag("fmod")
        return Binary(
            Remainder(truncates: truncates),
            integers: { a, b in
                guard b != 0, b != -1 else { return 0 }
                let remainder = a % b
                return !truncates && remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder
            })
    },
]
