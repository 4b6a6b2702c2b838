// SPDX-License-Identifier: GPL-3.0-or-later

/// One step of a filter on one lead: samples go in in order, in pieces of any size, and come out in order, later.
///
/// The values do not depend on the pieces. Every sample that goes in is finite: `LeadChain` fills gaps before the first step and opens them again
/// after the last.
protocol LeadStage: Sendable {
    mutating func push(_ input: [Float], into output: inout [Float])
    /// The record ends here: what is still inside comes out.
    mutating func finish(into output: inout [Float]) throws(FilterError)
}
