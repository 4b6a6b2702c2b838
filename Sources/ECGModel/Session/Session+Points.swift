// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// Points that a thread has made, to be run together, and what becomes of their results.
public struct PointChunk {
    let points: [[Float]]
    let finish: (PointResults) -> Void

    /// - Parameters:
    ///   - points: each flat in the session's item shape.
    ///   - finish: called by the same thread when the points have been run.
    public init(_ points: [[Float]], finish: @escaping (PointResults) -> Void) { (self.points, self.finish) = (points, finish) }
}

/// What the network says at the points of a chunk.
public struct PointResults {
    /// The logits of each point.
    public let logits: [[Float]]
    /// The target's score at each.
    public let scores: [Float]
    /// The target's gradient at each, flat in the session's item shape.
    public let gradients: [[Float]]
}

extension Session {
    /// Runs points forward and in reverse that are made, and whose results are used, by the thread that runs them: what there are of them at a time is a
    /// chunk for each thread, and no thread waits for another before the last one.
    ///
    /// - Parameters:
    ///   - count: how many points there are.
    ///   - chunk: makes some of them; called by several threads, for ranges that begin in order but may end in another.
    /// - Throws: `ModelError`: targets outside of the outputs, or an operator that has no such rule.
    public func reverse(
        points count: Int, pass: ReversePass, sharing: Sharing = Sharing(), chunk: @Sendable (Range<Int>) -> PointChunk
    ) throws {
        let seed = try Seed(pass.target, self, count: count)
        let gathered = Gathered(scores: Region<Float>(count: count), references: nil, gradient: nil, layers: [])
        let classes = outputShape.elementCount
        for way in ways([pass], seeds: [seed.value], layers: []) {
            try forEachChunkInTurn(count, kept: way.kept, reverse: way.request, sharing: sharing) { [self] memory, range in
                let own = chunk(range)
                precondition(own.points.count == range.count && own.points.allSatisfy { $0.count == itemShape.elementCount })
                fill(memory.tensor(input.value), memory.plan.fact(input.value), range.count) { (own.points[$0], 0) }
                memory.forward()
                let logits = Region<Float>(count: range.count * classes)
                read(memory.tensor(self.logits), memory.plan.fact(self.logits), into: logits, 0..<range.count)
                seed.start(memory, range, gathered)
                memory.reverse()
                let places = 0..<range.count
                own.finish(
                    PointResults(
                        logits: places.map { logits[$0 * classes..<($0 + 1) * classes].elements }, scores: gathered.scores[range].elements,
                        gradients: places.map { gradient(memory, at: $0) }))
            }
        }
    }
}
