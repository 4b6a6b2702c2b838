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
            run(input)
        } else if head?[0].isEmpty == true, count > filter.padding {
            begin(input, padding: filter.padding)
        } else {
            for lead in 0..<leads { head?[lead].append(contentsOf: input[lead].values[input[lead].range]) }
            if let samples = head, samples[0].count > filter.padding {
                begin(samples.map { LeadSamples(values: $0, range: $0.indices) }, padding: filter.padding)
            }
        }
        // Two blocks at a time.
        while moments >= extra + 2 * filter.block + filter.memory { emitTwo(into: &output) }
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

    private mutating func run(_ samples: [LeadSamples]) {
        guard let count = samples.first?.range.count else { return }
        for first in stride(from: 0, to: count, by: Self.piece) {
            let last = min(first + Self.piece, count), start = moments
            let piece = samples.map {
                LeadSamples(values: $0.values, range: $0.range.lowerBound + first..<$0.range.lowerBound + last)
            }
            SignalLoops.append(piece, lanes: width, to: &waiting)
            forward.run(&waiting, start..<moments)
        }
    }

    /// Extends the record at its start by its first samples, turned about the first one.
    private mutating func begin(_ samples: [LeadSamples], padding: Int) {
        head = nil
        extra = padding
        let start = extend(by: padding)
        for (lead, samples) in samples.enumerated() {
            let first = samples.range.lowerBound
            let middle = 2 * Double(samples.values[first])
            for index in 0..<padding {
                waiting[(start + index) * width + lead] = middle - Double(samples.values[first + padding - index])
            }
            forward.settle(at: padding > 0 ? waiting[start * width + lead] : middle / 2, lead: lead)
        }
        forward.run(&waiting, start..<moments)
        run(samples)
    }

    /// A cascade as it is where a backward run begins.
    private func backward(from end: Int) -> BiquadCascade {
        var cascade = resting
        for lead in 0..<leads { cascade.settle(at: waiting[(end - 1) * width + lead], lead: lead) }
        return cascade
    }

    /// Gives the next two blocks, each from a backward run of its own that begins `memory` samples behind it.
    private mutating func emitTwo(into output: inout [[Float]]) {
        let (block, memory) = (filter.block, filter.memory)
        let middle = extra + block
        let count = middle + block
        var first = backward(from: middle + memory)
        var second = backward(from: count + memory)
        // What lies behind a block is still wanted as it is.
        warmUp.removeAll(keepingCapacity: true)
        warmUp.append(contentsOf: waiting[middle * width..<(middle + memory) * width])
        warmUp.append(contentsOf: waiting[count * width..<(count + memory) * width])
        first.run(&warmUp, 0..<memory, backwards: true, beside: &second, memory..<2 * memory)
        let start = (output.first?.count ?? 0) - extra
        SignalLoops.lengthen(&output, by: 2 * block)
        for end in stride(from: middle, to: extra, by: -Self.piece) {
            let piece = max(end - Self.piece, extra)..<end
            let other = piece.lowerBound + block..<piece.upperBound + block
            first.run(&waiting, piece, backwards: true, beside: &second, other)
            for moments in [piece, other] {
                SignalLoops.set(&output, at: start + moments.lowerBound, to: waiting, moments, lanes: width)
            }
        }
        leave(count)
    }

    /// Runs backwards from before `end` and gives the values before `count`, without the extension.
    private mutating func emit(_ count: Int, from end: Int, into output: inout [[Float]]) {
        guard end > 0 else { return }
        var backward = backward(from: end)
        warmUp.removeAll(keepingCapacity: true)
        warmUp.append(contentsOf: waiting[count * width..<end * width])
        backward.run(&warmUp, 0..<end - count, backwards: true)
        let start = (output.first?.count ?? 0) - extra
        SignalLoops.lengthen(&output, by: count - extra)
        for end in stride(from: count, to: extra, by: -Self.piece) {
            let piece = max(end - Self.piece, extra)..<end
            backward.run(&waiting, piece, backwards: true)
            SignalLoops.set(&output, at: start + piece.lowerBound, to: waiting, piece, lanes: width)
        }
        leave(count)
    }

    /// The values before `count` have been given.
    private mutating func leave(_ count: Int) {
        waiting.removeFirst(count * width)
        extra = 0
    }

    mutating func finish(into output: inout [[Float]]) {
        if let samples = head, !samples[0].isEmpty {
            begin(samples.map { LeadSamples(values: $0, range: $0.indices) }, padding: samples[0].count - 1)
        }
        guard head == nil else { return }
        let padding = min(filter.padding, tail[0].count - 1)
        let start = extend(by: padding)
        for lead in 0..<leads {
            let count = tail[lead].count
            let middle = 2 * Double(tail[lead][count - 1])
            for index in 0..<padding {
                waiting[(start + index) * width + lead] = middle - Double(tail[lead][count - 2 - index])
            }
        }
        forward.run(&waiting, start..<moments)
        emit(moments - padding, from: moments, into: &output)
    }
}
