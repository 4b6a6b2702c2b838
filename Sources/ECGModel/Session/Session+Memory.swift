// SPDX-License-Identifier: GPL-3.0-or-later

extension Session {
    /// Bytes of activations and gradients that a run of any number of items holds, references included.
    ///
    /// - Parameters:
    ///   - passes: of the reverse runs; none if items only run forward.
    ///   - layers: as in `reverse`, or in `layers` where there are no passes.
    public func bytesInFlight(_ passes: [ReversePass], layers: [String] = [], sharing: Sharing = Sharing()) throws -> Int {
        let atOnce = min(sharing.atOnce ?? workers.count, workers.count)
        // threads inside the kernels have scratch memory each
        let plans = try plans(passes, layers, count: sharing.chunk ?? chunk, threads: atOnce == 1 ? workers.count : 1)
        return (plans.map { $0.byteCount + $0.referenceByteCount }.max() ?? 0) * atOnce
    }

    /// Brings the weights into the form that the kernels want, which the first run would do otherwise.
    public func prepare(_ passes: [ReversePass], layers: [String] = []) throws {
        for plan in try plans(passes, layers, count: 1, threads: 1) { plan.prepare(workers) }
    }

    private func plans(_ passes: [ReversePass], _ layers: [String], count: Int, threads: Int) throws -> [Plan] {
        let names = try layers.map { try layer($0) }
        if passes.isEmpty { return [try plan(count: fixedCount ?? count, kept: keptValues(names), reverse: nil, threads: threads)] }
        let seeds = try passes.map { try Seed.value($0.target, self) }
        return try ways(passes, seeds: seeds, layers: names).map {
            try plan(count: fixedCount ?? count, kept: $0.kept, reverse: $0.request, threads: threads)
        }
    }
}

/// How a run's items are divided over the threads; results don't depend on it.
public struct Sharing: Sendable, Hashable {
    /// Items that are taken through the graph together; the session's own number if nil.
    public var chunk: Int?
    /// Chunks under way at a time, each of which holds memory; one a thread if nil. Where it is 1, all threads share the work on each kernel.
    public var atOnce: Int?
    /// Chunks begin at multiples of `chunk`, so that each meets the references of the one before; else they are evened out over the threads.
    public var isExact: Bool

    public init(chunk: Int? = nil, atOnce: Int? = nil, isExact: Bool = false) {
        (self.chunk, self.atOnce, self.isExact) = (chunk, atOnce, isExact)
    }
}
