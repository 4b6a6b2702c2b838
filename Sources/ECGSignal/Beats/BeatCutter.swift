// SPDX-License-Identifier: GPL-3.0-or-later

/// An annotation that a record cannot have.
public struct BeatMarkError: Error, Equatable, Sendable {
    public var message: String
}

/// Cuts one record into beats, part by part, in memory that does not grow with the record.
///
/// Samples and marks come in through `append`; a beat comes out as soon as its neighbours and its samples are known, in the order of the marks.
/// How the record was divided into parts makes no difference.
public struct BeatCutter: Sendable {
    public let options: BeatCutOptions
    public let fs: Double
    private let isBeat: SymbolSet
    private let longest: Int
    private let tooLong: String

    private var window: SignalWindow
    private var jobs: [Job] = []
    /// Jobs before this index are done.
    private var firstJob = 0
    private var lastNeighbour: BeatMark?
    private var lastBeat: Int?
    private var lastSample: Int
    /// Index of the job whose beat the next beat follows.
    private var awaitingNextBeat: Int?
    private var awaitingNeighbour: Int?
    /// Every mark before this position is known.
    private var marksKnown: Int

    /// A beat that was asked for and waits for its end, its samples or the beat after it.
    private struct Job {
        var mark: BeatMark
        var start: Int?
        var end: Int?
        var rrBefore: Double?
        var rrAfter: Double?
        var nextBeatKnown = false
        var reason: String?
        /// Set as soon as the samples are there: the next beat may be hours away, and the window need not wait for it.
        var cut: Cut?
    }

    private struct Cut {
        var values: [Float]
        var paddingBefore: Int
        var length: Int
    }

    /// - Parameters:
    ///   - fs: samples a second, positive.
    ///   - recordStart: position of the first sample that will be appended.
    public init(options: BeatCutOptions, fs: Double, leadCount: Int, recordStart: Int = 0) {
        self.options = options
        self.fs = fs
        isBeat = options.classes.map { SymbolSet.beats.union($0) } ?? .beats
        if let length = options.length {
            longest = length
            tooLong = "longer than \(length) samples"
        } else {
            longest = Int(max(1, min(BeatCutOptions.longestBeat * fs, 1e9)))
            tooLong = "longer than \(Int(BeatCutOptions.longestBeat)) s"
        }
        window = SignalWindow(leadCount: leadCount, recordStart: recordStart)
        lastSample = recordStart
        marksKnown = recordStart
    }

    /// Position after the last sample appended.
    public var end: Int { window.end }
    /// Position of the first sample that is still held.
    public var heldFrom: Int { window.start }
    /// Position of the first sample of all.
    public var recordStart: Int { window.recordStart }

    /// The next samples, [lead, time] row by row.
    public mutating func append(_ values: [Float]) { window.append(values) }

    /// The next marks, in order of time. After this call every mark before `known` counts as known.
    ///
    /// - Throws: `BeatMarkError` for a mark out of order, or outside the samples appended so far.
    public mutating func append(marks: [BeatMark], known: Int) throws(BeatMarkError) {
        for mark in marks {
            guard mark.sample >= window.recordStart, mark.sample < window.end else {
                throw BeatMarkError(
                    message: "annotation at sample \(mark.sample) lies outside the record (\(window.recordStart)..<\(window.end))")
            }
            guard mark.sample >= lastSample else {
                throw BeatMarkError(message: "annotation at sample \(mark.sample) comes after one at sample \(lastSample)")
            }
            lastSample = mark.sample
            add(mark)
        }
        marksKnown = max(marksKnown, known)
    }

    private mutating func add(_ original: BeatMark) {
        let symbol = options.merge[original.symbol] ?? original.symbol
        let mark = BeatMark(sample: original.sample, symbol: symbol)
        let beat = isBeat.contains(symbol)
        if case .midpoint = options.cut, beat || options.neighbours == .all {
            if let waiting = awaitingNeighbour {
                let sample = jobs[waiting].mark.sample
                jobs[waiting].end = sample + (mark.sample - sample) / 2
                awaitingNeighbour = nil
            }
        }
        if beat {
            let rr = lastBeat.map { Double(mark.sample - $0) / fs }
            if let waiting = awaitingNextBeat {
                jobs[waiting].rrAfter = rr
                jobs[waiting].nextBeatKnown = true
            }
            var job = Job(mark: mark, rrBefore: rr)
            switch options.cut {
            case .midpoint:
                if let before = lastNeighbour {
                    job.start = before.sample + (mark.sample - before.sample) / 2
                } else {
                    job.reason = Self.noNeighbour
                }
                awaitingNeighbour = jobs.count
            case .window(let before, let after):
                job.start = mark.sample - before
                job.end = mark.sample + after
            }
            if symbol == BeatMark.unlabelled, options.classes != nil {
                job.reason = "no label"
            } else if let classes = options.classes, !classes.contains(symbol) {
                job.reason = "other class"
            }
            awaitingNextBeat = jobs.count
            jobs.append(job)
            lastBeat = mark.sample
        }
        if beat || options.neighbours == .all { lastNeighbour = mark }
    }

    /// The beats that are complete by now.
    public mutating func next() -> [CutResult] { drain(finished: false) }

    /// The record ends here: all the beats that are left.
    public mutating func finish() -> [CutResult] {
        if let waiting = awaitingNeighbour, jobs[waiting].reason == nil { jobs[waiting].reason = Self.noNeighbour }
        if let waiting = awaitingNextBeat { jobs[waiting].nextBeatKnown = true }
        awaitingNeighbour = nil
        awaitingNextBeat = nil
        return drain(finished: true)
    }

    private static let noNeighbour = "first or last annotation"

    private mutating func drain(finished: Bool) -> [CutResult] {
        var results: [CutResult] = []
        while firstJob < jobs.count {
            guard let result = complete(firstJob, finished: finished) else { break }
            results.append(result)
            firstJob += 1
        }
        if firstJob > 64 || firstJob == jobs.count {
            jobs.removeFirst(firstJob)
            awaitingNextBeat = awaitingNextBeat.flatMap { $0 >= firstJob ? $0 - firstJob : nil }
            awaitingNeighbour = awaitingNeighbour.flatMap { $0 >= firstJob ? $0 - firstJob : nil }
            firstJob = 0
        }
        window.release(before: neededFrom)
        return results
    }

    /// The result of a job, or nil while something is missing.
    private mutating func complete(_ index: Int, finished: Bool) -> CutResult? {
        let job = jobs[index]
        let sample = job.mark.sample
        if let reason = job.reason { return .leftOut(sample: sample, reason: reason) }
        guard let start = job.start else { return .leftOut(sample: sample, reason: Self.noNeighbour) }
        guard let end = job.end else {
            // The next annotation is at `marksKnown` or later, so the beat reaches at least half way there.
            let shortest = sample + (marksKnown - sample) / 2 - start
            return shortest > longest ? .leftOut(sample: sample, reason: tooLong) : nil
        }
        if end - start > longest { return .leftOut(sample: sample, reason: tooLong) }
        if end == start { return .leftOut(sample: sample, reason: "no samples") }
        let time = options.length ?? (end - start)
        if job.cut == nil {
            guard finished || end <= window.end else { return nil }
            let (values, before, length) = window.cut(start..<end, time: time, padding: options.padding)
            jobs[index].cut = Cut(values: values, paddingBefore: before, length: length)
        }
        guard job.nextBeatKnown, let cut = jobs[index].cut else { return nil }
        jobs[index].cut = nil
        var values = cut.values
        var missing = 0
        for value in values where value.isNaN { missing += 1 }
        if missing > 0, !options.keepsMissing { return .leftOut(sample: sample, reason: "missing samples") }
        options.scale.apply(to: &values)
        return .beat(
            Beat(
                sample: sample, r: sample - start, start: start, length: cut.length, paddingBefore: cut.paddingBefore,
                symbol: job.mark.symbol, rrBefore: job.rrBefore, rrAfter: job.rrAfter, missing: missing, values: values, time: time))
    }

    /// The first sample that a beat may still ask for.
    private var neededFrom: Int {
        var position: Int
        switch options.cut {
        case .window(let before, _):
            position = marksKnown - before
        case .midpoint:
            // A beat yet to come begins half way between the last neighbour and itself, and a beat longer than `longest` is left out.
            position = marksKnown - longest
            if let last = lastNeighbour { position = max(position, last.sample + (marksKnown - last.sample) / 2) }
        }
        for job in jobs[firstJob...] where job.reason == nil && job.cut == nil {
            if let start = job.start { position = min(position, start) }
        }
        return position
    }
}
