// SPDX-License-Identifier: GPL-3.0-or-later
import ECGSignal
import Testing

/// The cut rule of paper 001 against its plain statement, and the same beats however the record comes in.
@Suite struct BeatCutterTests {
    static let fs = 360.0

    /// A record of two leads with marks at odd distances, some of them no beats.
    static func record(_ count: Int) -> (signal: [[Float]], marks: [BeatMark]) {
        var state: UInt64 = 7
        func draw(_ below: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % below
        }
        var marks: [BeatMark] = []
        var sample = draw(200)
        let symbols = Array("NNNVAa+~Q|!e".utf8)
        while sample < count {
            marks.append(BeatMark(sample: sample, symbol: symbols[draw(symbols.count)]))
            sample += draw(40) == 0 ? draw(3000) : draw(500)
        }
        let signal = (0..<2).map { lead in (0..<count).map { Float($0 % 9973) * (lead == 0 ? 0.01 : -0.02) } }
        return (signal, marks)
    }

    static func cut(_ options: BeatCutOptions, _ signal: [[Float]], _ marks: [BeatMark], parts: [Int]) throws -> [CutResult] {
        var cutter = BeatCutter(options: options, fs: fs, leadCount: signal.count)
        var results: [CutResult] = []
        var position = 0
        var index = 0
        while position < signal[0].count {
            let end = min(signal[0].count, position + parts[index % parts.count])
            index += 1
            cutter.append(signal.flatMap { $0[position..<end] })
            try cutter.append(marks: marks.filter { $0.sample >= position && $0.sample < end }, known: end)
            results += cutter.next()
            position = end
        }
        return results + cutter.finish()
    }

    @Test(arguments: BeatNeighbours.allCases) func cutsAtTheMidpointsOfTheAnnotations(_ neighbours: BeatNeighbours) throws {
        let (signal, marks) = Self.record(60_000)
        let options = BeatCutOptions(neighbours: neighbours, length: 430, classes: SymbolSet(Array("NVAe".utf8)), merge: [97: 65])
        let counted = neighbours == .all ? marks : marks.filter { SymbolSet.beats.contains($0.symbol) }
        var expected: [[Float]] = []
        var positions: [Int] = []
        for i in 1..<counted.count - 1 {
            let s = counted[i].sample
            let start = counted[i - 1].sample + (s - counted[i - 1].sample) / 2
            let end = s + (counted[i + 1].sample - s) / 2
            guard end - start <= 430, end > start, Array("NVAae".utf8).contains(counted[i].symbol) else { continue }
            positions.append(s)
            expected.append(signal.flatMap { Array($0[start..<end]) + [Float](repeating: 0, count: 430 - (end - start)) })
        }
        for parts in [[60_000], [1000], [1, 430, 7001]] {
            let beats = try Self.cut(options, signal, marks, parts: parts).compactMap { if case .beat(let beat) = $0 { beat } else { nil } }
            #expect(beats.map(\.sample) == positions)
            #expect(beats.map(\.values) == expected)
            #expect(beats.allSatisfy { $0.r == $0.sample - $0.start && $0.symbol != 97 })
        }
    }

    @Test func givesTheSameResultsHoweverTheRecordIsCut() throws {
        let (signal, marks) = Self.record(60_000)
        let all: [BeatCutOptions] = [
            BeatCutOptions(), BeatCutOptions(neighbours: .beats, scale: .minmax), BeatCutOptions(cut: .window(before: 500, after: 700)),
            BeatCutOptions(cut: .window(before: 0, after: 36), length: 50),
        ]
        for options in all {
            let whole = try Self.cut(options, signal, marks, parts: [60_000])
            for parts in [[21_600], [100], [5, 9000, 64]] { #expect(try Self.cut(options, signal, marks, parts: parts) == whole) }
        }
    }

    @Test func padsAWindowAtTheEdgesAndDropsNoBeat() throws {
        let signal: [[Float]] = [[1, 2, 3, 4, 5, 6, 7, 8]]
        let marks = [BeatMark(sample: 1, symbol: 78), BeatMark(sample: 6, symbol: 86)]
        let results = try Self.cut(BeatCutOptions(cut: .window(before: 3, after: 4)), signal, marks, parts: [3])
        let beats = results.compactMap { if case .beat(let beat) = $0 { beat } else { nil } }
        #expect(beats.map(\.values) == [[0, 0, 1, 2, 3, 4, 5], [4, 5, 6, 7, 8, 0, 0]])
        #expect(beats.map(\.paddingBefore) == [2, 0])
        #expect(beats.map(\.length) == [5, 5])
        #expect(beats.map(\.r) == [3, 3])
        #expect(beats[0].rrBefore == nil && beats[0].rrAfter == 5 / Self.fs)
        #expect(beats[1].rrBefore == 5 / Self.fs && beats[1].rrAfter == nil)
    }

    @Test func scalesOverAllLeadsAndThePadding() throws {
        let signal: [[Float]] = [[1, 2, .nan, 4, 5, 1], [7, 7, 9, 7, 7, 7]]
        let marks = [0, 2, 5].map { BeatMark(sample: $0, symbol: 78) }
        let results = try Self.cut(BeatCutOptions(length: 4, scale: .minmax), signal, marks, parts: [2])
        guard case .beat(let beat) = results[1] else {
            Issue.record("no beat")
            return
        }
        #expect(beat.values[0] == Float(2) / 9 && beat.values[4] == Float(7) / 9)
        #expect(beat.values[1].isNaN && beat.values[3] == 0, "the padding is the least value here")
        #expect(beat.values[5] == 1 && beat.missing == 1)
        let kept = try Self.cut(BeatCutOptions(keepsMissing: false), signal, marks, parts: [6])
        #expect(kept[1] == .leftOut(sample: 2, reason: "missing samples"))
    }

    @Test func leavesAFlatBeatAsItIs() throws {
        let marks = [0, 2, 4].map { BeatMark(sample: $0, symbol: 78) }
        let results = try Self.cut(BeatCutOptions(scale: .minmax), [[5, 5, 5, 5, 5]], marks, parts: [5])
        guard case .beat(let beat) = results[1] else {
            Issue.record("no beat")
            return
        }
        #expect(beat.values == [5, 5])
    }

    @Test func countsWhatItLeavesOut() throws {
        let (signal, marks) = Self.record(60_000)
        let results = try Self.cut(BeatCutOptions(length: 300, classes: SymbolSet(Array("N".utf8))), signal, marks, parts: [777])
        #expect(results.count == marks.filter { SymbolSet.beats.contains($0.symbol) }.count)
    }

    @Test func holdsNoMoreOfALongGapThanTheLongestBeat() throws {
        // Two hours between two beats: the window must not grow with them.
        let marks = [BeatMark(sample: 100, symbol: 78), BeatMark(sample: 400, symbol: 78)]
        var cutter = BeatCutter(options: BeatCutOptions(length: 430), fs: Self.fs, leadCount: 1)
        var results: [CutResult] = []
        for part in 0..<120 {
            cutter.append([Float](repeating: Float(part), count: 21_600))
            try cutter.append(marks: part == 0 ? marks : [], known: cutter.end)
            results += cutter.next()
            #expect(cutter.end - cutter.heldFrom < 45_000)
        }
        #expect(results.contains(.leftOut(sample: 400, reason: "longer than 430 samples")))
    }

    @Test func refusesMarksOutsideTheRecordOrOutOfOrder() throws {
        var cutter = BeatCutter(options: BeatCutOptions(), fs: Self.fs, leadCount: 1, recordStart: 1000)
        cutter.append([Float](repeating: 0, count: 100))
        for wrong in [[999], [1100], [1050, 1049], [-5], [.max]] {
            #expect(throws: BeatMarkError.self) {
                var cutter = cutter
                try cutter.append(marks: wrong.map { BeatMark(sample: $0, symbol: 78) }, known: 1100)
            }
        }
    }
}
