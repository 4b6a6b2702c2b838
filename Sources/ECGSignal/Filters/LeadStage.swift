// SPDX-License-Identifier: GPL-3.0-or-later

/// One step of a filter on one lead: samples go in in order, in pieces of any size, and come out in order, later.
///
/// The values do not depend on the pieces. Every sample that goes in is finite: `LeadGroup` fills gaps before the first step and opens them again
/// after the last.
protocol LeadStage: Sendable {
    mutating func push(_ input: [Float], _ range: Range<Int>, into output: inout [Float])
    /// The record ends here: what is still inside comes out.
    mutating func finish(into output: inout [Float]) throws(FilterError)
}

/// Samples of one lead on their way from step to step: a run of an array.
struct LeadSamples: Sendable {
    var values: [Float]
    var range: Range<Int>
}

/// One step of a filter on several leads that go in step: as many samples of each go in, and as many come out.
protocol GroupStage: Sendable {
    mutating func push(_ input: [LeadSamples], into output: inout [[Float]])
    mutating func finish(into output: inout [[Float]]) throws(FilterError)
}

/// A step that has nothing to gain from several leads: one after the other.
struct EachLead<Stage: LeadStage>: GroupStage {
    private var stages: [Stage]

    init(_ stage: Stage, count: Int) { stages = [Stage](repeating: stage, count: count) }

    init(_ stages: [Stage]) { self.stages = stages }

    mutating func push(_ input: [LeadSamples], into output: inout [[Float]]) {
        for lead in stages.indices { stages[lead].push(input[lead].values, input[lead].range, into: &output[lead]) }
    }

    mutating func finish(into output: inout [[Float]]) throws(FilterError) {
        for lead in stages.indices { try stages[lead].finish(into: &output[lead]) }
    }
}
