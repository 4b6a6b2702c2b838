// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// Pad with a constant, by reflection, by the edge or around; negative pads cut off.
struct PadOperator: Operator {
    private let mode: String
    private let pads: [Int]?
    private let value: Float

    init(_ node: NodeReader) throws {
        mode = try node.string("mode", default: "constant")
        guard ["constant", "reflect", "edge", "wrap"].contains(mode) else { throw node.unsupported("mode \(mode)") }
        pads = node.opset < 11 ? try node.ints("pads") : nil
        value = node.opset < 11 ? try node.float("value", default: 0) : 0
    }

    func wish(_ inputs: [Fact?]) -> LayoutWish { .follow }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        let rank = input.shape.count
        guard let listed = try pads ?? node.constantIntegers(1, of: inputs) else { throw node.damaged("has no pads") }
        let axes = node.opset < 18 ? nil : try node.constantIntegers(3, of: inputs)
        var (begin, end) = ([Int](repeating: 0, count: rank), [Int](repeating: 0, count: rank))
        let places = try axes?.map { try node.axis($0, rank: rank) } ?? Array(0..<rank)
        guard listed.count == 2 * places.count else { throw node.misfit("\(listed.count) pads for input \(input.shape.text)") }
        for (i, axis) in places.enumerated() { (begin[axis], end[axis]) = (listed[i], listed[places.count + i]) }
        guard listed.allSatisfy({ $0.magnitude < 1 << 40 }) else { throw node.misfit("pads are out of range") }
        let shape = try node.checked((0..<rank).map { max(0, input.shape[$0] + begin[$0] + end[$0]) })
        let output = Fact(input.type, shape, layout: layout)
        if begin.allSatisfy({ $0 == 0 }), end.allSatisfy({ $0 == 0 }) { return .view(input, as: shape) }
        if mode != "constant" { return try gathered(input, output, begin, layout: layout, node: node) }
        let filler = try filler(input.type, inputs, node)
        let order = layout.order(rank: rank)
        let (from, to) = (input.storedShape.strides, output.storedShape.strides)
        var (first, target, box) = (0, 0, Shape())
        for (place, axis) in order.enumerated() {
            let low = max(0, -begin[axis])
            let high = min(input.shape[axis], input.shape[axis] + end[axis])
            box.append(max(0, high - low))
            first += low * from[place]
            target += max(0, begin[axis]) * to[place]
        }
        let move = StridedMove([.init(shape: box, from: first, fromStrides: from, to: target, toStrides: to)], filler: filler)
        return .kernel([output], PadKernel(move: move, begin: begin, end: end, isZero: filler == 0))
    }

    private func filler(_ type: ElementType, _ inputs: [Fact?], _ node: NodeReader) throws -> UInt64 {
        let given = node.opset < 11 ? nil : try node.constant(2, of: inputs)
        guard given?.count ?? 1 == 1 else { throw node.misfit("the constant is no single value") }
        switch type {
        case .float32: return UInt64((given?.floats?.first ?? value).bitPattern)
        case .float64: return (given?.doubles.first ?? Double(value)).bitPattern
        default: return UInt64(truncatingIfNeeded: given?.integers?.first ?? Int(exactly: value) ?? 0)
        }
    }

    /// The modes that repeat elements, one axis at a time, from the last to the first.
    private func gathered(_ input: Fact, _ output: Fact, _ begin: [Int], layout: Layout, node: NodeReader) throws -> Specialised {
        var steps: [AxisGather] = []
        var stored = input.storedShape
        for (place, axis) in layout.order(rank: input.shape.count).enumerated()
        where input.shape[axis] != output.shape[axis] || begin[axis] != 0 {
            let extent = stored[place]
            guard extent > 0 else { throw node.misfit("nothing to repeat in input \(input.shape.text)") }
            let indices = (0..<output.shape[axis]).map { i -> Int32 in
                let x = i - begin[axis]
                switch mode {
                case "edge": return Int32(min(max(x, 0), extent - 1))
                case "wrap": return Int32(((x % extent) + extent) % extent)
                default:
                    guard extent > 1 else { return 0 }
                    let period = 2 * (extent - 1)
                    let phase = ((x % period) + period) % period
                    return Int32(phase < extent ? phase : period - phase)
                }
            }
            steps.append(
                AxisGather(
                    outer: stored[..<place].reduce(1, *), extent: extent, inner: stored[(place + 1)...].reduce(1, *), indices: indices))
            stored[place] = output.shape[axis]
        }
        if steps.count == 1 { return .kernel([output], steps[0]) }
        return .kernel([output], ChainedGather(steps: steps, type: input.type))
    }
}

/// Padding with a constant: a move, which knows its pads, so that a convolution behind it can take them over.
struct PadKernel: MoveKernel {
    let move: StridedMove
    /// By logical axis.
    let begin: [Int]
    let end: [Int]
    let isZero: Bool
}

/// Gathers along several axes, one after the other, with the tensors between them in memory of their own.
struct ChainedGather: Kernel {
    let steps: [AxisGather]
    let type: ElementType

    func reverseReads(_ rule: Rule) -> ReverseReads { .none }
    func supports(_ rule: Rule) -> Bool { true }
    func gradientInputs(_ inputs: [Fact?]) -> [Int] { inputs[0]?.type.isFloat ?? false ? [0] : [] }

    func forward(_ run: ForwardRun) {
        var current = run.inputs[0]
        for (number, step) in steps.enumerated() {
            let next = number == steps.count - 1 ? run.outputs[0] : Tensor(type: type, shape: [step.outer, step.indices.count, step.inner])
            step.forward(ForwardRun(inputs: [current], outputs: [next], kept: [], scratch: nil, workers: nil))
            current = next
        }
    }

    func reverse(_ run: ReverseRun) {
        var current = run.outputGradients[0]
        for (number, step) in steps.enumerated().reversed() {
            let next = number == 0 ? run.inputGradients[0] : Tensor(type: type, shape: [step.outer, step.extent, step.inner])
            step.reverse(
                ReverseRun(
                    rule: run.rule, inputs: [nil], outputs: [nil], kept: [], referenceInputs: [], referenceOutputs: [], referenceKept: [],
                    outputGradients: [current], inputGradients: [next], accumulates: [true], scratch: nil, workers: nil))
            current = next
        }
    }
}
