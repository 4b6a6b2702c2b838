// SPDX-License-Identifier: GPL-3.0-or-later
import ECGSignal
import Glibc
import Testing

/// Every step against SciPy, and the same bits however the record comes in.
@Suite struct FilterTests {
    static let fs = 250.0

    /// The fixture's name and what makes it.
    static let cases: [(String, FilterOptions)] = [
        ("band", FilterOptions(steps: [.band(low: 0.5, high: 40)])),
        ("band-hold", FilterOptions(steps: [.band(low: 0.5, high: 40)], edge: .hold)),
        ("highpass", FilterOptions(steps: [.highpass(2)])),
        ("lowpass", FilterOptions(steps: [.lowpass(40)])),
        ("notch", FilterOptions(steps: [.notch(50)])),
        ("iir-band", FilterOptions(steps: [.band(low: 0.5, high: 40)], iirOrder: 4)),
        ("iir-band-odd", FilterOptions(steps: [.band(low: 1, high: 30)], iirOrder: 3)),
        ("iir-highpass", FilterOptions(steps: [.highpass(0.5)], iirOrder: 3)),
        ("iir-lowpass", FilterOptions(steps: [.lowpass(35)], iirOrder: 5)),
        ("iir-notch", FilterOptions(steps: [.notch(50)], iirOrder: 2)),
        ("baseline", FilterOptions(steps: [.baseline])),
        ("baseline-zero", FilterOptions(steps: [.baseline], edge: .zero)),
        ("savgol", FilterOptions(steps: [.savitzkyGolay(window: 31, order: 3, derivative: 0, perSecond: false)])),
        ("savgol-deriv", FilterOptions(steps: [.savitzkyGolay(window: 31, order: 3, derivative: 1, perSecond: false)])),
        ("savgol-even", FilterOptions(steps: [.savitzkyGolay(window: 30, order: 4, derivative: 0, perSecond: false)])),
        ("savgol-long", FilterOptions(steps: [.savitzkyGolay(window: 301, order: 5, derivative: 2, perSecond: false)])),
        ("resample", FilterOptions(steps: [.resample(fs: 100)])),
    ]

    static func serial(_ count: Int, _ task: @escaping @Sendable (Int) -> Void) { for index in 0..<count { task(index) } }

    static func filter(_ rows: [[Float]], _ options: FilterOptions, fs: Double = fs, cutAt sizes: [Int] = []) throws -> [[Float]] {
        let filter = RecordFilter(try FilterPlan(options, fs: fs), units: rows.map { _ in .millivolt })
        var output = rows.map { _ in [Float]() }
        func take() {
            let count = filter.readyCount
            let values = filter.take(count)
            for row in rows.indices { output[row] += values[row * count..<(row + 1) * count] }
        }
        var position = 0
        var cut = 0
        let total = rows[0].count
        while position < total {
            let size = min(total - position, sizes.isEmpty ? total : sizes[cut % sizes.count])
            cut += 1
            try filter.push(rows.flatMap { $0[position..<position + size] }, run: serial)
            position += size
            take()
        }
        try filter.finish(run: serial)
        take()
        return output
    }

    @Test(arguments: cases.indices) func equalsSciPy(_ index: Int) throws {
        let (name, options) = Self.cases[index]
        let input = try Fixture.floats("filters/input")
        let output = try Self.filter([input], options)[0]
        let reference = try Fixture.floats("filters/\(name)")
        #expect(output.count == reference.count)
        #expect(difference(output, reference) < 2e-6, "\(name)")
    }

    /// Leads that a step takes together, with gaps in some of them: each has the bits that it has by itself.
    @Test(arguments: cases.indices) func aLeadDoesNotDependOnTheOthers(_ index: Int) throws {
        let (name, options) = Self.cases[index]
        let input = try Fixture.floats("filters/input")
        var rows = (0..<7).map { row in (0..<3).flatMap { _ in input.map { $0 * Float(row + 1) + 0.1 } } }
        for sample in 100..<3000 { rows[2][sample] = .nan }
        for sample in 0..<5 { rows[5][sample] = .nan }
        rows[5][rows[5].count - 1] = .infinity
        for count in [1, 2, 3, 4, 5, 7] {
            let together = try Self.filter(Array(rows[..<count]), options, cutAt: [1000, 777])
            for row in 0..<count {
                let alone = try Self.filter([rows[row]], options)[0]
                #expect(together[row].map(\.bitPattern) == alone.map(\.bitPattern), "\(name), \(count) leads, row \(row)")
            }
        }
    }

    @Test func aWholeRecordIsFilteredAsItsParts() throws {
        let input = try Fixture.floats("filters/input")
        let rows = (0..<6).map { row in input.map { $0 * Float(row + 1) } }
        for (name, options) in Self.cases + [("scaled", FilterOptions(steps: [.lowpass(40), .scale(.zscore), .resample(fs: 100)]))] {
            let filter = RecordFilter(try FilterPlan(options, fs: Self.fs), units: rows.map { _ in nil })
            let samples = Array(rows.joined())
            let whole = try filter.whole(samples.count) { Array(samples[$0]) }
            let parts = try Self.filter(rows, options, cutAt: [333])
            #expect(whole.map(\.bitPattern) == parts.joined().map(\.bitPattern), "\(name)")
        }
    }

    @Test func resamplesWithGivenTapsAsSciPy() throws {
        let taps = try Fixture.floats("filters/taps").map(Double.init)
        let input = try Fixture.floats("filters/input")
        let output = try Self.filter([input], FilterOptions(steps: [.resample(fs: 360)], resamplingTaps: taps))[0]
        #expect(difference(output, try Fixture.floats("filters/resample-taps")) < 2e-6)
    }

    @Test(arguments: cases.indices) func givesTheSameBitsHoweverTheRecordIsCut(_ index: Int) throws {
        let (name, options) = Self.cases[index]
        var input = try Fixture.floats("filters/input")
        // Several blocks of the grid.
        input = (0..<30).flatMap { round in input.map { $0 + Float(round) * 0.1 } }
        for gap in [0..<7, 400..<401, 5000..<12000, 59_990..<60_000] { for sample in gap { input[sample] = .nan } }
        let whole = try Self.filter([input], options)[0]
        for sizes in [[1000], [1, 7777, 250], [15_000]] {
            let cut = try Self.filter([input], options, cutAt: sizes)[0]
            #expect(cut.map(\.bitPattern) == whole.map(\.bitPattern), "\(name) cut at \(sizes)")
        }
    }

    /// What the filter holds of a long record is written over again and again; what a part in its middle comes to must not show it.
    @Test(arguments: [1, 2, 3]) func aPartOfALongRecordIsFilteredAsInTheMiddleOfAShortOne(_ leads: Int) throws {
        let options = FilterOptions(steps: [.band(low: 5, high: 40)], iirOrder: 4)
        let rows = (0..<leads).map { lead in
            (0..<80_000).map { (sample: Int) -> Float in
                let noise = Double((sample * 7919 + lead) % 1009) / 1009
                return Float(sin(Double(sample) * 0.03 * Double(lead + 1)) + noise)
            }
        }
        let whole = try Self.filter(rows, options, cutAt: [3000, 1, 10_007])
        for start in stride(from: 3000, to: 70_000, by: 9000) {
            let part = try Self.filter(rows.map { row in Array(row[start..<start + 9000]) }, options)
            for (one, other) in zip(part, whole) {
                let span = 4000..<5000
                #expect(difference(Array(one[span]), Array(other[start + 4000..<start + 5000])) < 1e-6, "from sample \(start) on")
            }
        }
    }

    /// Below -80 dB from 1.1 times the new Nyquist frequency on.
    @Test(arguments: [(500.0, 250.0), (360, 250), (1000, 360), (257, 100)]) func resamplingLetsNoAliasThrough(_ from: Double, _ to: Double)
        throws
    {
        for share in [1.1, 1.2, 1.37] where share * to / 2 < from / 2 {
            let frequency = share * to / 2
            let wave = (0..<6000).map { Float(sin(2 * Double.pi * frequency * Double($0) / from)) }
            let output = try Self.filter([wave], FilterOptions(steps: [.resample(fs: to)]), fs: from)[0]
            // The ends see a held sample, not a wave.
            let loudest = output.dropFirst(200).dropLast(200).map(abs).max() ?? 1
            #expect(loudest < 1e-4, "\(frequency) Hz from \(from) to \(to) Hz")
        }
    }

    @Test(arguments: cases.indices) func keepsGapsWhereTheyAre(_ index: Int) throws {
        let (name, options) = Self.cases[index]
        guard name != "resample" else { return }
        var input = try Fixture.floats("filters/input")
        for gap in [0..<3, 700..<800, 1999..<2000] { for sample in gap { input[sample] = .nan } }
        let output = try Self.filter([input], options)[0]
        #expect(output.map(\.isNaN) == input.map(\.isNaN))
    }
}
