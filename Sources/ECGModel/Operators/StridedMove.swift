// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// A kernel that is a move, and knows something about it that fusion can use.
protocol MoveKernel: Kernel {
    var move: StridedMove { get }
}

extension MoveKernel {
    func reverseReads(_ rule: Rule) -> ReverseReads { .none }
    func supports(_ rule: Rule) -> Bool { true }
    func gradientInputs(_ inputs: [Fact?]) -> [Int] { move.gradientInputs(inputs) }
    func forward(_ run: ForwardRun) { move.forward(run) }
    func reverse(_ run: ReverseRun) { move.reverse(run) }
}

/// Moves of boxes of elements between tensors, each side with strides of its own: what Transpose, Slice, Concat, Split, Expand, Tile and
/// Pad with a constant are. Forward for any type; in reverse the gradients go the other way and add up.
package struct StridedMove: MovingKernel {
    /// One box, `shape` elements large.
    package struct Box: Sendable {
        package var input: Int
        package var output: Int
        package var shape: Shape
        /// Elements from the tensor's first to the box's first, and from one to the next along each axis (0 repeats, negative runs backwards).
        package var from: Int
        package var fromStrides: [Int]
        package var to: Int
        package var toStrides: [Int]

        package init(input: Int = 0, output: Int = 0, shape: Shape, from: Int = 0, fromStrides: [Int], to: Int = 0, toStrides: [Int]) {
            self.input = input
            self.output = output
            self.from = from
            self.to = to
            // Axes that run on in both tensors are one.
            (self.shape, self.fromStrides, self.toStrides) = ([], [], [])
            for axis in shape.indices where shape[axis] != 1 {
                if let last = self.shape.indices.last, self.fromStrides[last] == fromStrides[axis] * shape[axis],
                    self.toStrides[last] == toStrides[axis] * shape[axis]
                {
                    self.shape[last] *= shape[axis]
                    self.fromStrides[last] = fromStrides[axis]
                    self.toStrides[last] = toStrides[axis]
                } else {
                    self.shape.append(shape[axis])
                    self.fromStrides.append(fromStrides[axis])
                    self.toStrides.append(toStrides[axis])
                }
            }
            if self.shape.isEmpty { (self.shape, self.fromStrides, self.toStrides) = ([1], [1], [1]) }
        }

        /// The number of its rows, if it is nothing but rows of elements that lie side by side in both tensors.
        var rows: Int? { shape.count == 2 && fromStrides[1] == 1 && toStrides[1] == 1 ? shape[0] : nil }

        /// Calls `body(first in the input, first in the output)` for every run along the innermost axis.
        func forEachRun(_ body: (Int, Int) -> Void) {
            guard !shape.contains(0) else { return }
            var position = [Int](repeating: 0, count: shape.count)
            var (source, target) = (from, to)
            while true {
                body(source, target)
                var axis = shape.count - 2
                while axis >= 0 {
                    position[axis] += 1
                    source += fromStrides[axis]
                    target += toStrides[axis]
                    if position[axis] < shape[axis] { break }
                    source -= fromStrides[axis] * shape[axis]
                    target -= toStrides[axis] * shape[axis]
                    position[axis] = 0
                    axis -= 1
                }
                if axis < 0 { return }
            }
        }
    }

    package let boxes: [Box]
    /// What elements outside every box are set to (as bits of the output's type); nil if there are none.
    package let filler: UInt64?

    package init(_ boxes: [Box], filler: UInt64? = nil) {
        self.boxes = boxes
        self.filler = filler
    }

    package func reverseReads(_ rule: Rule) -> ReverseReads { .none }
    package func supports(_ rule: Rule) -> Bool { true }

    package func gradientInputs(_ inputs: [Fact?]) -> [Int] {
        let moved = Set(boxes.map(\.input))
        return inputs.indices.filter { moved.contains($0) && inputs[$0]?.type.isFloat ?? false && inputs[$0]?.constant == nil }
    }

    package func forward<T: FixedWidthInteger & BitwiseCopyable>(_ run: ForwardRun, as _: T.Type) {
        if let filler {
            for output in run.outputs { output?.region(T.self).fill(T(truncatingIfNeeded: filler)) }
        }
        for box in boxes {
            guard let source = run.inputs[box.input]?.region(T.self), let target = run.outputs[box.output]?.region(T.self) else { continue }
            let (length, stride, step) = (
                box.shape[box.shape.count - 1], box.fromStrides[box.shape.count - 1], box.toStrides[box.shape.count - 1]
            )
            if let rows = box.rows {
                target.moveRows(rows, of: length, at: box.to, step: box.toStrides[0], from: source, box.from, stride: box.fromStrides[0])
            } else {
                box.forEachRun { target.move(length, at: $1, step: step, from: source, $0, stride: stride) }
            }
        }
    }

    package func reverse<T: Scalar>(_ run: ReverseRun, as _: T.Type) {
        for box in boxes {
            guard let into = run.inputGradients[box.input]?.region(T.self), let g = run.outputGradients[box.output]?.region(T.self) else {
                continue
            }
            let (length, stride, step) = (
                box.shape[box.shape.count - 1], box.fromStrides[box.shape.count - 1], box.toStrides[box.shape.count - 1]
            )
            if let rows = box.rows {
                into.accumulateRows(rows, of: length, at: box.from, step: box.fromStrides[0], from: g, box.to, stride: box.toStrides[0])
            } else {
                box.forEachRun { into.accumulate(length, at: $0, step: stride, from: g, $1, stride: step) }
            }
        }
    }

    /// A change of layout, or back.
    package static func layout(_ shape: Shape, from: Layout, to: Layout) -> StridedMove {
        let order = to.order(rank: shape.count)
        let fromOrder = from.order(rank: shape.count)
        let stored = from.stored(shape).strides
        var logical = [Int](repeating: 0, count: shape.count)
        for (place, axis) in fromOrder.enumerated() { logical[axis] = stored[place] }
        let target = order.map { shape[$0] }
        return StridedMove([Box(shape: target, fromStrides: order.map { logical[$0] }, toStrides: target.strides)])
    }
}
