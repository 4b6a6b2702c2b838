// SPDX-License-Identifier: GPL-3.0-or-later

/// Gives every tensor of a plan its place in one arena, so that tensors that don't live at the same time share memory.
///
/// Time is the number of the step: forward 0 ..< F, and in reverse from F on, the last step first. What reverse runs read lives to the end, since there may
/// be several (targets, rules) after one forward run; they follow each other, so the gradients of each have the same places.
struct ArenaLayout {
    private(set) var values: [Int: Int] = [:]
    private(set) var gradients: [Int: Int] = [:]
    private(set) var scratch = (offset: 0, count: 0)
    private(set) var byteCount = 0

    private struct Tenant {
        let isGradient: Bool
        let root: Int
        let bytes: Int
        var first: Int
        var last: Int
    }

    mutating func place(
        _ request: PlanRequest, steps: [Step], reverse: [[ReverseStep]], values planned: [PlanValue], external: [ValueIndex: Int],
        isReference: Bool = false
    ) {
        let end = 2 * steps.count
        var forward: [Int: (Int, Int)] = [:]
        var backward: [Int: (Int, Int)] = [:]
        func use(_ table: inout [Int: (Int, Int)], _ value: Int?, _ time: Int) {
            guard let value, planned[value].fact.constant == nil else { return }
            let root = planned[value].root
            guard planned[root].fact.constant == nil else { return }
            let known = table[root] ?? (time, time)
            table[root] = (min(known.0, time), max(known.1, time))
        }
        for value in request.inputShapes.keys { use(&forward, external[value], 0) }
        for (time, step) in steps.enumerated() {
            for value in step.inputs + step.outputs { use(&forward, value, time) }
            for value in step.kept { use(&forward, value, time) }
        }
        for value in request.kept { use(&forward, external[value], end) }
        // The seeds are set before the reverse run, the first time and again.
        for value in request.reverse?.seeds ?? [] {
            use(&backward, external[value], steps.count)
            use(&forward, external[value], end)
        }
        for made in reverse.joined() {
            let step = steps[made.step]
            let time = steps.count - 1 - made.step
            let reads = step.kernel.reverseReads(made.rule)
            if reads.inputs { for value in step.inputs { use(&forward, value, end) } }
            if reads.outputs { for value in step.outputs { use(&forward, value, end) } }
            for value in step.kept { use(&forward, value, end) }
            for (index, value) in step.outputs.enumerated() where made.outputGradients[index] { use(&backward, value, steps.count + time) }
            for (index, value) in step.inputs.enumerated() where made.inputGradients[index] { use(&backward, value, steps.count + time) }
        }
        for value in request.reverse?.wanted ?? [] { use(&backward, external[value], end) }
        func tenants(_ table: [Int: (Int, Int)], _ isGradient: Bool) -> [Tenant] {
            table.map { root, time in
                Tenant(isGradient: isGradient, root: root, bytes: planned[root].fact.byteCount, first: time.0, last: time.1)
            }
        }
        let passed = isReference ? [:] : Self.passed(reverse, steps, planned, lives: backward)
        for (value, first) in passed {
            guard let end = backward.removeValue(forKey: value)?.1, let own = backward[first] else { continue }
            backward[first] = (own.0, max(own.1, end))
        }
        let all = (tenants(forward, false) + (isReference ? [] : tenants(backward, true))).sorted {
            ($1.bytes, $0.first, $0.root, $0.isGradient ? 1 : 0) < ($0.bytes, $1.first, $1.root, $1.isGradient ? 1 : 0)
        }
        if all.count <= Self.fewEnough { place(all) } else { placeInTurn(all) }
        for (value, first) in passed { gradients[value] = gradients[first] }
        if isReference { return }
        let needs = steps.map { $0.kernel.scratchBytes(threads: request.threads) }
        scratch = (byteCount, needs.max() ?? 0)
        byteCount += Self.aligned(scratch.count)
    }

    /// Gradients that are another one unchanged (a sum's operands have that of the sum), each with the first that it is handed on from. That one is read
    /// for the last time where this one would be set.
    ///
    /// - Parameter lives: the first and the last time of gradients by root.
    private static func passed(
        _ reverse: [[ReverseStep]], _ steps: [Step], _ planned: [PlanValue], lives: [Int: (Int, Int)]
    ) -> [Int: Int] {
        func isWhole(_ value: Int) -> Bool { planned[value].root == value && planned[value].span == planned[value].fact.shape.elementCount }
        var first: [Int: Int] = [:]
        for made in reverse.joined() {
            let (step, time) = (steps[made.step], 2 * steps.count - 1 - made.step)
            guard let place = step.kernel.passedGradient(of: step.inputs.count), made.inputGradients[place], !made.accumulates[place],
                let input = step.inputs[place], let output = step.outputs[0], isWhole(input), isWhole(output), first[input] == nil,
                planned[input].fact.byteCount == planned[output].fact.byteCount, lives[output]?.1 == time, lives[input]?.0 == time,
                step.inputs.count(where: { $0.map { planned[$0].root == input } ?? false }) == 1
            else { continue }
            first[input] = first[output] ?? output
        }
        return first
    }

    /// Tensors for which every place is worth looking at: that takes the square of their number.
    private static let fewEnough = 4096

    private static func aligned(_ bytes: Int) -> Int { (bytes + 63) / 64 * 64 }

    /// Largest first, each at the lowest place that is free during its life.
    private mutating func place(_ tenants: [Tenant]) {
        var settled: [(tenant: Tenant, offset: Int, end: Int)] = []
        for tenant in tenants {
            let size = max(64, Self.aligned(tenant.bytes))
            var offset = 0
            for other in settled where other.tenant.first <= tenant.last && tenant.first <= other.tenant.last {
                if other.offset >= offset + size { break }
                offset = max(offset, other.end)
            }
            let place = settled.firstIndex { $0.offset > offset } ?? settled.count
            settled.insert((tenant, offset, offset + size), at: place)
            if tenant.isGradient { gradients[tenant.root] = offset } else { values[tenant.root] = offset }
            byteCount = max(byteCount, offset + size)
        }
    }

    /// In order of time, each at the place that one of its size has left, else behind all: for the many tensors of a loop's rounds, which are of few sizes.
    private mutating func placeInTurn(_ tenants: [Tenant]) {
        let size = { (tenant: Tenant) in max(64, Self.aligned(tenant.bytes)) }
        let leaving = tenants.indices.sorted { (tenants[$0].last, $0) < (tenants[$1].last, $1) }
        var offsets = [Int](repeating: 0, count: tenants.count)
        var free: [Int: [Int]] = [:]
        var left = 0
        for index in tenants.indices.sorted(by: { (tenants[$0].first, $0) < (tenants[$1].first, $1) }) {
            let tenant = tenants[index]
            while left < leaving.count, tenants[leaving[left]].last < tenant.first {
                free[size(tenants[leaving[left]]), default: []].append(offsets[leaving[left]])
                left += 1
            }
            let offset = free[size(tenant)]?.popLast() ?? byteCount
            offsets[index] = offset
            byteCount = max(byteCount, offset + size(tenant))
            if tenant.isGradient { gradients[tenant.root] = offset } else { values[tenant.root] = offset }
        }
    }
}
