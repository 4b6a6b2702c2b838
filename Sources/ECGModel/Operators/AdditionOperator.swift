// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// Add: of two float32 tensors of one shape a kernel that fusion knows, else the general form.
struct AdditionOperator: Operator {
    private let general = Binary(Addition(), integers: { $0 &+ $1 })

    func wish(_ inputs: [Fact?]) -> LayoutWish { .broadcast }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let (a, b) = (try node.input(0, of: inputs), try node.input(1, of: inputs))
        if let row = Self.row(a, b, layout) ?? Self.row(b, a, layout) {
            return .kernel(
                [Fact(.float32, row.shape, layout: layout)], RowAdditionKernel(row: row.values, operand: a.constant == nil ? 0 : 1))
        }
        guard a.type == .float32, b.type == .float32, a.shape == b.shape, a.constant == nil, b.constant == nil else {
            return try general.specialise(inputs, layout: layout, node: node)
        }
        return .kernel([Fact(.float32, a.shape, layout: layout)], AdditionKernel())
    }
}

extension AdditionOperator {
    /// A constant that is one row for all rows of the other operand, as a bias is.
    private static func row(_ tensor: Fact, _ constant: Fact, _ layout: Layout) -> (shape: Shape, values: [Float])? {
        guard tensor.type == .float32, tensor.constant == nil, let values = constant.constant?.floats, constant.type == .float32,
            tensor.shape.broadcast(with: constant.shape) == tensor.shape, let width = tensor.storedShape.last, width > 1,
            values.count == width,
            layout.stored(constant.shape).last == width
        else { return nil }
        return (tensor.shape, values)
    }
}

/// A tensor plus a constant row: what a dense layer's bias is where it stands by itself.
struct RowAdditionKernel: Kernel {
    let row: [Float]
    /// Which operand the tensor is.
    let operand: Int

    func reverseReads(_ rule: Rule) -> ReverseReads { .none }
    var canSetGradients: Bool { true }
    func supports(_ rule: Rule) -> Bool { true }
    func gradientInputs(_ inputs: [Fact?]) -> [Int] { [operand] }

    func forward(_ run: ForwardRun) {
        guard let x = run.inputs[operand]?.region(Float.self), let b = run.inputs[1 - operand]?.region(Float.self),
            let y = run.outputs[0]?.region(Float.self)
        else { return }
        Elementwise.applyToRows(.add, rows: x.count / row.count, channels: row.count, x, row: b, output: y, workers: run.workers)
    }

    func reverse(_ run: ReverseRun) {
        guard let g = run.outputGradients[0]?.region(Float.self), let into = run.inputGradients[operand]?.region(Float.self) else { return }
        if run.accumulates[operand] { into.add(g) } else { into.copy(from: g) }
    }
}

/// The sum of two tensors of one shape, with the activation behind it.
struct AdditionKernel: Kernel {
    var activation: ECGKernels.Activation = .identity

    func reverseReads(_ rule: Rule) -> ReverseReads { activation == .identity ? .none : .outputs }
    var canSetGradients: Bool { true }
    func passedGradient(of inputs: Int) -> Int? { activation == .identity ? 0 : nil }
    func supports(_ rule: Rule) -> Bool { true }

    func forward(_ run: ForwardRun) {
        guard let a = run.inputs[0]?.region(Float.self), let b = run.inputs[1]?.region(Float.self),
            let y = run.outputs[0]?.region(Float.self)
        else { return }
        let slope = activation.slope
        switch activation {
        case .identity: y.set(a, b) { $0 + $1 }
        case .relu:
            y.set(a, b) {
                let sum = $0 + $1
                return sum < 0 ? 0 : sum
            }
        case .leakyRelu:
            y.set(a, b) {
                let sum = $0 + $1
                return sum < 0 ? slope * sum : sum
            }
        }
    }

    func reverse(_ run: ReverseRun) {
        guard let g = run.outputGradients[0]?.region(Float.self) else { return }
        for (index, into) in run.inputGradients.enumerated() {
            guard let into = into?.region(Float.self) else { continue }
            if activation != .identity, let y = run.outputs[0]?.region(Float.self) {
                activation.reverse(g, y, into: into, rule: run.rule, accumulate: run.accumulates[index], workers: run.workers)
            } else if run.accumulates[index] {
                into.add(g)
            } else if !into.isSame(as: g) {
                into.copy(from: g)
            }
        }
    }
}
