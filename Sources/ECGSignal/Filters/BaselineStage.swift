// SPDX-License-Identifier: GPL-3.0-or-later

/// Takes the baseline from one lead: what a running median of 0.2 s and one of 0.6 s after it leave, without QRS and P and then without T
/// (de Chazal, O'Dwyer and Reilly, IEEE Trans. Biomed. Eng. 51, 2004).
struct BaselineStage: LeadStage {
    private var first: EdgedMedian
    private var second: EdgedMedian
    private var waiting: [Float] = []

    /// Odd windows nearest to 0.2 and 0.6 s.
    static func windows(fs: Double) -> (Int, Int) { (odd(0.2 * fs), odd(0.6 * fs)) }

    private static func odd(_ samples: Double) -> Int { 2 * Int((max(0, samples - 1) / 2).rounded()) + 1 }

    init(fs: Double, edge: FilterEdge) {
        let (short, long) = Self.windows(fs: fs)
        first = EdgedMedian(window: short, edge: edge)
        second = EdgedMedian(window: long, edge: edge)
    }

    mutating func push(_ input: [Float], _ range: Range<Int>, into output: inout [Float]) {
        waiting.append(contentsOf: input[range])
        var smooth: [Float] = []
        var baseline: [Float] = []
        first.push(input[range], into: &smooth)
        second.push(smooth[...], into: &baseline)
        subtract(baseline, into: &output)
    }

    mutating func finish(into output: inout [Float]) {
        var smooth: [Float] = []
        var baseline: [Float] = []
        first.finish(into: &smooth)
        second.push(smooth[...], into: &baseline)
        second.finish(into: &baseline)
        subtract(baseline, into: &output)
    }

    private mutating func subtract(_ baseline: [Float], into output: inout [Float]) {
        for index in baseline.indices { output.append(waiting[index] - baseline[index]) }
        waiting.removeFirst(baseline.count)
    }
}

/// A running median that stands on its middle sample, with an edge rule: without delay.
private struct EdgedMedian: Sendable {
    private var median: RunningMedian
    private let edge: FilterEdge
    private var last: Float?

    init(window: Int, edge: FilterEdge) {
        median = RunningMedian(window: window)
        self.edge = edge
    }

    private var half: Int { median.window / 2 }

    mutating func push(_ input: ArraySlice<Float>, into output: inout [Float]) {
        guard let first = input.first, let newest = input.last else { return }
        if last == nil { median.push(repeatElement(edge == .hold ? first : 0, count: half), into: &output) }
        last = newest
        median.push(input, into: &output)
    }

    mutating func finish(into output: inout [Float]) {
        guard let last else { return }
        median.push(repeatElement(edge == .hold ? last : 0, count: half), into: &output)
        median.finish(into: &output)
    }
}
