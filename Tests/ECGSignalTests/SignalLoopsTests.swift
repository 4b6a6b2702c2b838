// SPDX-License-Identifier: GPL-3.0-or-later
import CSignalLoops
import Testing

/// All instruction sets give the same bits, those of the plain statement.
@Suite struct SignalLoopsTests {
    static let sets = (0..<3).compactMap { ecg_signal_loops_for(Int32($0))?.pointee }
    static let samples = (0..<1003).map { Float(($0 * 7919) % 1009) / 500 - 1 }

    @Test func sectionsAreTheirDifferenceEquations() {
        let sections = (0..<4).map { k in
            ecg_section(b0: 0.3 + 0.1 * Double(k), c1: 0.2, c2: -0.1, a1: -1.8 + 0.02 * Double(k), a2: 0.85, s1: 0.1, s2: -0.2)
        }
        for count in [0, 1, 5, 15, 16, 17, 1003] {
            for backwards in [false, true] {
                var expected = Self.samples.prefix(count).map(Double.init)
                var ended = sections
                for k in 0..<4 {
                    for i in backwards ? Array(expected.indices.reversed()) : Array(expected.indices) {
                        let x = expected[i]
                        expected[i] = ended[k].b0 * x + ended[k].s1
                        let next = (ended[k].c1 * x + ended[k].s2) - ended[k].a1 * ended[k].s1
                        ended[k].s2 = ended[k].c2 * x - ended[k].a2 * ended[k].s1
                        ended[k].s1 = next
                    }
                }
                for set in Self.sets {
                    var values = Self.samples.prefix(count).map(Double.init) + [7]
                    var states = sections
                    (backwards ? set.sections_backwards : set.sections)(&states, &values, count)
                    #expect(values == expected + [7])
                    #expect(zip(states, ended).allSatisfy { $0.s1 == $1.s1 && $0.s2 == $1.s2 })
                }
            }
        }
    }

    @Test func correlationAddsInOrder() {
        let taps = (0..<31).map { Float($0) / 40 - 0.3 }
        for count in [0, 1, 63, 64, 65, 900] {
            let expected = (0..<count).map { i in
                taps.indices.reduce(Float(0)) { $0 + taps[$1] * (Self.samples[i + $1] + 0.25) } - 0.5
            }
            for set in Self.sets {
                var values = [Float](repeating: 9, count: count + 1)
                set.correlate(Self.samples, 0.25, taps, taps.count, -0.5, &values, count)
                #expect(values == expected + [9])
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
