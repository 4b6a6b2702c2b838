// SPDX-License-Identifier: GPL-3.0-or-later

/// Transpose. One that leaves the order of the elements as it is costs nothing; nor does one that undoes or makes channels last.
struct TransposeOperator: Operator {
    private let permutation: [Int]?

    init(_ node: NodeReader) throws { permutation = try node.ints("perm") }

    func wish(_ inputs: [Fact?]) -> LayoutWish { .follow }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        let rank = input.shape.count
        let permutation = self.permutation ?? Array((0..<rank).reversed())
        guard permutation.sorted() == Array(0..<rank) else { throw node.damaged("perm \(permutation.text) is no order of \(rank) axes") }
        let output = Fact(input.type, permutation.map { input.shape[$0] })
        // The output is row-major: where do its axes lie in the input's memory?
        let place = permutation.map { layout.storedAxis($0, rank: rank) }
        let kept = place.filter { input.storedShape[$0] != 1 }
        if kept == kept.sorted() { return Specialised([output], .view) }
        let strides = input.storedShape.strides
        return .kernel(
            [output], StridedMove([.init(shape: output.shape, fromStrides: place.map { strides[$0] }, toStrides: output.shape.strides)]))
    }
}

/// Concat along one axis.
struct ConcatOperator: Operator {
    private let axis: Int

    init(_ node: NodeReader) throws {
        guard let axis = try node.int("axis") ?? (node.opset < 4 ? 1 : nil) else { throw node.damaged("has no axis") }
        self.axis = axis
    }

    func wish(_ inputs: [Fact?]) -> LayoutWish { .broadcast }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let first = try node.input(0, of: inputs)
        let rank = first.shape.count
        let axis = try node.axis(self.axis, rank: rank)
        var shape = first.shape
        shape[axis] = 0
        for index in inputs.indices {
            let input = try node.input(index, of: inputs)
            var other = input.shape
            guard other.count == rank, input.type == first.type else {
                throw node.misfit("inputs \(first.shape.text) and \(other.text) don't go together")
            }
            shape[axis] += other[axis]
            other[axis] = first.shape[axis]
            guard other == first.shape else { throw node.misfit("inputs \(first.shape.text) and \(input.shape.text) don't go together") }
        }
        let output = Fact(first.type, try node.checked(shape), layout: layout)
        let strides = output.storedShape.strides
        let step = strides[layout.storedAxis(axis, rank: rank)]
        var boxes: [StridedMove.Box] = []
        var at = 0
        for (index, input) in inputs.enumerated() {
            guard let input else { continue }
            let stored = layout.stored(input.shape)
            boxes.append(.init(input: index, shape: stored, fromStrides: stored.strides, to: at * step, toStrides: strides))
            at += input.shape[axis]
        }
        return .kernel([output], ConcatKernel(move: StridedMove(boxes), isChannels: layout == .channelsLast && axis == 1))
    }
}

/// Concat: moves; along the channels, channels last, convolutions may write their part themselves.
struct ConcatKernel: MoveKernel {
    var move: StridedMove
    let isChannels: Bool
}

/// Slice, with its bounds as inputs or (before opset 10) as attributes.
struct SliceOperator: Operator {
    private let starts: [Int]?
    private let ends: [Int]?
    private let axes: [Int]?

    init(_ node: NodeReader) throws {
        guard node.opset < 10 else {
            (starts, ends, axes) = (nil, nil, nil)
            return
        }
        (starts, ends, axes) = (try node.ints("starts"), try node.ints("ends"), try node.ints("axes"))
    }

    func wish(_ inputs: [Fact?]) -> LayoutWish { .follow }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        let rank = input.shape.count
        guard let starts = try starts ?? node.constantIntegers(1, of: inputs), let ends = try ends ?? node.constantIntegers(2, of: inputs)
        else {
            throw node.damaged("has no starts and ends")
        }
        let axes = try axes ?? node.constantIntegers(3, of: inputs) ?? Array(0..<starts.count)
        let steps = node.opset < 10 ? nil : try node.constantIntegers(4, of: inputs)
        guard ends.count == starts.count, axes.count == starts.count, steps?.count ?? starts.count == starts.count else {
            throw node.damaged("starts, ends, axes and steps are not equally many")
        }
        var shape = input.shape
        var from = 0
        let stored = input.storedShape.strides
        var strides = (0..<rank).map { stored[layout.storedAxis($0, rank: rank)] }
        for i in starts.indices {
            let axis = try node.axis(axes[i], rank: rank)
            let (extent, step) = (input.shape[axis], steps?[i] ?? 1)
            guard step != 0, step > Int.min else { throw node.damaged("step 0") }
            func place(_ index: Int, _ low: Int, _ high: Int) -> Int { min(max(index < 0 ? index &+ extent : index, low), high) }
            // An index below −extent stays below zero and is clamped.
            let start = step > 0 ? place(starts[i], 0, extent) : place(starts[i], 0, extent - 1)
            let end = step > 0 ? place(ends[i], 0, extent) : place(ends[i], -1, extent - 1)
            let span = step > 0 ? end - start : start - end
            let count = span <= 0 ? 0 : (span - 1) / Int(step.magnitude) + 1
            shape[axis] = count
            from += start * strides[axis]
            strides[axis] *= count > 1 ? step : 1
        }
        let output = Fact(input.type, shape, layout: layout)
        if shape == input.shape, from == 0, strides == (0..<rank).map({ stored[layout.storedAxis($0, rank: rank)] }) {
            return .view(input, as: shape)
        }
        let order = layout.order(rank: rank)
        return .kernel(
            [output],
            StridedMove([
                .init(shape: output.storedShape, from: from, fromStrides: order.map { strides[$0] }, toStrides: output.storedShape.strides)
            ]))
    }
}

let movementOperators: [OperatorEntry] = [
    OperatorEntry("Transpose") { try TransposeOperator($0) },
    OperatorEntry("Concat") { try ConcatOperator($0) },
    OperatorEntry("Slice") { try SliceOperator($0) },
    OperatorEntry("Trilu", since: 14) { try TriangleOperator($0) },
    OperatorEntry("Pad", since: 2) { try PadOperator($0) },
]
