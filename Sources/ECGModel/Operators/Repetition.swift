// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// Expand: broadcasting to a shape.
struct ExpandOperator: Operator {
    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        guard let wanted = try node.constantIntegers(1, of: inputs) else { throw node.damaged("has no shape") }
        guard let shape = input.shape.broadcast(with: try node.checked(wanted)) else {
            throw node.misfit("\(input.shape.text) does not broadcast to \(wanted.text)")
        }
        if shape == input.shape { return .view(input, as: shape) }
        let output = try node.checked(shape)
        return .kernel(
            [Fact(input.type, output)],
            StridedMove([.init(shape: output, fromStrides: input.shape.strides(broadcastTo: output), toStrides: output.strides)]))
    }
}

/// Tile: the tensor repeated along each axis.
struct TileOperator: Operator {
    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        guard let repeats = try node.constantIntegers(1, of: inputs), repeats.count == input.shape.count, repeats.allSatisfy({ $0 >= 0 })
        else {
            throw node.misfit("repeats don't fit input \(input.shape.text)")
        }
        guard repeats.checkedElementCount != nil else { throw node.misfit("repeats \(repeats.text)") }
        var shape = Shape()
        for (extent, times) in zip(input.shape, repeats) {
            let (product, overflow) = extent.multipliedReportingOverflow(by: times)
            guard !overflow else { throw node.misfit("repeats \(repeats.text)") }
            shape.append(product)
        }
        let output = try node.checked(shape)
        let (from, to) = (input.shape.strides, output.strides)
        // Each axis is two: which repetition, and where in the input.
        let split = input.shape.indices.flatMap { [repeats[$0], input.shape[$0]] }
        let fromStrides = input.shape.indices.flatMap { [0, from[$0]] }
        let toStrides = input.shape.indices.flatMap { [to[$0] * input.shape[$0], to[$0]] }
        return .kernel([Fact(input.type, output)], StridedMove([.init(shape: split, fromStrides: fromStrides, toStrides: toStrides)]))
    }
}

/// Split along one axis, into equal parts or into given ones.
struct SplitOperator: Operator {
    private let axis: Int
    private let sizes: [Int]?
    private let parts: Int?

    init(_ node: NodeReader) throws {
        axis = try node.int("axis", default: 0)
        sizes = node.opset < 13 ? try node.ints("split") : nil
        parts = node.opset >= 18 ? try node.int("num_outputs") : nil
    }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        let axis = try node.axis(self.axis, rank: input.shape.count)
        guard !input.shape.isEmpty else { throw node.misfit("a scalar can't be split") }
        let extent = input.shape[axis]
        var sizes = try self.sizes ?? (node.opset < 13 ? nil : node.constantIntegers(1, of: inputs)) ?? []
        if sizes.isEmpty {
            let count = parts ?? node.outputCount
            guard count > 0, count <= 1 << 16 else { throw node.damaged("num_outputs \(count)") }
            // Equal parts, the last one smaller where it doesn't divide.
            let each = (extent + count - 1) / count
            sizes = (0..<count).map { max(0, min(each, extent - $0 * each)) }
        }
        guard sizes.count == node.outputCount, sizes.allSatisfy({ $0 >= 0 && $0 <= extent }), sizes.reduce(0, +) == extent else {
            throw node.misfit("parts \(sizes.text) of axis \(axis) of \(input.shape.text) for \(node.outputCount) outputs")
        }
        let from = input.shape.strides
        var boxes: [StridedMove.Box] = []
        var outputs: [Fact] = []
        var at = 0
        for (index, size) in sizes.enumerated() {
            var shape = input.shape
            shape[axis] = size
            outputs.append(Fact(input.type, shape))
            boxes.append(.init(output: index, shape: shape, from: at * from[axis], fromStrides: from, toStrides: shape.strides))
            at += size
        }
        return .kernel(outputs, StridedMove(boxes))
    }
}

/// Range, Size, EyeLike and other values that follow from constants and shapes alone.
struct KnownValueOperator: Operator {
    let value: @Sendable ([Fact?], NodeReader) throws -> Tensor

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised { .constants([try value(inputs, node)]) }

    static let range = KnownValueOperator { inputs, node in
        let type = try node.input(0, of: inputs).type
        guard let start = try node.constant(0, of: inputs), let limit = try node.constant(1, of: inputs),
            let step = try node.constant(2, of: inputs),
            start.count == 1, limit.count == 1, step.count == 1
        else { throw node.misfit("start, limit and delta are no single values") }
        if type.isFloat {
            let (first, last, by) = (start.doubles[0], limit.doubles[0], step.doubles[0])
            let count = ((last - first) / by).rounded(.up)
            guard count.isFinite, count < Double(Shape.constantLimit) else {
                throw node.misfit("a range from \(first) to \(last) by \(by)")
            }
            let elements = (0..<Int(max(0, count))).map { first + Double($0) * by }
            return type == .float32 ? Tensor([elements.count], elements.map { Float($0) }) : Tensor([elements.count], elements)
        }
        guard let first = start.integers?[0], let last = limit.integers?[0], let by = step.integers?[0], by != 0 else {
            throw node.misfit("delta is 0")
        }
        let elements = Array(stride(from: first, to: last, by: by).prefix(1 << 26))
        guard elements.count < 1 << 26 else { throw node.misfit("a range from \(first) to \(last) by \(by)") }
        let tensor = Tensor(type: type, shape: [elements.count])
        tensor.setIntegers(elements)
        return tensor
    }

    static let size = KnownValueOperator { inputs, node in
        Tensor([], [Int64(try node.input(0, of: inputs).shape.elementCount)])
    }
}

let repetitionOperators: [OperatorEntry] = [
    OperatorEntry("Expand", since: 8) { _ in ExpandOperator() },
    OperatorEntry("Tile", since: 6) { _ in TileOperator() },
    OperatorEntry("Split", since: 2) { try SplitOperator($0) },
    OperatorEntry("Range", since: 11) { _ in KnownValueOperator.range },
    OperatorEntry("Size") { _ in KnownValueOperator.size },
]
