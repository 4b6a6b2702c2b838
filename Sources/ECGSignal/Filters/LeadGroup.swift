// SPDX-License-Identifier: GPL-3.0-or-later

/// The steps of a filter on leads that go in step, and what they make of gaps.
///
/// Samples that are not finite are a gap. It is filled before the first step, so that the filters see a smooth signal, and opened again after the
/// last: a gap stays where it was and does not spread, neither in time nor to other leads.
final class LeadGroup: @unchecked Sendable {
    let count: Int
    private var stages: [any GroupStage]
    private let ratio: RationalRatio
    private var fillers: [GapFiller]
    /// Samples received and values given, of each lead.
    private var produced = 0
    /// What goes from step to step.
    private var between: [[Float]]
    private var next: [[Float]]

    init(stages: [any GroupStage], count: Int, fs: Double, ratio: RationalRatio) {
        self.count = count
        self.stages = stages
        self.ratio = ratio
        fillers = [GapFiller](repeating: GapFiller(fs: fs), count: count)
        between = [[Float]](repeating: [], count: count)
        next = between
    }

    /// What goes from step to step at a time stays in the cache.
    static let piece = 1 << 13

    /// Takes a range of samples of each lead, equally long, and appends the values that are ready.
    func push(_ samples: [Float], _ ranges: [Range<Int>], into output: inout [[Float]]) {
        guard let length = ranges.first?.count else { return }
        for start in stride(from: 0, to: length, by: Self.piece) {
            let end = min(start + Self.piece, length)
            push(ranges.map { LeadSamples(values: samples, range: $0.lowerBound + start..<$0.lowerBound + end) }, into: &output)
        }
    }

    /// The same, of at most a piece.
    func push(_ leads: [LeadSamples], into output: inout [[Float]]) {
        precondition(leads.count == count && leads.allSatisfy { $0.range.count == leads[0].range.count })
        var isWhole = true
        for (lead, samples) in leads.enumerated() { isWhole = fillers[lead].isOpen(samples.values, samples.range) && isWhole }
        if isWhole {
            for (lead, samples) in leads.enumerated() { fillers[lead].pass(samples.values, samples.range) }
            return run(leads, from: 0, into: &output)
        }
        for (lead, samples) in leads.enumerated() { fillers[lead].fill(samples.values, samples.range) }
        runFilled(into: &output)
    }

    /// As far as every lead is filled.
    private func runFilled(into output: inout [[Float]]) {
        let ready = fillers.map(\.ready).min() ?? 0
        guard ready > 0 else { return }
        run((0..<count).map { LeadSamples(values: fillers[$0].take(ready), range: 0..<ready) }, from: 0, into: &output)
    }

    func finish(into output: inout [[Float]]) throws(FilterError) {
        for lead in 0..<count { fillers[lead].finish() }
        runFilled(into: &output)
        for index in stages.indices {
            var rest = [[Float]](repeating: [], count: count)
            try stages[index].finish(into: &rest)
            run(rest.map { LeadSamples(values: $0, range: $0.indices) }, from: index + 1, into: &output)
        }
    }

    /// Runs samples through the steps from one on.
    private func run(_ input: [LeadSamples], from first: Int, into output: inout [[Float]]) {
        let before = output.map(\.count)
        if first >= stages.count {
            for lead in 0..<count { output[lead].append(contentsOf: input[lead].values[input[lead].range]) }
        } else if first == stages.count - 1 {
            stages[first].push(input, into: &output)
        } else {
            var input = input
            for index in first..<stages.count - 1 {
                for lead in 0..<count { next[lead].removeAll(keepingCapacity: true) }
                stages[index].push(input, into: &next)
                // The samples of the step before are nobody's any more, so that their memory can be written to again.
                input = []
                swap(&between, &next)
                input = between.map { LeadSamples(values: $0, range: $0.indices) }
            }
            stages[stages.count - 1].push(input, into: &output)
        }
        reopen(&output, from: before)
    }

    /// Puts the gaps back into values that begin at an index of each lead, which is position `produced`.
    private func reopen(_ values: inout [[Float]], from first: [Int]) {
        let end = produced + (values.first?.count ?? 0) - (first.first ?? 0)
        for lead in 0..<count { fillers[lead].reopen(&values[lead], from: first[lead], at: produced..<end, ratio) }
        produced = end
    }
}

extension RationalRatio {
    /// The new samples that lie within half a step, old or new, whichever is longer, of one of the old samples: no gap is ever lost.
    func span(of gap: Range<Int>) -> Range<Int> {
        if up == 1 && down == 1 { return gap }
        let (scale, half) = down >= up ? (Double(up) / Double(down), 0.5) : (Double(up) / Double(down), 0.5 * Double(up) / Double(down))
        // Positions below 2^53 are exact, and the tolerance keeps a half on the side of the gap.
        let low = (Double(gap.lowerBound) * scale - half - 1e-6).rounded(.up)
        let high = (Double(gap.upperBound - 1) * scale + half + 1e-6).rounded(.down)
        return Int(max(0, low))..<max(Int(max(0, low)), Int(high) + 1)
    }
}
