// SPDX-License-Identifier: GPL-3.0-or-later

/// An operator that gives input 0 another shape and leaves its elements as they are.
struct ReshapingOperator: Operator {
    private let shape: @Sendable (Fact, [Fact?], NodeReader) throws -> Shape

    init(_ shape: @escaping @Sendable (Fact, [Fact?], NodeReader) throws -> Shape) { self.shape = shape }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        let shape = try shape(input, inputs, node)
        guard shape.checkedElementCount == input.shape.elementCount else {
            throw node.misfit("\(input.shape.text) has not as many elements as \(shape.text)")
        }
        return .view(input, as: shape)
    }

    static func reshape(_ node: NodeReader) throws -> ReshapingOperator {
        let attribute = node.opset < 5 ? try node.ints("shape") : nil
        let allowZero = try node.flag("allowzero")
        return ReshapingOperator { input, inputs, node in
            guard var shape = try attribute ?? node.constantIntegers(1, of: inputs) else { throw node.damaged("has no shape") }
            for axis in shape.indices where shape[axis] == 0 && !allowZero {
                guard axis < input.shape.count else {
                    throw node.misfit("shape \(shape.text) copies an axis that \(input.shape.text) doesn't have")
                }
                shape[axis] = input.shape[axis]
            }
            if let free = shape.firstIndex(of: -1) {
                var rest = shape
                rest[free] = 1
                guard let known = rest.checkedElementCount, known > 0, input.shape.elementCount % known == 0 else {
                    throw node.misfit("\(input.shape.text) can't be reshaped to \(shape.text)")
                }
                shape[free] = input.shape.elementCount / known
            }
            return shape
        }
    }

    static func flatten(_ node: NodeReader) throws -> ReshapingOperator {
        let axis = try node.int("axis", default: 1)
        return ReshapingOperator { input, _, node in
            let place = axis < 0 ? axis &+ input.shape.count : axis
            guard (0...input.shape.count).contains(place) else { throw node.misfit("axis \(axis) does not exist in \(input.shape.text)") }
            return [input.shape[..<place].reduce(1, *), input.shape[place...].reduce(1, *)]
        }
    }

    static func squeeze(_ node: NodeReader) throws -> ReshapingOperator {
        let attribute = node.opset < 13 ? try node.ints("axes") : nil
        return ReshapingOperator { input, inputs, node in
            guard let axes = try attribute ?? (node.opset < 13 ? nil : node.constantIntegers(1, of: inputs)) else {
                return input.shape.filter { $0 != 1 }
            }
            let places = Set(try axes.map { try node.axis($0, rank: input.shape.count) })
            guard places.allSatisfy({ $0 < input.shape.count && input.shape[$0] == 1 }) else {
                throw node.misfit("axes \(axes.text) of \(input.shape.text) are not of extent 1")
            }
            return input.shape.indices.filter { !places.contains($0) }.map { input.shape[$0] }
        }
    }

    static func unsqueeze(_ node: NodeReader) throws -> ReshapingOperator {
        let attribute = node.opset < 13 ? try node.ints("axes") : nil
        return ReshapingOperator { input, inputs, node in
            guard let axes = try attribute ?? node.constantIntegers(1, of: inputs) else { throw node.damaged("has no axes") }
            let rank = input.shape.count + axes.count
            let places = Set(try axes.map { try node.axis($0, rank: rank) })
            guard places.count == axes.count else { throw node.damaged("axes \(axes.text) repeat") }
            var rest = input.shape.makeIterator()
            return (0..<rank).map { places.contains($0) ? 1 : rest.next() ?? 1 }
        }
    }
}

/// Identity and what is one in inference: the same tensor in the same layout.
struct IdentityOperator: Operator {
    func wish(_ inputs: [Fact?]) -> LayoutWish { .follow }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        return .view(input, as: input.shape)
    }
}

/// Dropout, which in inference passes everything.
struct DropoutOperator: Operator {
    func wish(_ inputs: [Fact?]) -> LayoutWish { .follow }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let trains = try node.opset < 12 ? nil : node.constantIntegers(2, of: inputs)
        let ratio = try node.opset < 12 ? nil : node.constant(1, of: inputs)?.doubles.first
        guard trains?.first ?? 0 == 0 || ratio ?? 0.5 == 0 else { throw node.unsupported("training_mode 1") }
        guard node.hasOutput(1) else { return try IdentityOperator().specialise(inputs, layout: layout, node: node) }
        let input = try node.input(0, of: inputs)
        let outputs = [Fact(input.type, input.shape, layout: layout), Fact(.bool, input.shape, layout: layout)]
        return .kernel(outputs, DropoutKernel(move: .layout(input.shape, from: layout, to: layout)))
    }
}

/// Dropout whose mask is read: nothing is dropped.
private struct DropoutKernel: MoveKernel {
    let move: StridedMove

    func forward(_ run: ForwardRun) {
        move.forward(run)
        run.outputs[1]?.region(Bool.self).fill(true)
    }
}

/// Shape: the extents of a tensor, as a constant.
struct ShapeOperator: Operator {
    private let start: Int
    private let end: Int?

    init(_ node: NodeReader) throws {
        start = try node.int("start", default: 0)
        end = try node.int("end")
    }

    func wish(_ inputs: [Fact?]) -> LayoutWish { .follow }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let shape = try node.input(0, of: inputs).shape
        func place(_ axis: Int) -> Int { min(max(axis < 0 ? axis &+ shape.count : axis, 0), shape.count) }
        let (first, last) = (place(start), place(end ?? shape.count))
        let extents = first < last ? shape[first..<last].map { Int64($0) } : []
        return .constants([Tensor([extents.count], extents)])
    }
}

let shapeOperators: [OperatorEntry] = [
    OperatorEntry("Reshape") { try ReshapingOperator.reshape($0) },
    OperatorEntry("Flatten") { try ReshapingOperator.flatten($0) },
    OperatorEntry("Squeeze") { try ReshapingOperator.squeeze($0) },
    OperatorEntry("Unsqueeze") { try ReshapingOperator.unsqueeze($0) },
    OperatorEntry("Identity") { _ in IdentityOperator() },
    OperatorEntry("Dropout") { node in
        node.ignore("ratio", "is_test", "seed")
        return DropoutOperator()
    },
    OperatorEntry("Shape") { try ShapeOperator($0) },
]
