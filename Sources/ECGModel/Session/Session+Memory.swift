// SPDX-License-Identifier: GPL-3.0-or-later

extension Session {
    /// Bytes of activations and gradients that a run of any number of items holds, references included.
    ///
    /// - Parameter rule: of the reverse run; nil if there is none.
    public func bytesInFlight(_ rule: Rule?, sharing: Sharing = Sharing()) throws -> Int {
        let atOnce = min(sharing.atOnce ?? workers.count, workers.count)
        // threads inside the kernels have scratch memory each
        let plan = try plan(rule, count: sharing.chunk ?? chunk, threads: atOnce == 1 ? workers.count : 1)
        return (plan.byteCount + plan.referenceByteCount) * atOnce
    }

    /// Brings the weights into the form that the kernels want, which the first run would do otherwise.
    public func prepare(_ rule: Rule?) throws { try plan(rule, count: 1, threads: 1).prepare(workers) }

    /// Elements of a layer's output for one item.
    public func count(ofLayer name: String) throws -> Int {
        let value = try layer(name)
        return Self.perItem(try plan(count: fixedCount ?? 1, kept: keptValues([value]), reverse: nil, threads: 1).fact(value), fixedCount)
    }

    private func plan(_ rule: Rule?, count: Int, threads: Int) throws -> Plan {
        let reverse = rule.map { PlanRequest.Reverse(seeds: [logits], wanted: [input.value], rules: Rules($0)) }
        return try plan(count: fixedCount ?? count, kept: keptValues([]), reverse: reverse, threads: threads)
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
