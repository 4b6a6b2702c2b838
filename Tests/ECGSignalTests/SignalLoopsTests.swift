// SPDX-License-Identifier: GPL-3.0-or-later
import CSignalLoops
import Testing

/// All instruction sets give the same bits, those of the plain statement.
@Suite struct SignalLoopsTests {
    static let sets = (0..<3).compactMap { ecg_signal_loops_for(Int32($0))?.pointee }
    static let samples = (0..<1003).map { Float(($0 * 7919) % 1009) / 500 - 1 }

    @Test(arguments: [1, 2, 4]) func sectionsAreTheirDifferenceEquations(leads: Int) {
        let sections = (0..<4).map { k in
            ecg_section(c1: 0.2, c2: -0.1, a1: -1.8 + 0.02 * Double(k), a2: 0.85)
        }
        for count in [0, 1, 5, 15, 16, 17, 1003] {
            for backwards in [false, true] {
                // [time][lead], each lead another sequence.
                let samples = (0..<count * leads).map { Double(Self.samples[$0 / leads]) * (1 + Double($0 % leads)) }
                let begin = (0..<8 * leads).map { ($0 < 4 * leads ? 0.1 : -0.2) + 0.01 * Double($0 % leads) }
                var expected = samples
                var ended = begin
                for lead in 0..<leads {
                    let places = (0..<count).map { $0 * leads + lead }
                    for (k, section) in sections.enumerated() {
                        let (first, second) = (k * leads + lead, (4 + k) * leads + lead)
                        for i in backwards ? places.reversed() : places {
                            let x = expected[i]
                            expected[i] = x + ended[first]
                            let next = ended[second].addingProduct(section.c1, x).addingProduct(-section.a1, ended[first])
                            ended[second] = (section.c2 * x).addingProduct(-section.a2, ended[first])
                            ended[first] = next
                        }
                    }
                }
                for set in Self.sets {
                    var values = samples + [7]
                    var states = begin
                    set.sections(sections, &states, Int32(leads), backwards ? 1 : 0, &values, count)
                    #expect(values == expected + [7])
                    #expect(states == ended)
                    // Two runs side by side, the other one the other way over the negative in reverse.
                    func turned(_ values: [Double]) -> [Double] {
                        var result: [Double] = []
                        for moment in (0..<count).reversed() { result += values[moment * leads..<(moment + 1) * leads].map { -$0 } }
                        return result
                    }
                    var first: [Double] = samples + [7]
                    var second: [Double] = turned(samples) + [7]
                    var firstStates: [Double] = begin
                    var secondStates: [Double] = begin.map { -$0 }
                    set.two_runs(
                        sections, &firstStates, &secondStates, Int32(leads), backwards ? 1 : 0, backwards ? 0 : 1, &first, &second, count)
                    let negative: [Double] = turned(expected)
                    let negativeStates: [Double] = ended.map { -$0 }
                    #expect(first == expected + [7])
                    #expect(second == negative + [7])
                    #expect(firstStates == ended)
                    #expect(secondStates == negativeStates)
                }
            }
        }
    }

    @Test func correlationAddsInOrder() {
        let taps = (0..<31).map { Float($0) / 40 - 0.3 }
        for count in [0, 1, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 900] {
            let expected = (0..<count).map { i in taps.indices.reduce(Float(0)) { $0 + taps[$1] * Self.samples[i + $1] } - 0.5 }
            for set in Self.sets {
                var values = [Float](repeating: 9, count: count + 1)
                set.correlate(Self.samples, taps, taps.count, -0.5, &values, count)
                #expect(values == expected + [9])
            }
        }
    }

    @Test func leadsAreWidenedAndNarrowedInTheirPlaces() {
        for step in [1, 2, 4] {
            for set in Self.sets {
                var values = [Double](repeating: 5, count: 200 * step)
                set.widen(Self.samples, 3, &values, step, 200)
                for index in 0..<200 {
                    let sample = Double(Self.samples[index])
                    #expect(values[index * step] == 3 * sample)
                }
                #expect(step == 1 || values[1] == 5)
                var back = [Float](repeating: 9, count: 201)
                set.narrow(values, 0.5, step, &back, 200)
                let halves: [Float] = Self.samples[..<200].map { 1.5 * $0 }
                #expect(back == halves + [9])
            }
        }
    }

    @Test func twoLeadsAreWovenTogetherAndApart() {
        let others: [Float] = Array(Self.samples[500...])
        for count in [0, 1, 15, 16, 17, 400] {
            for set in Self.sets {
                var values = [Double](repeating: 9, count: 2 * count + 1)
                set.weave(Self.samples, others, 2, &values, count)
                for index in 0..<count {
                    let (one, two) = (Double(Self.samples[index]), Double(others[index]))
                    #expect(values[2 * index] == 2 * one)
                    #expect(values[2 * index + 1] == 2 * two)
                }
                #expect(values.last == 9)
                var (first, second) = ([Float](repeating: 9, count: count + 1), [Float](repeating: 9, count: count + 1))
                set.unweave(values, 0.5, &first, &second, count)
                #expect(first == Array(Self.samples[..<count]) + [9])
                #expect(second == Array(others[..<count]) + [9])
            }
        }
    }

    @Test func twoSequencesAreThePartsOfOne() {
        let others: [Float] = Array(Self.samples[500...])
        for count in [0, 1, 15, 16, 17, 400] {
            let firsts: [Float] = Array(Self.samples[..<count])
            let seconds: [Float] = Array(others[..<count])
            for set in Self.sets {
                var pairs = [Float](repeating: 9, count: 2 * count + 1)
                set.pair(Self.samples, others, &pairs, count)
                var shifted = [Float](repeating: 9, count: count + 1)
                set.unpair(pairs, 0, &shifted, count)
                #expect(shifted.last == 9)
                #expect(Array(shifted[..<count]) == firsts)
                set.unpair(Array(pairs[1...]) + [0], 0.5, &shifted, count)
                let raised: [Float] = seconds.map { $0 + 0.5 }
                #expect(Array(shifted[..<count]) == raised)
                #expect(pairs.last == 9)
            }
        }
    }

    @Test func resamplingIsTheSameInAllSets() {
        let (up, down, reach) = (25, 36, 80)
        let phases = (0..<up * reach).map { Float(($0 * 31) % 97) / 970 }
        var first: [Float]?
        for set in Self.sets {
            phases.withUnsafeBufferPointer { taps in
                guard let start = taps.baseAddress else { return }
                var place = ecg_polyphase(phases: start, reach: reach, up: up, down: down, newest: 100, phase: 3)
                var values = [Float](repeating: 0, count: 1000)
                let made = set.resample(&place, Self.samples, Self.samples.count, &values, 1000)
                #expect(made == (0...).prefix { 100 + (3 + $0 * down) / up < Self.samples.count }.count)
                if let first { #expect(values.map(\.bitPattern) == first.map(\.bitPattern)) } else { first = values }
            }
        }
    }

    @Test func whatIsNotFiniteIsSeenAnywhere() {
        for set in Self.sets {
            #expect(set.all_finite(Self.samples, Self.samples.count) != 0)
            for place in [0, 15, 500, 1002] {
                for wrong in [Float.nan, .infinity, -.infinity, .signalingNaN] {
                    var values = Self.samples
                    values[place] = wrong
                    #expect(set.all_finite(values, values.count) == 0)
                    #expect(set.all_finite(values, place) != 0)
                }
            }
        }
    }
}
