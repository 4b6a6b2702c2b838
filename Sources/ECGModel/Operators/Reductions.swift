// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// ReduceSum and its like: one value for all elements along some axes.
struct ReductionOperator: Operator {
    enum Kind: Sendable { case sum, mean, maximum, minimum, product, l1, l2, logSum, logSumExp, sumSquare }

    private let kind: Kind
    private let axes: [Int]?
    private let keepsAxes: Bool
    /// No axes mean no reduction, not all of them.
    private let noneIsNone: Bool
    private let axesAreInput: Bool

    /// - Parameter inputSince: the opset from which the axes are an input.
    init(_ kind: Kind, _ node: NodeReader, inputSince: Int = 18) throws {
        self.kind = kind
        axesAreInput = node.opset >= inputSince
        axes = axesAreInput ? nil : try node.ints("axes")
        keepsAxes = try node.flag("keepdims", default: true)
        noneIsNone = try node.flag("noop_with_empty_axes")
    }

    /// The layout of the input, if what is left of the axes then lies in their order.
    func wish(_ inputs: [Fact?]) -> LayoutWish {
        guard let rank = inputs.first??.shape.count, rank > 2 else { return .rowMajor }
        let listed = listed(axesAreInput ? (inputs.count > 1 ? inputs[1]?.constant?.integers : nil) : axes)
        let reduced = Set(listed?.map { $0 < 0 ? $0 &+ rank : $0 } ?? Array(0..<rank))
        return keepsAxes || reduced.contains(1) || (2..<rank).allSatisfy(reduced.contains) ? .follow : .rowMajor
    }

    /// The axes to reduce; nil for all.
    private func listed(_ given: [Int]?) -> [Int]? {
        if let given, !given.isEmpty { return given }
        return noneIsNone ? [] : nil
    }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        let rank = input.shape.count
        let listed = listed(try axesAreInput ? node.constantIntegers(1, of: inputs) : axes)
        let reduced = Set(try listed?.map { try node.axis($0, rank: rank) } ?? Array(0..<rank))
        let kept = input.shape.indices.map { reduced.contains($0) ? 1 : input.shape[$0] }
        let shape = keepsAxes ? kept : input.shape.indices.filter { !reduced.contains($0) }.map { input.shape[$0] }
        let output = Fact(input.type, shape, layout: keepsAxes ? layout : .rowMajor)
        let stored = Set(reduced.map { layout.storedAxis($0, rank: rank) })
        if input.type.isFloat, kind == .sum || kind == .mean, let kernel = RunReductionKernel(input.storedShape, stored, kind == .mean) {
            return .kernel([output], kernel)
        }
        let walk = ReductionWalk(input.storedShape, reduced: stored)
        if input.type.isFloat { return .kernel([output], ReductionKernel(kind: kind, walk: walk)) }
        guard input.type != .bool || kind == .maximum || kind == .minimum else { throw node.unsupported("element type bool") }
        guard [.sum, .mean, .maximum, .minimum, .product, .l1, .sumSquare].contains(kind) else {
            throw node.unsupported("element type \(input.type.rawValue)")
        }
        return .kernel([output], IntegerReductionKernel(kind: kind, walk: walk))
    }
}

/// How a reduction runs: for each output element the place of its first input element, and the offsets of all that belong to it.
struct ReductionWalk: Sendable {
    let bases: [Int]
    let offsets: [Int]

    init(_ shape: Shape, reduced: Set<Int>) {
        let strides = shape.strides
        func places(_ axes: [Int]) -> [Int] {
            axes.reduce([0]) { places, axis in places.flatMap { place in (0..<shape[axis]).map { place + $0 * strides[axis] } } }
        }
        bases = places(shape.indices.filter { !reduced.contains($0) })
        offsets = places(shape.indices.filter { reduced.contains($0) })
    }
}

private struct ReductionKernel: ScalarKernel {
    let kind: ReductionOperator.Kind
    let walk: ReductionWalk

    func reverseReads(_ rule: Rule) -> ReverseReads { kind == .sum || kind == .mean ? .none : .all }

    /// Sums are linear; the extrema have the rule of max pooling; the others are sums of, and functions of, one number.
    func supports(_ rule: Rule) -> Bool { rule != .rescale || kind != .product }

    func forward<T: Scalar>(_ run: ForwardRun, as _: T.Type) {
        guard let x = run.inputs[0]?.region(T.self), let y = run.outputs[0]?.region(T.self) else { return }
        for (index, base) in walk.bases.enumerated() { y[index] = value(x, base) }
    }

    private func value<T: Scalar>(_ x: Region<T>, _ base: Int) -> T {
        func sum(_ term: (T) -> T) -> T { walk.offsets.reduce(0) { $0 + term(x[base + $1]) } }
        switch kind {
        case .sum: return sum { $0 }
        case .mean: return sum { $0 } / T(walk.offsets.count)
        case .maximum: return extreme(x, base).map { x[$0] } ?? -.infinity
        case .minimum: return extreme(x, base).map { x[$0] } ?? .infinity
        case .product: return walk.offsets.reduce(1) { $0 * x[base + $1] }
        case .l1: return sum { $0.magnitude }
        case .l2: return sum { $0 * $0 }.squareRoot()
        case .logSum: return T.log(sum { $0 })
        case .logSumExp:
            let top = walk.offsets.reduce(-T.infinity) { max($0, x[base + $1]) }
            guard top.isFinite else { return walk.offsets.contains { x[base + $0].isNaN } ? .nan : top }
            return top + T.log(sum { T.exp($0 - top) })
        case .sumSquare: return sum { $0 * $0 }
        }
    }

    /// Where the largest (smallest) element is; the first of equals, and NaN before all.
    private func extreme<T: Scalar>(_ x: Region<T>, _ base: Int) -> Int? {
        var best: Int?
        for offset in walk.offsets {
            let place = base + offset
            guard let known = best else {
                best = place
                continue
            }
            if x[known].isNaN { break }
            if x[place].isNaN || (kind == .maximum ? x[place] > x[known] : x[place] < x[known]) { best = place }
        }
        return best
    }

    func reverse<T: Scalar>(_ run: ReverseRun, as _: T.Type) {
        guard let g = run.outputGradients[0]?.region(T.self), let into = run.inputGradients[0]?.region(T.self) else { return }
        if kind == .sum || kind == .mean {
            let share = kind == .mean ? T(walk.offsets.count) : 1
            for (index, base) in walk.bases.enumerated() { for offset in walk.offsets { into[base + offset] += g[index] / share } }
            return
        }
        guard let x = run.inputs[0]?.region(T.self), let y = run.outputs[0]?.region(T.self) else { return }
        let references = run.rule == .rescale ? run.referenceInputs[0]?.region(T.self) : nil
        for (index, base) in walk.bases.enumerated() {
            if let x0 = references {
                rescale(x, x0, base, g[index], into)
            } else {
                gradient(x, y[index], base, g[index], into)
            }
        }
    }

    private func gradient<T: Scalar>(_ x: Region<T>, _ y: T, _ base: Int, _ g: T, _ into: Region<T>) {
        switch kind {
        case .sum, .mean: break
        case .maximum, .minimum: if let place = extreme(x, base) { into[place] += g }
        case .product:
            // Without dividing by an element that may be zero.
            for offset in walk.offsets {
                into[base + offset] += g * walk.offsets.reduce(1) { $1 == offset ? $0 : $0 * x[base + $1] }
            }
        case .l1: for offset in walk.offsets { into[base + offset] += x[base + offset] > 0 ? g : x[base + offset] < 0 ? -g : 0 }
        case .l2: if y != 0 { for offset in walk.offsets { into[base + offset] += g * x[base + offset] / y } }
        case .logSum: for offset in walk.offsets { into[base + offset] += g / T.exp(y) }
        case .logSumExp: for offset in walk.offsets { into[base + offset] += g * T.exp(x[base + offset] - y) }
        case .sumSquare: for offset in walk.offsets { into[base + offset] += 2 * g * x[base + offset] }
        }
    }

    /// DeepLIFT: what is not linear is a function of one number (rescale) of a sum of functions of one number (rescale each).
    private func rescale<T: Scalar>(_ x: Region<T>, _ x0: Region<T>, _ base: Int, _ g: T, _ into: Region<T>) {
        if kind == .maximum || kind == .minimum {
            guard let place = extreme(x, base), let other = extreme(x0, base) else { return }
            let (y, y0) = (x[place], x0[other])
            let between = kind == .maximum ? max(y, y0) : min(y, y0)
            let (first, second) = (x[place] - x0[place], x[other] - x0[other])
            into[place] += g * (first.magnitude < 1e-10 ? 1 : (between - y0) / first)
            if second.magnitude >= 1e-10 { into[other] += g * (y - between) / second }
            return
        }
        // The numbers are taken off the larger maximum so that their exponentials stay in range.
        let top: T = kind == .logSumExp ? walk.offsets.reduce(-T.infinity) { max($0, max(x[base + $1], x0[base + $1])) } : 0
        func inner(_ v: T) -> T {
            switch kind {
            case .l1: v.magnitude
            case .l2, .sumSquare: v * v
            case .logSumExp: T.exp(v - top)
            default: v
            }
        }
        func innerSlope(_ v: T) -> T {
            switch kind {
            case .l1: v > 0 ? 1 : v < 0 ? -1 : 0
            case .l2, .sumSquare: 2 * v
            case .logSumExp: T.exp(v - top)
            default: 1
            }
        }
        func outer(_ s: T) -> T {
            switch kind {
            case .l2: s.squareRoot()
            case .logSum, .logSumExp: T.log(s)
            default: s
            }
        }
        let (s, s0) = (walk.offsets.reduce(0) { $0 + inner(x[base + $1]) }, walk.offsets.reduce(0) { $0 + inner(x0[base + $1]) })
        let multiplier = ActivationRules.multiplier(s, outer(s), s0, outer(s0)) {
            switch kind {
            case .l2: s > 0 ? 1 / (2 * s.squareRoot()) : 0
            case .logSum, .logSumExp: 1 / s
            default: 1
            }
        }
        for offset in walk.offsets {
            let (v, v0) = (x[base + offset], x0[base + offset])
            into[base + offset] += g * multiplier * ActivationRules.multiplier(v, inner(v), v0, inner(v0)) { innerSlope(v) }
        }
    }
}

/// Reductions of whole numbers; those that don't fit wrap.
private struct IntegerReductionKernel: Kernel {
    let kind: ReductionOperator.Kind
    let walk: ReductionWalk

    func gradientInputs(_ inputs: [Fact?]) -> [Int] { [] }

    func forward(_ run: ForwardRun) {
        guard let x = run.inputs[0]?.integers, let y = run.outputs[0] else { return }
        // What an extremum of nothing is: the other end of the type.
        let (lowest, highest) = y.type == .bool ? (0, 1) : (Int.min, Int.max)
        y.setIntegers(
            walk.bases.map { base in
                let elements = walk.offsets.lazy.map { x[base + $0] }
                switch kind {
                case .maximum: return elements.max() ?? lowest
                case .minimum: return elements.min() ?? highest
                case .product: return elements.reduce(1, &*)
                case .l1: return elements.reduce(0) { $0 &+ ($1 < 0 ? 0 &- $1 : $1) }
                case .sumSquare: return elements.reduce(0) { $0 &+ $1 &* $1 }
                case .mean: return walk.offsets.isEmpty ? 0 : elements.reduce(0, &+) / walk.offsets.count
                default: return elements.reduce(0, &+)
                }
            })
    }
}

let reductionOperators: [OperatorEntry] = [
    OperatorEntry("ReduceSum") { try ReductionOperator(.sum, $0, inputSince: 13) },
    OperatorEntry("ReduceMean") { try ReductionOperator(.mean, $0) },
    OperatorEntry("ReduceMax") { try ReductionOperator(.maximum, $0) },
    OperatorEntry("ReduceMin") { try ReductionOperator(.minimum, $0) },
    OperatorEntry("ReduceProd") { try ReductionOperator(.product, $0) },
    OperatorEntry("ReduceL1") { try ReductionOperator(.l1, $0) },
    OperatorEntry("ReduceL2") { try ReductionOperator(.l2, $0) },
    OperatorEntry("ReduceLogSum") { try ReductionOperator(.logSum, $0) },
    OperatorEntry("ReduceLogSumExp") { try ReductionOperator(.logSumExp, $0) },
    OperatorEntry("ReduceSumSquare") { try ReductionOperator(.sumSquare, $0) },
    OperatorEntry("ArgMax") { try ExtremePlaceOperator($0, largest: true) },
    OperatorEntry("ArgMin") { try ExtremePlaceOperator($0, largest: false) },
]
