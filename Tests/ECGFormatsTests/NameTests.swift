// SPDX-License-Identifier: GPL-3.0-or-later
import ECGFormats
import Testing

@Suite struct NameTests {
    @Test func timesAreSecondsOrSamples() {
        #expect(TimePoint("90")?.sample(at: 360) == 32400)
        #expect(TimePoint("1:30")?.sample(at: 100) == 9000)
        #expect(TimePoint("1:02:03.5") == .seconds(3723.5))
        #expect(TimePoint("s1234")?.sample(at: 360) == 1234)
        for bad in ["", "s", "s-1", "-1", "1:60", "1.5:00", "1:2:3:4", "x", "s1.5", "nan", "inf", "1e999"] {
            #expect(TimePoint(bad) == nil, "\(bad)")
        }
        #expect(TimePoint("1e300")?.sample(at: 360) == nil)
    }

    @Test func aNameThatOccursTwiceGetsAsMuchOfItsFolderAsItNeeds() {
        let keys = RecordNames.keys(
            names: ["100", "101", "100", "100"], paths: ["/d/a/x/100.hea", "/d/a/101.hea", "/d/b/x/100.hea", "/d/b/y/100.hea"])
        #expect(keys == ["a/x/100", "101", "b/x/100", "b/y/100"])
        #expect(RecordNames.keys(names: ["r", "r"], paths: ["/a/r.hea", "/a/s.hea"]) == ["/a/r.hea", "/a/s.hea"])
    }

    @Test func theSameFileUnderTwoNamesIsNoticed() {
        let folder = TestFolder()
        folder.write("x", "a.hea")
        folder.write("x", "b.hea")
        #expect(RecordNames.repeated([folder.record("a.hea"), folder.record("b.hea"), folder.record("../no")]) == nil)
        #expect(RecordNames.repeated([folder.record("a.hea"), folder.path + "/./a.hea"]) != nil)
    }

    @Test(arguments: [2, 3, 8]) func jobsOfAnyLengthEndWithEveryElementInItsPlace(_ threads: Int) throws {
        let weight: @Sendable (Int) -> Int = { _ in 10 }
        for round in 0..<200 {
            let job: OrderedProducers<Int>.Job = { index, emit in
                for value in 0..<((index &* 7919 &+ round) % 5) where !emit(index * 10 + value) { return }
            }
            var seen: [Int] = []
            try OrderedProducers.forEach(jobs: 100, threads: threads, allowance: 20, weight: weight, job: job) { value in
                seen.append(value)
                return true
            }
            #expect(seen == (0..<100).flatMap { index in (0..<((index &* 7919 &+ round) % 5)).map { index * 10 + $0 } })
        }
    }

    @Test(arguments: [1, 2, 5]) func jobsDeliverInOrderWhateverTheThreads(_ threads: Int) throws {
        var seen: [Int] = []
        let weight: @Sendable (Int) -> Int = { _ in 10 }
        let job: OrderedProducers<Int>.Job = { index, emit in
            for value in 0..<(index * 37 % 50) where !emit(index * 1000 + value) { return }
        }
        try OrderedProducers.forEach(jobs: 40, threads: threads, allowance: 100, weight: weight, job: job) { value in
            seen.append(value)
            return true
        }
        #expect(seen == (0..<40).flatMap { index in (0..<(index * 37 % 50)).map { index * 1000 + $0 } })
        var taken = 0
        try OrderedProducers.forEach(jobs: 40, threads: threads, allowance: 100, weight: weight, job: job) { _ in
            taken += 1
            return taken < 5
        }
        #expect(taken == 5)
        #expect(throws: FormatError.self) {
            try OrderedProducers.forEach(jobs: 40, threads: threads, allowance: 100, weight: weight, job: job) { _ in
                throw FormatError(.damaged, at: nil, "stop")
            }
        }
    }
}
