// SPDX-License-Identifier: GPL-3.0-or-later

extension Session {
    /// Bytes of activations and gradients that a reverse run of any number of items holds at once: a chunk of items a thread, twice with references.
    public func bytesInFlight(paired: Bool) throws -> Int {
        let request = PlanRequest.Reverse(seeds: [logits], wanted: [input.value], rules: paired ? .rescale : .gradient)
        let plan = try plan(count: fixedCount ?? chunk, kept: keptValues([]), reverse: request, threads: 1)
        let (bytes, overflow) = plan.byteCount.multipliedReportingOverflow(by: workers.count * (paired ? 2 : 1))
        return overflow ? .max : bytes
    }
}
