// SPDX-License-Identifier: GPL-3.0-or-later
//
// The one file that calls CRandomLoops, normal numbers by the processor's vectors.

import CRandomLoops

extension RandomSource {
    /// Normal numbers `first` to `first + count - 1` of an endless row, two of them from each draw (Box and Muller 1958): the floats nearest to
    /// radius·cos(angle) and radius·sin(angle) of `log`, `cos` and `sin` in double precision.
    public func normals(from first: Int, count: Int) -> [Float] { normals(from: first, count: count, pairs: Self.widest) }

    /// The same by the loop of an instruction set, of which all give the same bits; nil where the processor lacks it.
    package func normals(from first: Int, count: Int, instructionSet: Int) -> [Float]? {
        ecg_normal_pairs_for(Int32(instructionSet)).map { normals(from: first, count: count, pairs: $0) }
    }

    private static let widest = ecg_normal_pairs_here()

    private func normals(from first: Int, count: Int, pairs: ecg_normal_pairs) -> [Float] {
        guard count > 0 else { return [] }
        let draws = (first + count - 1) / 2 - first / 2 + 1
        var source = ecg_random_source(key: key, purpose: purpose)
        var row = [Float](unsafeUninitializedCapacity: 2 * draws) { row, initialized in
            guard let start = row.baseAddress else { return }
            pairs(&source, UInt64(first / 2), draws, start)
            initialized = 2 * draws
        }
        if first % 2 == 1 { row.removeFirst() }
        if row.count > count { row.removeLast() }
        return row
    }
}
