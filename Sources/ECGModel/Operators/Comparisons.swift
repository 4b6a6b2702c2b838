// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// A truth value for each pair of elements, broadcast: Equal, Greater, Less and their like, and the logical ones. No gradient flows.
struct ComparisonOperator: Operator {
    let floats: (@Sendable (Double, Double) -> Bool)?
    let integers: (@Sendable (Int, Int) -> Bool)?
    let truths: (@Sendable (Bool, Bool) -> Bool)?

    func wish(_ inputs: [Fact?]) -> LayoutWish { .broadcast }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let (a, b) = (try node.input(0, of: inputs), try node.input(1, of: inputs))
        guard a.type == b.type else { throw node.misfit("inputs of types \(a.type.rawValue) and \(b.type.rawValue)") }
        guard let shape = a.shape.broadcast(with: b.shape) else {
            throw node.misfit("shapes \(a.shape.text) and \(b.shape.text) don't broadcast")
        }
        let output = Fact(.bool, try node.checked(shape), layout: layout)
        let walk = BroadcastWalk(layout.stored(a.shape), layout.stored(b.shape), output.storedShape)
        switch a.type {
        case .float32, .float64:
            guard let floats else { break }
            return .kernel([output], ComparisonKernel(compare: .floats(floats), walk: walk))
        case .bool:
            guard let truths else { break }
            return .kernel([output], ComparisonKernel(compare: .truths(truths), walk: walk))
        default:
            guard let integers else { break }
            return .kernel([output], ComparisonKernel(compare: .integers(integers), walk: walk))
        }
        throw node.unsupported("element type \(a.type.rawValue)")
    }
}

private struct ComparisonKernel: Kernel {
    enum Compare: Sendable {
        case floats(@Sendable (Double, Double) -> Bool)
        case integers(@Sendable (Int, Int) -> Bool)
        case truths(@Sendable (Bool, Bool) -> Bool)
    }

    let compare: Compare
    let walk: BroadcastWalk

    func gradientInputs(_ inputs: [Fact?]) -> [Int] { [] }
    func supports(_ rule: Rule) -> Bool { true }

    func forward(_ run: ForwardRun) {
        guard let a = run.inputs[0], let b = run.inputs[1], let y = run.outputs[0]?.region(Bool.self) else { return }
        switch compare {
        case .floats(let function):
            let (a, b) = (a.doubles, b.doubles)
            walk.forEach { y[$0] = function(a[$1], b[$2]) }
        case .integers(let function):
            guard let a = a.integers, let b = b.integers else { return }
            walk.forEach { y[$0] = function(a[$1], b[$2]) }
        case .truths(let function):
            let (a, b) = (a.region(Bool.self), b.region(Bool.self))
            walk.forEach { y[$0] = function(a[$1], b[$2]) }
        }
    }
}

/// Not.
struct NotOperator: Operator {
    func wish(_ inputs: [Fact?]) -> LayoutWish { .follow }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        guard input.type == .bool else { throw node.unsupported("element type \(input.type.rawValue)") }
        return .kernel([Fact(.bool, input.shape, layout: layout)], NotKernel())
    }
}

private struct NotKernel: Kernel {
    func gradientInputs(_ inputs: [Fact?]) -> [Int] { [] }
    func forward(_ run: ForwardRun) {
        guard let x = run.inputs[0]?.region(Bool.self), let y = run.outputs[0]?.region(Bool.self) else { return }
        y.copy(from: x.elements.map { !$0 })
    }
}

let comparisonOperators: [OperatorEntry] = [
    OperatorEntry("Equal", since: 7) { _ in ComparisonOperator(floats: { $0 == $1 }, integers: { $0 == $1 }, truths: { $0 == $1 }) },
    OperatorEntry("Greater", since: 7) { _ in ComparisonOperator(floats: { $0 > $1 }, integers: { $0 > $1 }, truths: nil) },
    OperatorEntry("GreaterOrEqual", since: 12) { _ in ComparisonOperator(floats: { $0 >= $1 }, integers: { $0 >= $1 }, truths: nil) },
    OperatorEntry("Less", since: 7) { _ in ComparisonOperator(floats: { $0 < $1 }, integers: { $0 < $1 }, truths: nil) },
    OperatorEntry("LessOrEqual", since: 12) { _ in ComparisonOperator(floats: { $0 <= $1 }, integers: { $0 <= $1 }, truths: nil) },
    OperatorEntry("And", since: 7) { _ in ComparisonOperator(floats: nil, integers: nil, truths: { $0 && $1 }) },
    OperatorEntry("Or", since: 7) { _ in ComparisonOperator(floats: nil, integers: nil, truths: { $0 || $1 }) },
    OperatorEntry("Xor", since: 7) { _ in ComparisonOperator(floats: nil, integers: nil, truths: { $0 != $1 }) },
    OperatorEntry("Not") { _ in NotOperator() },
]
