// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// ArgMax and ArgMin: where the extreme element along an axis is. No gradient flows.
struct ExtremePlaceOperator: Operator {
    private let largest: Bool
    private let axis: Int
    private let keepsAxis: Bool
    private let last: Bool

    init(_ node: NodeReader, largest: Bool) throws {
        self.largest = largest
        axis = try node.int("axis", default: 0)
        keepsAxis = try node.flag("keepdims", default: true)
        last = try node.flag("select_last_index")
    }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        let axis = try node.axis(self.axis, rank: input.shape.count)
        guard !input.shape.isEmpty, input.shape[axis] > 0 else { throw node.misfit("axis \(axis) of \(input.shape.text) has no elements") }
        var shape = input.shape
        if keepsAxis { shape[axis] = 1 } else { shape.remove(at: axis) }
        return .kernel(
            [Fact(.int64, shape)], ExtremePlaceKernel(walk: ReductionWalk(input.shape, reduced: [axis]), largest: largest, last: last))
    }
}

private struct ExtremePlaceKernel: Kernel {
    let walk: ReductionWalk
    let largest: Bool
    let last: Bool

    func gradientInputs(_ inputs: [Fact?]) -> [Int] { [] }
    func supports(_ rule: Rule) -> Bool { true }

    func forward(_ run: ForwardRun) {
        guard let x = run.inputs[0]?.doubles, let y = run.outputs[0]?.region(Int64.self) else { return }
        for (index, base) in walk.bases.enumerated() {
            var best = 0
            for place in walk.offsets.indices.dropFirst() {
                let (value, known) = (x[base + walk.offsets[place]], x[base + walk.offsets[best]])
                if (largest ? value > known : value < known) || (last && value == known) || (value.isNaN && !known.isNaN) { best = place }
            }
            y[index] = Int64(best)
        }
    }
}
