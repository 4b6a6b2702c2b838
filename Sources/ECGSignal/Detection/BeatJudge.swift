// SPDX-License-Identifier: GPL-3.0-or-later

/// A hump of the combined envelope that may be a QRS complex.
struct BeatCandidate: Sendable {
    /// Its place on the grid.
    var time: Int
    /// Its height: a usual QRS complex has 1.
    var height: Float
    /// The slow and the fast envelope beside it, as shares of the height.
    var slowness: Float
    var fastness: Float
}

/// Tells QRS complexes from T waves, noise and what else rises above the baseline.
///
/// The candidates come in order of time; each is judged when all that lie within `horizon` after it are known. The rules:
/// a refractory period, in which the higher of two stays; a threshold that is higher soon after a beat and falls while
/// none comes, and that rises with the height of what was rejected lately; a T wave is lower and slower than the beat before
/// it; a lesser hump between two beats that are a usual interval apart is noise; and when a beat comes late, the best
/// candidate since the last one is looked at again with a lower threshold.
struct BeatJudge: Sendable {
    /// Heights in shares of a usual beat, times in grid samples of 8 ms, `…Ratio` in usual RR intervals.
    struct Constants: Sendable {
        var threshold: Float = 0.34
        var earlyRise: Float = 0.35
        var lateFall: Float = 0.15
        var lowest: Float = 0.25
        var refractory: Float = 31
        var tWaveTime: Float = 38
        var tWaveHeight: Float = 0.58
        var tWaveSlowness: Float = 0.9
        var searchBackHeight: Float = 0.28
        var searchBackRatio: Float = 1.25
        var noiseShare: Float = 0.3
        var crowdedTime: Float = 62
        var crowdedHeight: Float = 0.8
        var tooFast: Float = 3
        var tooSlow: Float = 3
        var misfitHeight: Float = 0.53
        var fittingRatio: Float = 1.05
    }

    /// No rule looks further ahead, in grid samples.
    static let horizon = 256
    /// The search back looks no further back, in grid samples: eight seconds.
    static let memory = 1000

    static let mostPassed = 64

    var constants = Constants()
    private var waiting: [BeatCandidate] = []
    /// The candidates since the last beat, for the search back.
    private var passed: [BeatCandidate] = []
    private var last: BeatCandidate?
    private var lastIsOut = false
    private var intervals = RecentMedian(count: 8, start: 100)
    private var slowness = RecentMedian(count: 9, start: 1)
    private var fastness = RecentMedian(count: 9, start: 1)
    private var noise: Float = 0.1

    mutating func push(_ candidate: BeatCandidate) { waiting.append(candidate) }

    /// Judges what can be judged when all candidates before grid sample `known` have been pushed.
    mutating func judge(knownTo known: Int, beats: inout [BeatCandidate]) {
        var index = 0
        while index < waiting.count, waiting[index].time + Self.horizon < known {
            consider(index, beats: &beats)
            index += 1
        }
        waiting.removeFirst(index)
        let judged = waiting.first?.time ?? (known - Self.horizon)
        if let beat = last, !lastIsOut, Float(judged - beat.time) >= constants.refractory {
            beats.append(beat)
            lastIsOut = true
        }
        if let first = passed.firstIndex(where: { judged - $0.time <= Self.memory }) { passed.removeFirst(first) } else { passed = [] }
    }

    /// Judges the rest and gives out the last beat, when nothing more will come.
    mutating func finish(beats: inout [BeatCandidate]) {
        judge(knownTo: Int.max / 2, beats: &beats)
        if let beat = last, !lastIsOut { beats.append(beat) }
        last = nil
    }

    /// The earliest candidate that may still be given out.
    var oldest: Int? {
        var times: [Int] = []
        if let last, !lastIsOut { times.append(last.time) }
        if let first = passed.first { times.append(first.time) }
        if let first = waiting.first { times.append(first.time) }
        return times.min()
    }

    private mutating func consider(_ index: Int, beats: inout [BeatCandidate]) {
        let candidate = waiting[index]
        guard let previous = last else {
            if candidate.height > constants.threshold { accept(candidate, beats: &beats) }
            return
        }
        let distance = Float(candidate.time - previous.time)
        if distance < constants.refractory {
            if candidate.height > previous.height && !lastIsOut {
                last = candidate
                passed.removeAll(keepingCapacity: true)
            }
            return
        }
        let usual = usualInterval
        guard candidate.height >= threshold(for: candidate, ratio: distance / usual), !isTWave(candidate, after: previous),
            !isCrowded(index, previous: previous, usual: usual)
        else {
            if distance > 45 { noise += 0.1 * (min(candidate.height, 0.6) - noise) }
            passed.append(candidate)
            if passed.count > Self.mostPassed { passed.removeFirst() }
            return
        }
        if distance > constants.searchBackRatio * usual, let found = searchBack(from: previous, to: candidate) {
            accept(found, beats: &beats)
        }
        noise *= 0.95
        accept(candidate, beats: &beats)
    }

    private var usualInterval: Float { min(max(intervals.value, 40), 200) }

    private func threshold(for candidate: BeatCandidate, ratio: Float) -> Float {
        var threshold = constants.threshold
        if ratio < 0.7 { threshold += constants.earlyRise * (0.7 - ratio) / 0.7 }
        if ratio > 1 { threshold = max(constants.lowest, threshold - constants.lateFall * (ratio - 1)) }
        threshold = max(threshold, min(noise + constants.noiseShare * (1 - noise), 0.7))
        if candidate.slowness > constants.tooSlow * slowness.value && candidate.height < 1 { threshold *= 1.3 }
        if candidate.fastness > constants.tooFast * fastness.value && candidate.height < 1.2 { threshold *= 1.5 }
        return threshold
    }

    private func isTWave(_ candidate: BeatCandidate, after beat: BeatCandidate) -> Bool {
        Float(candidate.time - beat.time) < constants.tWaveTime && candidate.height < constants.tWaveHeight * beat.height
            && candidate.slowness > constants.tWaveSlowness * beat.slowness
    }

    /// Whether a higher beat follows so soon that this candidate, between the two, is more likely noise.
    private func isCrowded(_ index: Int, previous: BeatCandidate, usual: Float) -> Bool {
        let candidate = waiting[index]
        let limit = max(constants.crowdedTime, usual * constants.fittingRatio)
        var next = index + 1
        while next < waiting.count {
            let other = waiting[next]
            let span = Float(other.time - previous.time)
            guard span < limit else { break }
            next += 1
            guard other.time - candidate.time >= 12, other.height > constants.threshold, !isTWave(other, after: previous) else { continue }
            let lower = min(other.height, previous.height)
            if span < constants.crowdedTime && candidate.height < constants.crowdedHeight * lower { return true }
            if candidate.height < constants.misfitHeight * lower && other.height < 1.6 && Float(other.time - candidate.time) < 0.75 * usual
            {
                return true
            }
        }
        return false
    }

    private func searchBack(from previous: BeatCandidate, to next: BeatCandidate) -> BeatCandidate? {
        var found: BeatCandidate?
        for candidate in passed
        where candidate.height > constants.searchBackHeight && candidate.time - previous.time > 40 && next.time - candidate.time > 40
            && !isTWave(candidate, after: previous)
        {
            if candidate.height > found?.height ?? 0 { found = candidate }
        }
        guard let found, found.slowness < constants.tooSlow * slowness.value else { return nil }
        return found
    }

    /// Makes `candidate` the last beat; the one before it is certain now.
    private mutating func accept(_ candidate: BeatCandidate, beats: inout [BeatCandidate]) {
        if let beat = last {
            if !lastIsOut { beats.append(beat) }
            intervals.push(Float(candidate.time - beat.time))
            slowness.push(beat.slowness)
            fastness.push(beat.fastness)
        }
        last = candidate
        lastIsOut = false
        passed.removeAll(keepingCapacity: true)
    }
}

/// The median of the last few values.
struct RecentMedian: Sendable {
    private let count: Int
    private var values: [Float] = []
    private(set) var value: Float

    init(count: Int, start: Float) {
        self.count = count
        value = start
    }

    mutating func push(_ next: Float) {
        values.append(next)
        if values.count > count { values.removeFirst() }
        value = values.sorted()[values.count / 2]
    }
}
