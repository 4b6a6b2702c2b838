// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// Where: elements of one tensor or the other, by a truth value; all three broadcast.
struct WhereOperator: Operator {
    func wish(_ inputs: [Fact?]) -> LayoutWish { .broadcast }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let (condition, a, b) = (try node.input(0, of: inputs), try node.input(1, of: inputs), try node.input(2, of: inputs))
        guard condition.type == .bool, a.type == b.type else {
            throw node.misfit("inputs of types \(condition.type.rawValue), \(a.type.rawValue), \(b.type.rawValue)")
        }
        guard let pair = a.shape.broadcast(with: b.shape), let shape = pair.broadcast(with: condition.shape) else {
            throw node.misfit("shapes \(condition.shape.text), \(a.shape.text) and \(b.shape.text) don't broadcast")
        }
        let output = Fact(a.type, try node.checked(shape), layout: layout)
        let stored = output.storedShape
        func walk(_ fact: Fact) -> BroadcastWalk { BroadcastWalk(layout.stored(condition.shape), layout.stored(fact.shape), stored) }
        return .kernel([output], WhereKernel(walks: [walk(a), walk(b)], isFixed: condition.constant != nil))
    }
}

private struct WhereKernel: MovingKernel {
    /// For each of the two tensors: how the condition and it run along the output.
    let walks: [BroadcastWalk]
    /// Whether the choice is the same for every item (a mask): then the operator is linear, and multipliers pass to what was chosen. A choice that item and
    /// reference make differently has no rule: neither of the two tensors' differences is that of the result.
    let isFixed: Bool

    func reverseReads(_ rule: Rule) -> ReverseReads { .inputs }
    func supports(_ rule: Rule) -> Bool { isFixed || rule != .rescale }
    func gradientInputs(_ inputs: [Fact?]) -> [Int] { [1, 2].filter { inputs[$0]?.type.isFloat ?? false && inputs[$0]?.constant == nil } }

    func forward<T: FixedWidthInteger & BitwiseCopyable>(_ run: ForwardRun, as _: T.Type) {
        guard let condition = run.inputs[0]?.region(Bool.self), let y = run.outputs[0]?.region(T.self) else { return }
        for (index, walk) in walks.enumerated() {
            guard let x = run.inputs[index + 1]?.region(T.self) else { continue }
            let wanted = index == 0
            walk.forEach { if condition[$1] == wanted { y[$0] = x[$2] } }
        }
    }

    func reverse<T: Scalar>(_ run: ReverseRun, as _: T.Type) {
        guard let condition = run.inputs[0]?.region(Bool.self), let g = run.outputGradients[0]?.region(T.self) else { return }
        for (index, walk) in walks.enumerated() {
            guard let into = run.inputGradients[index + 1]?.region(T.self) else { continue }
            let wanted = index == 0
            walk.forEach { if condition[$1] == wanted { into[$2] += g[$0] } }
        }
    }
}

/// Clip: numbers held between two constants. An activation for the rules (it is how ReLU6 is written).
struct Clip: NumberFunction {
    let low: Double
    let high: Double
    // As ONNX and NumPy: where the bounds cross, the upper one wins.
    func value<T: Scalar>(_ x: T) -> T { x.isNaN ? x : min(max(x, T(low)), T(high)) }
    func slope<T: Scalar>(_ x: T, _ y: T) -> T { x > T(low) && x < T(high) ? 1 : 0 }
    var isActivation: Bool { true }
}

/// Clip with its bounds as attributes (before opset 11) or as inputs.
struct ClipOperator: Operator {
    private let low: Float?
    private let high: Float?

    init(_ node: NodeReader) throws {
        (low, high) = node.opset < 11 ? (try node.float("min"), try node.float("max")) : (nil, nil)
    }

    func wish(_ inputs: [Fact?]) -> LayoutWish { .follow }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        func bound(_ index: Int) throws -> Tensor? {
            guard let tensor = node.opset < 11 ? nil : try node.constant(index, of: inputs) else { return nil }
            guard tensor.count == 1 else { throw node.misfit("input \(index) is no single value") }
            return tensor
        }
        let (given, top) = (try bound(1), try bound(2))
        if input.type.isFloat {
            let clip = Clip(
                low: given?.doubles[0] ?? low.map { Double($0) } ?? -.infinity,
                high: top?.doubles[0] ?? high.map { Double($0) } ?? .infinity)
            return try Unary(clip).specialise([input], layout: layout, node: node)
        }
        guard input.type != .bool else { throw node.unsupported("element type bool") }
        let (least, most) = (given?.integers?.first ?? .min, top?.integers?.first ?? .max)
        return try UnaryOfNumbers(floats: Unary(Clip(low: 0, high: 0))) { min(max($0, least), most) }.specialise(
            [input], layout: layout, node: node)
    }
}

let selectionOperators: [OperatorEntry] = [
    OperatorEntry("Where", since: 9) { _ in WhereOperator() },
    OperatorEntry("Clip", since: 6) { try ClipOperator($0) },
]
