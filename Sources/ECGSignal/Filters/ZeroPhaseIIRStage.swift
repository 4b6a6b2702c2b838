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
    /// Forward values [time][lane] from the next output on.
    private var waiting: [Double] = []
    private var warmUp: [Double] = []
    /// Extension at the record's start, still in `waiting`.
    private var extra = 0
    /// The backward run over the next block.
    private var backward: BackwardRun?

    private struct BackwardRun: Sendable {
        var cascade: BiquadCascade
        /// Where the block ends, in `waiting`.
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
    }

    private var moments: Int { waiting.count / width }

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

    /// Makes room for more moments and returns the first.
    private mutating func extend(by count: Int) -> Int {
        let start = moments
        waiting.append(contentsOf: repeatElement(0, count: count * width))
        return start
    }

    /// Moments that are worked on at a time: what one loop has made is in the nearest cache when the next one takes it.
    private static let piece = 4096

    private mutating func run(_ samples: [LeadSamples], into output: inout [[Float]]) {
        guard let count = samples.first?.range.count else { return }
        for first in stride(from: 0, to: count, by: Self.piece) {
            let last = min(first + Self.piece, count), start = moments
            let piece = samples.map {
                LeadSamples(values: $0.values, range: $0.range.lowerBound + first..<$0.range.lowerBound + last)
            }
            SignalLoops.append(piece, times: resting.gain, lanes: width, to: &waiting)
            runForward(from: start, into: &output)
        }
    }

    /// Runs forward over the moments from `start` on, which are new, and beside it backward over a block, as soon as what is behind it is there.
    private mutating func runForward(from start: Int, into output: inout [[Float]]) {
        var start = start
        while true {
            let needed = extra + filter.block + filter.memory
            if backward == nil, start >= needed { backward = backwardRun(to: needed - filter.memory, from: needed) }
            guard start < moments else { return }
            guard var run = backward else {
                let end = min(moments, needed)
                forward.run(&waiting, start..<end)
                start = end
                continue
            }
            let count = min(moments - start, run.place - extra)
            forward.run(&waiting, start..<start + count, beside: &run.cascade, backwards: run.place - count..<run.place)
            start += count
            run.place -= count
            backward = run
            if run.place == extra {
                give(run.end, into: &output)
                start -= run.end
            }
        }
    }

    /// Extends the record at its start by its first samples, turned about the first one.
    private mutating func begin(_ samples: [LeadSamples], padding: Int, into output: inout [[Float]]) {
        head = nil
        extra = padding
        let start = extend(by: padding)
        for (lead, samples) in samples.enumerated() {
            let first = samples.range.lowerBound
            let middle = 2 * Double(samples.values[first])
            for index in 0..<padding {
                waiting[(start + index) * width + lead] = resting.gain * (middle - Double(samples.values[first + padding - index]))
            }
            forward.settle(at: padding > 0 ? waiting[start * width + lead] : resting.gain * middle / 2, lead: lead)
        }
        forward.run(&waiting, start..<moments)
        run(samples, into: &output)
    }

    /// A backward run over the moments before `count` that begins behind them, at `end`.
    private mutating func backwardRun(to count: Int, from end: Int) -> BackwardRun {
        var cascade = resting
        for lead in 0..<leads { cascade.settle(at: waiting[(end - 1) * width + lead], lead: lead) }
        // What lies behind a block is still wanted as it is.
        warmUp.removeAll(keepingCapacity: true)
        warmUp.append(contentsOf: waiting[count * width..<end * width])
        cascade.run(&warmUp, 0..<end - count, backwards: true)
        return BackwardRun(cascade: cascade, end: count, place: count)
    }

    /// Completes the backward run by itself.
    private mutating func completeBackward(into output: inout [[Float]]) {
        guard var run = backward else { return }
        run.cascade.run(&waiting, extra..<run.place, backwards: true)
        give(run.end, into: &output)
    }

    /// Gives the values before `count`, without the extension, when the backward run has been over them.
    private mutating func give(_ count: Int, into output: inout [[Float]]) {
        let start = output.first?.count ?? 0
        SignalLoops.lengthen(&output, by: count - extra)
        SignalLoops.set(&output, at: start, to: waiting, extra..<count, times: resting.gain, lanes: width)
        waiting.removeFirst(count * width)
        extra = 0
        backward = nil
    }

    mutating func finish(into output: inout [[Float]]) {
        if let samples = head, !samples[0].isEmpty {
            begin(samples.map { LeadSamples(values: $0, range: $0.indices) }, padding: samples[0].count - 1, into: &output)
        }
        guard head == nil else { return }
        completeBackward(into: &output)
        let padding = min(filter.padding, tail[0].count - 1)
        let start = extend(by: padding)
        for lead in 0..<leads {
            let count = tail[lead].count
            let middle = 2 * Double(tail[lead][count - 1])
            for index in 0..<padding {
                waiting[(start + index) * width + lead] = resting.gain * (middle - Double(tail[lead][count - 2 - index]))
            }
        }
        forward.run(&waiting, start..<moments)
        backward = backwardRun(to: moments - padding, from: moments)
        completeBackward(into: &output)
    }
}
