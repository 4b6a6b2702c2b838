// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// A function of two numbers with its derivatives, for operators that broadcast.
package protocol PairFunction: Sendable {
    func value<T: Scalar>(_ a: T, _ b: T) -> T
    /// The derivatives by `a` and by `b`, where the function's value is `y`.
    func slopes<T: Scalar>(_ a: T, _ b: T, _ y: T) -> (T, T)
    /// DeepLIFT's multipliers for item (a, b) and reference (a0, b0): `Δy = ma·Δa + mb·Δb` must hold. nil: there is no rule.
    func multipliers<T: Scalar>(_ a: T, _ b: T, _ a0: T, _ b0: T) -> (T, T)?
    /// Whether guided backpropagation and deconvolution have a rule for it, as an activation of `a`.
    var isActivation: Bool { get }
    /// The same function of the kernel library, for float32.
    var kernel: BinaryFunction? { get }
}

extension PairFunction {
    package var isActivation: Bool { false }
    package var kernel: BinaryFunction? { nil }

    /// The average of the two orders in which a and b can be changed from reference to item (the Shapley value of two players):
    /// for a product it is (b + b0)/2 and (a + a0)/2, for a sum the derivative; it always adds up to Δy.
    package func multipliers<T: Scalar>(_ a: T, _ b: T, _ a0: T, _ b0: T) -> (T, T)? {
        let (y, y0, first, second) = (value(a, b), value(a0, b0), value(a, b0), value(a0, b))
        let slopes = slopes(a, b, y)
        let da = abs(a - a0) < 1e-10 ? slopes.0 : ((first - y0) + (y - second)) / (2 * (a - a0))
        let db = abs(b - b0) < 1e-10 ? slopes.1 : ((second - y0) + (y - first)) / (2 * (b - b0))
        return (da, db)
    }
}

/// The operator of a binary function: numbers of any floating-point type, broadcast, in any layout.
package struct Binary: Operator {
    private let float: BinaryLoops<Float>
    private let double: BinaryLoops<Double>
    private let library: BinaryFunction?
    /// The same function for integers, where the operator has one.
    private let integers: (@Sendable (Int, Int) -> Int?)?

    @inline(__always)
    package init<F: PairFunction>(_ function: F, integers: (@Sendable (Int, Int) -> Int?)? = nil) {
        float = BinaryLoops(function)
        double = BinaryLoops(function)
        library = function.kernel
        self.integers = integers
    }

    package func wish(_ inputs: [Fact?]) -> LayoutWish { .broadcast }

    package func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let (a, b) = (try node.input(0, of: inputs), try node.input(1, of: inputs))
        guard a.type == b.type else { throw node.misfit("inputs of types \(a.type.rawValue) and \(b.type.rawValue)") }
        guard let shape = a.shape.broadcast(with: b.shape) else {
            throw node.misfit("shapes \(a.shape.text) and \(b.shape.text) don't broadcast")
        }
        let output = Fact(a.type, try node.checked(shape), layout: layout)
        let walk = BroadcastWalk(layout.stored(a.shape), layout.stored(b.shape), output.storedShape)
        if a.type.isFloat { return .kernel([output], BinaryKernel(float: float, double: double, library: library, walk: walk)) }
        guard let integers, a.type != .bool else { throw node.unsupported("element type \(a.type.rawValue)") }
        return .kernel([output], IntegerBinaryKernel(function: integers, walk: walk))
    }
}

/// How two operands run along the output of a broadcasting operator, axes merged where they can be.
package struct BroadcastWalk: Sendable {
    /// Extents and the two operands' strides, outermost first; the last is the inner loop.
    package private(set) var extents: [Int] = []
    package private(set) var a: [Int] = []
    package private(set) var b: [Int] = []
    package let count: Int

    package init(_ shapeA: Shape, _ shapeB: Shape, _ shape: Shape) {
        count = shape.elementCount
        let stridesA = shapeA.strides(broadcastTo: shape)
        let stridesB = shapeB.strides(broadcastTo: shape)
        for axis in shape.indices where shape[axis] != 1 {
            if let last = extents.indices.last, a[last] == stridesA[axis] * shape[axis], b[last] == stridesB[axis] * shape[axis] {
                extents[last] *= shape[axis]
                a[last] = stridesA[axis]
                b[last] = stridesB[axis]
            } else {
                extents.append(shape[axis])
                a.append(stridesA[axis])
                b.append(stridesB[axis])
            }
        }
        if extents.isEmpty { (extents, a, b) = ([1], [0], [0]) }
    }

    /// Whether both operands have the output's shape.
    package var isPlain: Bool { extents.count == 1 && a[0] == 1 && b[0] == 1 }

    /// Calls `body(output index, index in a, index in b)` for every element, in the order of the output.
    @inline(__always)
    package func forEach(_ body: (Int, Int, Int) -> Void) {
        let (stepA, stepB) = (a[a.count - 1], b[b.count - 1])
        forEachRun { out, startA, startB, length in
            for i in 0..<length { body(out + i, startA + i * stepA, startB + i * stepB) }
        }
    }

    /// Calls `body(output index, index in a, index in b, length)` for every run along the innermost axis, in the order of the output.
    @inline(__always)
    package func forEachRun(_ body: (Int, Int, Int, Int) -> Void) {
        guard count > 0, let inner = extents.last else { return }
        var position = [Int](repeating: 0, count: extents.count)
        var (out, startA, startB) = (0, 0, 0)
        while true {
            body(out, startA, startB, inner)
            out += inner
            var axis = extents.count - 2
            while axis >= 0 {
                position[axis] += 1
                startA += a[axis]
                startB += b[axis]
                if position[axis] < extents[axis] { break }
                startA -= a[axis] * extents[axis]
                startB -= b[axis] * extents[axis]
                position[axis] = 0
                axis -= 1
            }
            if axis < 0 { return }
        }
    }

    /// The operands' distances along the innermost axis.
    package var steps: (a: Int, b: Int) { (a[a.count - 1], b[b.count - 1]) }
}

private struct BinaryLoops<T: Scalar>: Sendable {
    let forward: @Sendable (_ a: Region<T>, _ b: Region<T>, _ y: Region<T>, BroadcastWalk) -> Void
    let reverse: @Sendable (_ run: ReverseRun, _ g: Region<T>, BroadcastWalk) -> Void

    @inline(__always)
    init<F: PairFunction>(_ function: F) {
        forward = { a, b, y, walk in
            if walk.isPlain {
                y.set(a, b) { function.value($0, $1) }
            } else {
                let steps = walk.steps
                walk.forEachRun { out, fromA, fromB, length in
                    y.set(length, at: out, a, fromA, step: steps.a, b, fromB, step: steps.b) { function.value($0, $1) }
                }
            }
        }
        reverse = { run, g, walk in
            guard let a = run.inputs[0]?.region(T.self), let b = run.inputs[1]?.region(T.self) else { return }
            let (ga, gb) = (run.inputGradients[0]?.region(T.self), run.inputGradients[1]?.region(T.self))
            let rule = function.isActivation ? run.rule : run.rule == .rescale ? .rescale : .gradient
            guard rule == .gradient else { return Self.reverse(function, rule, run, g, walk, a, b) }
            let steps = walk.steps
            walk.forEachRun { out, fromA, fromB, length in
                ga?.add(length, at: fromA, step: steps.a, g, out, a, fromA, step: steps.a, b, fromB, step: steps.b) {
                    $0 * function.slopes($1, $2, function.value($1, $2)).0
                }
                gb?.add(length, at: fromB, step: steps.b, g, out, a, fromA, step: steps.a, b, fromB, step: steps.b) {
                    $0 * function.slopes($1, $2, function.value($1, $2)).1
                }
            }
        }
    }

    /// The rules that need more than the derivative.
    private static func reverse<F: PairFunction>(
        _ function: F, _ rule: Rule, _ run: ReverseRun, _ g: Region<T>, _ walk: BroadcastWalk, _ a: Region<T>, _ b: Region<T>
    ) {
        let (ga, gb) = (run.inputGradients[0]?.region(T.self), run.inputGradients[1]?.region(T.self))
        var references: (Region<T>, Region<T>)?
        if rule == .rescale, let a0 = run.referenceInputs[0]?.region(T.self), let b0 = run.referenceInputs[1]?.region(T.self) {
            references = (a0, b0)
        }
        walk.forEach { i, ia, ib in
            let slopes: (T, T)
            if let (a0, b0) = references, let multipliers = function.multipliers(a[ia], b[ib], a0[ia], b0[ib]) {
                slopes = multipliers
            } else {
                slopes = function.slopes(a[ia], b[ib], function.value(a[ia], b[ib]))
            }
            if let ga {
                switch rule {
                case .guided: ga[ia] += ActivationRules.positive(g[i]) * slopes.0
                case .deconvolution: ga[ia] += ActivationRules.positive(g[i])
                default: ga[ia] += g[i] * slopes.0
                }
            }
            if let gb { gb[ib] += g[i] * slopes.1 }
        }
    }
}

struct BinaryKernel: Kernel {
    fileprivate let float: BinaryLoops<Float>
    fileprivate let double: BinaryLoops<Double>
    let library: BinaryFunction?
    let walk: BroadcastWalk

    func reverseReads(_ rule: Rule) -> ReverseReads { .inputs }
    func supports(_ rule: Rule) -> Bool { true }

    func forward(_ run: ForwardRun) {
        guard let a = run.inputs[0], let b = run.inputs[1], let y = run.outputs[0] else { return }
        if y.type == .float32 {
            if let library, apply(library, a.region(), b.region(), y.region(), run.workers) { return }
            float.forward(a.region(), b.region(), y.region(), walk)
        } else {
            double.forward(a.region(), b.region(), y.region(), walk)
        }
    }

    /// The forms that the kernel library has: two tensors of one shape, a tensor and a number, a tensor and a row for all of its rows.
    private func apply(_ function: BinaryFunction, _ a: Region<Float>, _ b: Region<Float>, _ y: Region<Float>, _ workers: Workers?) -> Bool
    {
        let count = walk.count
        switch (walk.extents.count, walk.steps.a, walk.steps.b) {
        case (1, 1, 1): Elementwise.apply(function, count: count, a, b, output: y, workers: workers)
        case (1, 1, 0): Elementwise.apply(function, count: count, a, scalar: b[0], output: y, workers: workers)
        case (1, 0, 1): Elementwise.apply(function, count: count, b, scalar: a[0], scalarFirst: true, output: y, workers: workers)
        case (2, 1, 1) where walk.b[0] == 0 && walk.a[0] == walk.extents[1]:
            Elementwise.applyToRows(function, rows: walk.extents[0], channels: walk.extents[1], a, row: b, output: y, workers: workers)
        case (2, 1, 1) where walk.a[0] == 0 && walk.b[0] == walk.extents[1] && (function == .add || function == .multiply):
            Elementwise.applyToRows(function, rows: walk.extents[0], channels: walk.extents[1], b, row: a, output: y, workers: workers)
        default: return false
        }
        return true
    }

    func reverse(_ run: ReverseRun) {
        guard let g = run.outputGradients[0] else { return }
        if g.type == .float32 { float.reverse(run, g.region(), walk) } else { double.reverse(run, g.region(), walk) }
    }
}

/// A binary function of integers: shape arithmetic, mostly. A result that doesn't exist (division by zero) or doesn't fit wraps to what fits.
private struct IntegerBinaryKernel: Kernel {
    let function: @Sendable (Int, Int) -> Int?
    let walk: BroadcastWalk

    func gradientInputs(_ inputs: [Fact?]) -> [Int] { [] }

    func forward(_ run: ForwardRun) {
        guard let a = run.inputs[0], let b = run.inputs[1], let y = run.outputs[0] else { return }
        func loop<T: Element & FixedWidthInteger>(_: T.Type) {
            let (a, b, y) = (a.region(T.self), b.region(T.self), y.region(T.self))
            walk.forEach { y[$0] = T(truncatingIfNeeded: function(Int(truncatingIfNeeded: a[$1]), Int(truncatingIfNeeded: b[$2])) ?? 0) }
        }
        switch y.type {
        case .int64: loop(Int64.self)
        case .int32: loop(Int32.self)
        case .int16: loop(Int16.self)
        case .int8: loop(Int8.self)
        case .uint64: loop(UInt64.self)
        case .uint32: loop(UInt32.self)
        case .uint16: loop(UInt16.self)
        case .uint8: loop(UInt8.self)
        case .bool, .float32, .float64: break
        }
    }
}
