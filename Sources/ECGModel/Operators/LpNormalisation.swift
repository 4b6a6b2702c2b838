// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// LpNormalization: each line along an axis over its 1- or 2-norm.
struct LpNormalisationOperator: Operator {
    let axis: Int
    let power: Int

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        guard input.type.isFloat, !input.shape.isEmpty else { throw node.unsupported("element type \(input.type.rawValue)") }
        let walk = ReductionWalk(input.shape, reduced: [try node.axis(axis, rank: input.shape.count)])
        return .kernel([Fact(input.type, input.shape)], LpNormalisationKernel(walk: walk, power: power))
    }
}

private struct LpNormalisationKernel: ScalarKernel {
    let walk: ReductionWalk
    let power: Int

    func reverseReads(_ rule: Rule) -> ReverseReads { .inputs }

    private func norm<T: Scalar>(_ x: Region<T>, _ base: Int) -> T {
        power == 1
            ? walk.offsets.reduce(0) { $0 + x[base + $1].magnitude }
            : walk.offsets.reduce(0) { $0 + x[base + $1] * x[base + $1] }.squareRoot()
    }

    func forward<T: Scalar>(_ run: ForwardRun, as _: T.Type) {
        guard let x = run.inputs[0]?.region(T.self), let y = run.outputs[0]?.region(T.self) else { return }
        for base in walk.bases {
            let norm = norm(x, base)
            for offset in walk.offsets { y[base + offset] = norm == 0 ? 0 : x[base + offset] / norm }
        }
    }

    func reverse<T: Scalar>(_ run: ReverseRun, as _: T.Type) {
        guard let x = run.inputs[0]?.region(T.self), let g = run.outputGradients[0]?.region(T.self),
            let into = run.inputGradients[0]?.region(T.self)
        else { return }
        for base in walk.bases {
            let norm = norm(x, base)
            guard norm != 0 else { continue }
            let product = walk.offsets.reduce(0) { $0 + g[base + $1] * x[base + $1] } / (norm * norm)
            for offset in walk.offsets {
                let v = x[base + offset]
                let slope: T = power == 1 ? (v > 0 ? 1 : v < 0 ? -1 : 0) : v / norm
                into[base + offset] += g[base + offset] / norm - product * slope
            }
        }
    }
}
