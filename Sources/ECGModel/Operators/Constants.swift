// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// Constant: a tensor that the node carries.
struct ConstantOperator: Operator {
    private let tensor: Tensor

    init(_ node: NodeReader) throws {
        if let tensor = try node.tensor("value") ?? node.tensor("sparse_value") {
            self.tensor = tensor
        } else if let float = try node.float("value_float") {
            tensor = Tensor([], [float])
        } else if let floats = try node.floats("value_floats") {
            tensor = Tensor([floats.count], floats)
        } else if let int = try node.int("value_int") {
            tensor = Tensor([], [Int64(int)])
        } else if let ints = try node.ints("value_ints") {
            tensor = Tensor([ints.count], ints.map { Int64($0) })
        } else {
            throw node.unsupported("a constant that is no tensor of numbers")
        }
    }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised { .constants([tensor]) }
}

/// ConstantOfShape: one value, repeated.
struct ConstantOfShapeOperator: Operator {
    private let value: Tensor

    init(_ node: NodeReader) throws {
        value = try node.tensor("value") ?? Tensor([1], [Float(0)])
        guard value.count == 1 else { throw node.damaged("value is no single value") }
    }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        guard let shape = try node.constantIntegers(0, of: inputs) else { throw node.damaged("has no shape") }
        let checked = try node.checked(shape)
        guard checked.checkedCount(limit: Shape.constantLimit) != nil else { throw node.misfit("would give shape \(shape.text)") }
        let tensor = Tensor(type: value.type, shape: checked)
        StridedMove([.init(shape: checked, fromStrides: checked.map { _ in 0 }, toStrides: checked.strides)])
            .forward(ForwardRun(inputs: [value], outputs: [tensor], kept: [], scratch: nil, workers: nil))
        return .constants([tensor])
    }
}

/// Cast between numbers and truth values.
struct CastOperator: Operator {
    private let type: ElementType

    init(to type: ElementType) { self.type = type }

    init(_ node: NodeReader) throws {
        node.ignore("saturate", "round_mode")
        guard let to = try node.int("to"), let type = ElementType(onnx: Int32(truncatingIfNeeded: to)) else {
            throw node.unsupported("a cast to this type")
        }
        self.type = type
    }

    func wish(_ inputs: [Fact?]) -> LayoutWish { .follow }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        // A plan in float64 has no float32 to cast to.
        let type = node.floatType.flatMap { self.type.isFloat ? $0 : nil } ?? self.type
        if type == input.type { return .view(input, as: input.shape) }
        return .kernel([Fact(type, input.shape, layout: layout)], CastKernel(isFloat: type.isFloat))
    }
}

/// A change of element type; a number too large for an integer type becomes its nearest, NaN becomes 0.
private struct CastKernel: Kernel {
    /// Whether the result is a floating-point number, through which a gradient flows.
    let isFloat: Bool

    func gradientInputs(_ inputs: [Fact?]) -> [Int] {
        inputs[0].map { isFloat && $0.type.isFloat && $0.constant == nil } ?? false ? [0] : []
    }
    func reverseReads(_ rule: Rule) -> ReverseReads { .none }
    func supports(_ rule: Rule) -> Bool { true }

    func forward(_ run: ForwardRun) {
        guard let x = run.inputs[0], let y = run.outputs[0] else { return }
        switch y.type {
        case .bool: y.region(Bool.self).copy(from: x.type.isFloat ? x.doubles.map { $0 != 0 } : (x.integers ?? []).map { $0 != 0 })
        case .float32:
            if x.type == .float64 {
                y.region(Float.self).set(x.region(Double.self)) { Float($0) }
            } else {
                y.region(Float.self).copy(from: (x.integers ?? []).map { Float($0) })
            }
        case .float64: y.region(Double.self).copy(from: x.doubles)
        case .int8: integers(x, y, Int8.self)
        case .int16: integers(x, y, Int16.self)
        case .int32: integers(x, y, Int32.self)
        case .int64: integers(x, y, Int64.self)
        case .uint8: integers(x, y, UInt8.self)
        case .uint16: integers(x, y, UInt16.self)
        case .uint32: integers(x, y, UInt32.self)
        case .uint64: integers(x, y, UInt64.self)
        }
    }

    private func integers<T: Element & FixedWidthInteger>(_ x: Tensor, _ y: Tensor, _: T.Type) {
        if x.type.isFloat {
            y.region(T.self).copy(
                from: x.doubles.map { value in
                    if value.isNaN { return 0 }
                    let whole = value.rounded(.towardZero)
                    return T(exactly: whole) ?? (value < 0 ? T.min : T.max)
                })
        } else {
            y.region(T.self).copy(from: (x.integers ?? []).map { T(truncatingIfNeeded: $0) })
        }
    }

    func reverse(_ run: ReverseRun) {
        guard let g = run.outputGradients[0], let into = run.inputGradients[0] else { return }
        switch (g.type, into.type) {
        case (.float32, .float64): into.region(Double.self).add(Tensor(g.shape, g.doubles).region())
        case (.float64, .float32): into.region(Float.self).add(Tensor(g.shape, g.doubles.map { Float($0) }).region())
        default: break
        }
    }
}

/// CastLike: a cast to the type of input 1.
struct CastLikeOperator: Operator {
    func wish(_ inputs: [Fact?]) -> LayoutWish { .follow }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        try CastOperator(to: try node.input(1, of: inputs).type).specialise(inputs, layout: layout, node: node)
    }
}

let constantOperators: [OperatorEntry] = [
    OperatorEntry("CastLike", since: 15) { node in
        node.ignore("saturate", "round_mode")
        return CastLikeOperator()
    },
    OperatorEntry("Constant") { try ConstantOperator($0) },
    OperatorEntry("ConstantOfShape") { try ConstantOfShapeOperator($0) },
    OperatorEntry("Cast") { try CastOperator($0) },
]
