// SPDX-License-Identifier: GPL-3.0-or-later

/// A Butterworth filter for both directions, with what the backward pass needs to know about it.
final class ZeroPhaseIIR: Sendable {
    let sections: [Biquad]
    let padding: Int
    /// Samples after which the filter has forgotten where it began, to less than 1e-8 of range.
    let memory: Int
    /// Samples that one backward run gives; a function of the filter alone, so that all runs lie on one grid. Longer ones would spend less on what
    /// lies behind them, but of a slow filter they would be many megabytes.
    var block: Int { max((memory > 8192 ? 2 : 4) * memory, 4096) }

    private static let longestMemory = 1 << 22

    init(_ design: Butterworth) throws(FilterError) {
        sections = design.sections
        padding = design.padding
        memory = try Self.memory(of: design)
    }

    /// The length of the impulse response up to the point from which on less than 1e-8 of it is left.
    private static func memory(of design: Butterworth) throws(FilterError) -> Int {
        var cascade = BiquadCascade(design.sections)
        var sizes: [Double] = []
        var total = 0.0
        var input = [Double](repeating: 0, count: 4096)
        input[0] = 1
        while sizes.count < longestMemory {
            var block = input
            cascade.run(&block, block.indices)
            input[0] = 0
            var loudest = 0.0
            for value in block {
                sizes.append(abs(value))
                total += abs(value)
                loudest = max(loudest, abs(value))
            }
            guard total.isFinite else { break }
            if loudest < total * 1e-14 {
                var tail = 0.0
                for index in stride(from: sizes.count - 1, through: 0, by: -1) {
                    tail += sizes[index]
                    if tail > 1e-8 * total { return index + 1 }
                }
                return 1
            }
        }
        throw FilterError("this Butterworth filter is too narrow for its sampling frequency: its response does not die away")
    }
}

/// A filter run forwards and backwards over up to four leads, as `scipy.signal.sosfiltfilt` (padtype `odd`, and padlen as there, but never more
/// than the record has): exact at the record's ends. In between, a backward run begins far enough ahead that what it misses is below 1e-8 of range.
struct ZeroPhaseIIRStage: GroupStage {
    private let filter: ZeroPhaseIIR
    private let leads: Int
    /// Lanes of the cascade, the last of which may stand empty.
    private let width: Int
    private var forward: BiquadCascade
    private let resting: BiquadCascade
    /// The first samples of each lead, until there are enough to extend the record.
    private var head: [[Float]]?
    /// The last samples of each lead, to extend the record at its end.
    private var tail: [[Float]]
    private var waiting: MomentRing
    private var warmUp: [Double] = []
    /// The next output's moment. Moments count from the extended record's start.
    private var next = 0
    /// The next block's values, as far as the backward run has been over it.
    private var made: [[Float]]
    /// The backward run over the next block.
    private var backward: BackwardRun?

    private struct BackwardRun: Sendable {
        var cascade: BiquadCascade
        /// Where the block ends.
        let end: Int
        /// Before this moment it is still to be run over.
        var place: Int
    }

    init(_ filter: ZeroPhaseIIR, leads: Int) {
        precondition((1...4).contains(leads))
        self.filter = filter
        self.leads = leads
        width = leads > 2 ? 4 : leads
        resting = BiquadCascade(filter.sections, leads: width)
        forward = resting
        head = [[Float]](repeating: [], count: leads)
        tail = [[Float]](repeating: [], count: leads)
        made = [[Float]](repeating: [], count: leads)
        // While a backward run goes over a block, a forward run goes over the next one and what is needed behind it.
        waiting = MomentRing(capacity: 2 * filter.block + filter.memory + filter.padding + Self.piece, width: width)
    }

    mutating func push(_ input: [LeadSamples], into output: inout [[Float]]) {
        guard let count = input.first?.range.count, count > 0 else { return }
        for lead in 0..<leads { keepLast(of: input[lead], in: &tail[lead]) }
        if head == nil {
            run(input, into: &output)
        } else if head?[0].isEmpty == true, count > filter.padding {
            begin(input, padding: filter.padding, into: &output)
        } else {
            for lead in 0..<leads { head?[lead].append(contentsOf: input[lead].values[input[lead].range]) }
            if let samples = head, samples[0].count > filter.padding {
                begin(samples.map { LeadSamples(values: $0, range: $0.indices) }, padding: filter.padding, into: &output)
            }
        }
    }

    private func keepLast(of samples: LeadSamples, in last: inout [Float]) {
        let most = filter.padding + 1
        if samples.range.count >= most { last.removeAll(keepingCapacity: true) }
        last.append(contentsOf: samples.values[samples.range.suffix(most)])
        if last.count > 4 * most { last.removeFirst(last.count - most) }
    }

    /// Moments that are worked on at a time: what one loop has made is in the nearest cache when the next one takes it.
    private static let piece = 4096

    private mutating func run(_ samples: [LeadSamples], into output: inout [[Float]]) {
        guard let count = samples.first?.range.count else { return }
        var first = 0
        while first < count {
            let start = waiting.end, last = first + min(Self.piece, count - first, waiting.contiguous(start))
            waiting.append(
                samples.map { LeadSamples(values: $0.values, range: $0.range.lowerBound + first..<$0.range.lowerBound + last) },
                times: resting.gain)
            runForward(from: start, into: &output)
            first = last
        }
    }

    /// Runs forward over the moments from `start` on, which are new, and beside it backward over a block, as soon as what is behind it is there.
    private mutating func runForward(from start: Int, into output: inout [[Float]]) {
        var start = start
        while true {
            let needed = next + filter.block + filter.memory
            if backward == nil, start >= needed { backward = backwardRun(to: needed - filter.memory, from: needed) }
            guard start < waiting.end else { return }
            guard var run = backward else {
                let end = min(waiting.end, needed)
                waiting.run(&forward, start..<end)
                start = end
                continue
            }
            let count = min(waiting.end - start, run.place - next)
            waiting.run(&forward, start..<start + count, beside: &run.cascade, backwards: run.place - count..<run.place)
            start += count
            run.place -= count
            make(run.place..<run.place + count)
            backward = run
            if run.place == next { give(run.end, into: &output) }
        }
    }

    /// Extends the record at its start by its first samples, turned about the first one.
    private mutating func begin(_ samples: [LeadSamples], padding: Int, into output: inout [[Float]]) {
        head = nil
        next = padding
        for index in 0..<padding {
            waiting.append { lead in
                guard lead < leads else { return 0 }
                let (values, first) = (samples[lead].values, samples[lead].range.lowerBound)
                return resting.gain * (2 * Double(values[first]) - Double(values[first + padding - index]))
            }
        }
        for (lead, samples) in samples.enumerated() {
            forward.settle(at: padding > 0 ? waiting[0, lead] : resting.gain * Double(samples.values[samples.range.lowerBound]), lead: lead)
        }
        waiting.run(&forward, 0..<padding)
        run(samples, into: &output)
    }

    /// A backward run over the moments before `count` that begins behind them, at `end`.
    private mutating func backwardRun(to count: Int, from end: Int) -> BackwardRun {
        var cascade = resting
        for lead in 0..<leads { cascade.settle(at: waiting[end - 1, lead], lead: lead) }
        // What lies behind a block is still wanted as it is.
        waiting.copy(count..<end, to: &warmUp)
        cascade.run(&warmUp, 0..<end - count, backwards: true)
        for lead in 0..<leads { SignalLoops.lengthen(&made[lead], by: count - next - made[lead].count) }
        return BackwardRun(cascade: cascade, end: count, place: count)
    }

    /// Completes the backward run by itself.
    private mutating func completeBackward(into output: inout [[Float]]) {
        guard var run = backward else { return }
        waiting.run(&run.cascade, next..<run.place, backwards: true)
        make(next..<run.place)
        give(run.end, into: &output)
    }

    /// Takes the values of moments of the block over which the backward run has just been, while they are in the nearest cache.
    private mutating func make(_ moments: Range<Int>) {
        waiting.give(moments, times: resting.gain, to: &made, at: moments.lowerBound - next)
    }

    /// Gives the values before `end`, when the backward run has been over them.
    private mutating func give(_ end: Int, into output: inout [[Float]]) {
        let count = end - next
        for lead in 0..<leads {
            if output[lead].isEmpty, made[lead].count == count {
                swap(&output[lead], &made[lead])
            } else {
                output[lead].append(contentsOf: made[lead][..<count])
            }
        }
        next = end
        backward = nil
    }

    mutating func finish(into output: inout [[Float]]) {
        if let samples = head, !samples[0].isEmpty {
            begin(samples.map { LeadSamples(values: $0, range: $0.indices) }, padding: samples[0].count - 1, into: &output)
        }
        guard head == nil else { return }
        completeBackward(into: &output)
        let padding = min(filter.padding, tail[0].count - 1)
        let start = waiting.end
        for index in 0..<padding {
            waiting.append { lead in
                guard lead < leads else { return 0 }
                let last = tail[lead].count - 1
                return resting.gain * (2 * Double(tail[lead][last]) - Double(tail[lead][last - 1 - index]))
            }
        }
        waiting.run(&forward, start..<waiting.end)
        backward = backwardRun(to: waiting.end - padding, from: waiting.end)
        completeBackward(into: &output)
    }
}
