// SPDX-License-Identifier: GPL-3.0-or-later

/// A Butterworth filter for both directions, with what the backward pass needs to know about it.
final class ZeroPhaseIIR: Sendable {
    let cascade: BiquadCascade
    let padding: Int
    /// Samples after which the filter has forgotten where it began, to less than 1e-8 of range.
    let memory: Int
    /// Samples that one backward run gives; a function of the filter alone, so that all runs lie on one grid.
    var block: Int { max(4 * memory, 4096) }

    private static let longestMemory = 1 << 22

    init(_ design: Butterworth) throws(FilterError) {
        cascade = BiquadCascade(design.sections)
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

/// A filter run forwards and backwards over one lead, as `scipy.signal.sosfiltfilt` (padtype `odd`, and padlen as there, but never more than the
/// record has): exact at the record's ends. In between, a backward run begins far enough ahead that what it misses is below 1e-8 of range.
struct ZeroPhaseIIRStage: LeadStage {
    private let filter: ZeroPhaseIIR
    private var forward: BiquadCascade
    /// The record's first samples, until there are enough to extend it.
    private var head: [Float]? = []
    /// The last samples, to extend the record at its end.
    private var tail: [Float] = []
    /// Forward values from the next output on.
    private var waiting: [Double] = []
    /// Extension at the record's start, still in `waiting`.
    private var extra = 0

    init(_ filter: ZeroPhaseIIR) {
        self.filter = filter
        forward = filter.cascade
    }

    mutating func push(_ input: [Float], into output: inout [Float]) {
        guard !input.isEmpty else { return }
        tail = Array((tail.count > 4 * filter.padding ? Array(tail.suffix(filter.padding + 1)) : tail) + input.suffix(filter.padding + 1))
        if head != nil {
            head?.append(contentsOf: input)
            if let samples = head, samples.count > filter.padding {
                begin(samples, padding: filter.padding)
                head = nil
            }
        } else {
            let start = waiting.count
            SignalLoops.append(input, to: &waiting)
            forward.run(&waiting, start..<waiting.count)
        }
        while waiting.count >= extra + filter.block + filter.memory {
            emit(extra + filter.block, from: extra + filter.block + filter.memory, into: &output)
        }
    }

    private mutating func run(_ samples: [Double]) {
        let start = waiting.count
        waiting.append(contentsOf: samples)
        forward.run(&waiting, start..<waiting.count)
    }

    /// Extends the record at its start by its first samples, turned about the first one.
    private mutating func begin(_ samples: [Float], padding: Int) {
        let first = 2 * Double(samples[0])
        let before = stride(from: padding, to: 0, by: -1).map { first - Double(samples[$0]) }
        forward.settle(at: before.first ?? Double(samples[0]))
        extra = padding
        run(before + samples.map(Double.init))
    }

    /// Runs backwards from before `end` and gives the values before `count`, without the extension.
    private mutating func emit(_ count: Int, from end: Int, into output: inout [Float]) {
        guard end > 0 else { return }
        var values = Array(waiting[0..<end])
        var backward = filter.cascade
        backward.settle(at: values[end - 1])
        backward.run(&values, 0..<end, backwards: true)
        SignalLoops.append(values, extra..<max(extra, count), to: &output)
        waiting.removeFirst(count)
        extra = 0
    }

    mutating func finish(into output: inout [Float]) {
        if let samples = head, !samples.isEmpty {
            begin(samples, padding: samples.count - 1)
            head = nil
        }
        guard let newest = tail.last else { return }
        let padding = min(filter.padding, tail.count - 1)
        let last = 2 * Double(newest)
        run((0..<padding).map { last - Double(tail[tail.count - 2 - $0]) })
        emit(waiting.count - padding, from: waiting.count, into: &output)
    }
}
