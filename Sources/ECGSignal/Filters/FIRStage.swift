// SPDX-License-Identifier: GPL-3.0-or-later

/// What a filter takes for the samples before the record's first and after its last.
public enum FilterEdge: String, CaseIterable, Sendable {
    /// Zeros, as `scipy.signal.oaconvolve` in mode `same` and `scipy.signal.medfilt`.
    case zero
    /// The first and the last sample, held.
    case hold
}

/// A filter with an odd number of taps whose middle tap stands on the output's sample: without delay.
struct FIRStage: LeadStage {
    private let half: Int
    private let edge: FilterEdge
    private var core: ValidConvolution
    private var last: Float?

    init(_ response: ImpulseResponse, edge: FilterEdge) {
        precondition(response.taps.count % 2 == 1)
        half = response.taps.count / 2
        self.edge = edge
        core = ValidConvolution(response)
    }

    mutating func push(_ input: [Float], _ range: Range<Int>, into output: inout [Float]) {
        guard let first = range.first else { return }
        let value = input[first]
        if last == nil { core.push(edge == .hold ? value : 0, count: half, near: value, into: &output) }
        last = input[range.upperBound - 1]
        core.push(input, range, into: &output)
    }

    mutating func finish(into output: inout [Float]) {
        guard let last else { return }
        core.push(edge == .hold ? last : 0, count: half, near: last, into: &output)
        core.finish(into: &output)
    }
}
