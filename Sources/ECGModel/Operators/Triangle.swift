// SPDX-License-Identifier: GPL-3.0-or-later

/// Trilu: a matrix with zeros above or below a diagonal, as causal attention makes its mask.
struct TriangleOperator: Operator {
    private let isUpper: Bool

    init(_ node: NodeReader) throws { isUpper = try node.flag("upper", default: true) }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        guard input.shape.count >= 2 else { throw node.misfit("input \(input.shape.text) is no matrix") }
        let (rows, columns) = (input.shape[input.shape.count - 2], input.shape[input.shape.count - 1])
        let diagonal = try node.constantIntegers(1, of: inputs)?.first ?? 0
        let (matrices, step) = (input.shape.dropLast(2).reduce(1, *), rows * columns)
        var boxes: [StridedMove.Box] = []
        for row in 0..<rows {
            // The diagonal's column of this row, held within the matrix.
            let place = min(max(diagonal, -rows), columns) + row
            let kept = isUpper ? min(max(place, 0), columns)..<columns : 0..<min(max(place + 1, 0), columns)
            if kept.isEmpty { continue }
            let first = row * columns + kept.lowerBound
            boxes.append(.init(shape: [matrices, kept.count], from: first, fromStrides: [step, 1], to: first, toStrides: [step, 1]))
        }
        return .kernel([Fact(input.type, input.shape)], StridedMove(boxes, filler: 0))
    }
}
