// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// The sum or mean along axes that lie next to each other: rows of `inner` elements are added up, `extent` of them for each of the `outer` results.
struct RunReductionKernel: ScalarKernel {
    let outer: Int
    let extent: Int
    let inner: Int
    let divides: Bool

    /// - Parameters:
    ///   - shape: as it lies in memory; so are the axes.
    /// nil where the axes don't lie next to each other, axes of extent 1 not counted.
    init?(_ shape: Shape, _ reduced: Set<Int>, _ divides: Bool) {
        let live = shape.indices.filter { shape[$0] != 1 }
        let places = live.indices.filter { reduced.contains(live[$0]) }
        guard !shape.contains(0), let first = places.first, let last = places.last, last - first == places.count - 1 else { return nil }
        outer = live[..<first].reduce(1) { $0 * shape[$1] }
        extent = places.reduce(1) { $0 * shape[live[$1]] }
        inner = live[(last + 1)...].reduce(1) { $0 * shape[$1] }
        self.divides = divides
    }

    func reverseReads(_ rule: Rule) -> ReverseReads { .none }
    func supports(_ rule: Rule) -> Bool { true }

    func forward<T: Scalar>(_ run: ForwardRun, as _: T.Type) {
        guard let x = run.inputs[0]?.region(T.self), let y = run.outputs[0]?.region(T.self) else { return }
        // In double precision: the sums are long.
        let divisor = divides ? Double(extent) : 1
        let total = Region<Double>(count: inner)
        for o in 0..<outer {
            total.fill(0)
            if inner == 1 {
                total.add(extent, at: 0, step: 0, x, o * extent, x, o * extent, step: 1, x, o * extent, step: 1) { x, _, _ in Double(x) }
            } else {
                for e in 0..<extent {
                    let from = (o * extent + e) * inner
                    total.add(inner, at: 0, step: 1, x, from, x, from, step: 1, x, from, step: 1) { x, _, _ in Double(x) }
                }
            }
            for i in 0..<inner { y[o * inner + i] = T(total[i] / divisor) }
        }
    }

    func reverse<T: Scalar>(_ run: ReverseRun, as _: T.Type) {
        guard let g = run.outputGradients[0]?.region(T.self), let into = run.inputGradients[0]?.region(T.self) else { return }
        let divisor: T = divides ? T(extent) : 1
        for o in 0..<outer {
            for e in 0..<extent {
                let (at, from) = ((o * extent + e) * inner, o * inner)
                into.add(inner, at: at, step: 1, g, from, g, from, step: 1, g, from, step: 1) { g, _, _ in g / divisor }
            }
        }
    }
}
