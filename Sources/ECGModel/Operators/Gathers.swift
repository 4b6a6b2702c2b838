// SPDX-License-Identifier: GPL-3.0-or-later

/// Gather: slices picked along one axis by constant indices.
struct GatherOperator: Operator {
    private let axis: Int

    init(_ node: NodeReader) throws { axis = try node.int("axis", default: 0) }

    /// A place along an axis, counted from its end if negative.
    static func resolve(_ index: Int, _ axis: Int, _ shape: Shape, _ node: NodeReader) throws -> Int {
        let place = index < 0 ? index &+ shape[axis] : index
        guard (0..<shape[axis]).contains(place) else { throw node.misfit("index \(index) is outside of axis \(axis) of \(shape.text)") }
        return place
    }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        let axis = try node.axis(self.axis, rank: input.shape.count)
        guard !input.shape.isEmpty, let indices = try node.constantIntegers(1, of: inputs) else {
            throw node.misfit("input \(input.shape.text) has no axis \(axis)")
        }
        let extent = input.shape[axis]
        guard extent < 1 << 31 else { throw node.misfit("input \(input.shape.text) is too large") }
        let places = try indices.map { Int32(try Self.resolve($0, axis, input.shape, node)) }
        let shape = Array(input.shape[..<axis]) + (inputs[1]?.shape ?? []) + Array(input.shape[(axis + 1)...])
        return .kernel(
            [Fact(input.type, try node.checked(shape))],
            AxisGather(
                outer: input.shape[..<axis].reduce(1, *), extent: extent, inner: input.shape[(axis + 1)...].reduce(1, *), indices: places))
    }
}

/// GatherND: parts picked by constant coordinates of their leading axes.
struct GatherPartsOperator: Operator {
    private let batchAxes: Int

    init(_ node: NodeReader) throws { batchAxes = try node.int("batch_dims", default: 0) }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let (input, given) = (try node.input(0, of: inputs), try node.input(1, of: inputs))
        guard let numbers = try node.constantIntegers(1, of: inputs), let width = given.shape.last, batchAxes >= 0,
            batchAxes < given.shape.count, width > 0, batchAxes + width <= input.shape.count,
            Array(given.shape[..<batchAxes]) == Array(input.shape[..<batchAxes])
        else { throw node.misfit("indices \(given.shape.text) for input \(input.shape.text)") }
        let axes = batchAxes..<batchAxes + width
        let rest = Array(input.shape[axes.upperBound...])
        let inner = rest.reduce(1, *)
        let perBatch = given.shape[batchAxes...].dropLast().reduce(1, *)
        let places = try (0..<numbers.count / width).map { number -> Int32 in
            var place = number / max(1, perBatch)
            for (k, axis) in axes.enumerated() {
                place = place * input.shape[axis] + (try GatherOperator.resolve(numbers[number * width + k], axis, input.shape, node))
            }
            guard place < 1 << 31 else { throw node.misfit("input \(input.shape.text) is too large") }
            return Int32(place)
        }
        let shape = try node.checked(Array(given.shape.dropLast()) + rest)
        let extent = input.shape[..<axes.upperBound].reduce(1, *)
        return .kernel([Fact(input.type, shape)], AxisGather(outer: 1, extent: extent, inner: inner, indices: places))
    }
}

/// GatherElements: for each place of constant indices the element with that index along one axis.
struct GatherElementsOperator: Operator {
    private let axis: Int

    init(_ node: NodeReader) throws { axis = try node.int("axis", default: 0) }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let (input, given) = (try node.input(0, of: inputs), try node.input(1, of: inputs))
        let axis = try node.axis(self.axis, rank: input.shape.count)
        guard let numbers = try node.constantIntegers(1, of: inputs), given.shape.count == input.shape.count, !input.shape.isEmpty,
            given.shape.indices.allSatisfy({ $0 == axis || given.shape[$0] <= input.shape[$0] }), input.shape.elementCount < 1 << 31
        else { throw node.misfit("indices \(given.shape.text) for input \(input.shape.text)") }
        let (own, strides) = (given.shape.strides, input.shape.strides)
        let places = try numbers.indices.map { number -> Int32 in
            let place = try given.shape.indices.reduce(0) { sum, k in
                let coordinate =
                    k == axis ? try GatherOperator.resolve(numbers[number], axis, input.shape, node) : number / own[k] % given.shape[k]
                return sum + coordinate * strides[k]
            }
            return Int32(place)
        }
        return .kernel(
            [Fact(input.type, given.shape)], AxisGather(outer: 1, extent: input.shape.elementCount, inner: 1, indices: places))
    }
}

/// ReverseSequence: the first elements of each item along time, as many as its constant length says, the other way round.
struct ReverseSequenceOperator: Operator {
    private let batchAxis: Int
    private let timeAxis: Int

    init(_ node: NodeReader) throws {
        batchAxis = try node.int("batch_axis", default: 1)
        timeAxis = try node.int("time_axis", default: 0)
        guard Set([batchAxis, timeAxis]) == [0, 1] else { throw node.damaged("batch_axis \(batchAxis) and time_axis \(timeAxis)") }
    }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        guard input.shape.count >= 2, let lengths = try node.constantIntegers(1, of: inputs), lengths.count == input.shape[batchAxis],
            lengths.allSatisfy({ (0...input.shape[timeAxis]).contains($0) }), input.shape.elementCount < 1 << 31
        else { throw node.misfit("sequence lengths for input \(input.shape.text)") }
        let columns = input.shape[1]
        let places = (0..<input.shape[0] * columns).map { place -> Int32 in
            let (first, second) = place.quotientAndRemainder(dividingBy: columns)
            let (time, item) = timeAxis == 0 ? (first, second) : (second, first)
            guard time < lengths[item] else { return Int32(place) }
            let mirrored = lengths[item] - 1 - time
            return Int32(timeAxis == 0 ? mirrored * columns + item : item * columns + mirrored)
        }
        let inner = input.shape[2...].reduce(1, *)
        return .kernel([Fact(input.type, input.shape)], AxisGather(outer: 1, extent: places.count, inner: inner, indices: places))
    }
}

let gatherOperators: [OperatorEntry] = [
    OperatorEntry("ReverseSequence", since: 10) { try ReverseSequenceOperator($0) },
    OperatorEntry("Gather") { try GatherOperator($0) },
    OperatorEntry("GatherND", since: 11) { try GatherPartsOperator($0) },
    OperatorEntry("GatherElements", since: 11) { try GatherElementsOperator($0) },
]
