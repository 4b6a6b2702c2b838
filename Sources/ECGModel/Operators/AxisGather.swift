// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// Elements picked along one axis: output[o, i, n] = input[o, indices[i], n]. What Gather, Pad by reflection or edge, and Resize to the nearest are.
/// Forward for any type; in reverse the gradients add up where an element was picked more than once.
package struct AxisGather: MovingKernel {
    package let outer: Int
    /// The axis' extent in the input.
    package let extent: Int
    package let inner: Int
    /// For each place along the output's axis the place along the input's; −1 leaves zeros.
    package let indices: [Int32]

    /// - Precondition: each index is −1 or below `extent`.
    package init(outer: Int, extent: Int, inner: Int, indices: [Int32]) {
        self.outer = outer
        self.extent = extent
        self.inner = inner
        self.indices = indices
    }

    package func reverseReads(_ rule: Rule) -> ReverseReads { .none }
    package func supports(_ rule: Rule) -> Bool { true }
    package func gradientInputs(_ inputs: [Fact?]) -> [Int] {
        inputs.first.flatMap { $0 }.map { $0.type.isFloat && $0.constant == nil } ?? false ? [0] : []
    }

    package func forward<T: FixedWidthInteger & BitwiseCopyable>(_ run: ForwardRun, as _: T.Type) {
        guard let x = run.inputs[0]?.region(T.self), let y = run.outputs[0]?.region(T.self) else { return }
        for o in 0..<outer {
            for (i, index) in indices.enumerated() {
                let at = (o * indices.count + i) * inner
                if index < 0 {
                    y[at..<at + inner].fill(0)
                } else {
                    y.move(inner, at: at, step: 1, from: x, (o * extent + Int(index)) * inner, stride: 1)
                }
            }
        }
    }

    package func reverse<T: Scalar>(_ run: ReverseRun, as _: T.Type) {
        guard let g = run.outputGradients[0]?.region(T.self), let into = run.inputGradients[0]?.region(T.self) else { return }
        for o in 0..<outer {
            for (i, index) in indices.enumerated() where index >= 0 {
                into.accumulate(inner, at: (o * extent + Int(index)) * inner, step: 1, from: g, (o * indices.count + i) * inner, stride: 1)
            }
        }
    }
}
