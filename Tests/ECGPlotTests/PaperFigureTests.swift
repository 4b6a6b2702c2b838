// SPDX-License-Identifier: GPL-3.0-or-later
import ECGPlot
import Testing

@Suite struct PaperFigureTests {
    @Test func paperIsTrueToTheMillimetreInTheSVG() throws {
        let svg = SVG(try bytes([PaperFigure(leads: spikes(twelve), fs: 500)], .svg))
        let width = try #require(SVG.attribute("width", in: svg.text[...])),
            height = try #require(SVG.attribute("height", in: svg.text[...]))
        // The file's unit is the millimetre.
        #expect(width == "\(Int(svg.viewBox[2]))mm" && height == "\(Int(svg.viewBox[3]))mm")

        // Squares: upright lines over the grid's whole height, 1 mm apart without a gap.
        let upright = svg.paths.filter { $0.count == 2 && $0[0].x == $0[1].x && abs($0[0].y - $0[1].y) > 60 }
        let across = upright.map { $0[0].x }.sorted()
        #expect(across.count == 261, "10 mm of pulse and 10 s of 25 mm")
        #expect(zip(across, across.dropFirst()).allSatisfy { abs($1 - $0 - 1) < 0.005 })
        let level = svg.paths.filter { $0.count == 2 && $0[0].y == $0[1].y && abs($0[0].x - $0[1].x) > 200 }.map { $0[0].y }.sorted()
        #expect(zip(level, level.dropFirst()).allSatisfy { abs($1 - $0 - 1) < 0.005 })

        // A pulse before each of four rows: 1 mV is 10 mm, 0.2 s are 5 mm, all on lines of the grid.
        let pulses = svg.paths.filter { $0.count == 6 }
        #expect(pulses.count == 4)
        for pulse in pulses {
            #expect(abs(pulse[1].y - pulse[2].y - 10) < 0.005 && abs(pulse[3].x - pulse[2].x - 5) < 0.005)
            #expect(across.contains { abs($0 - pulse[1].x) < 0.005 } && level.contains { abs($0 - pulse[1].y) < 0.005 })
        }

        // Beats a second apart are 25 mm apart, and 1 mV is as high as the pulse: in the rhythm row all ten, above 2.5 s two or three.
        let traces = svg.paths.filter { $0.count > 6 }
        #expect(traces.count == 13)
        let rhythm = try #require(traces.max { $0.count < $1.count })
        let base = rhythm[0].y
        let peaks = rhythm.filter { abs(base - $0.y - 10) < 0.005 }.map(\.x)
        #expect(peaks.count == 10)
        #expect(zip(peaks, peaks.dropFirst()).allSatisfy { abs($1 - $0 - 25) < 0.005 })
    }

    @Test func columnsFollowEachOtherInTimeInTheUsualOrder() throws {
        // Only the beat at 3.5 s is there, which is the second column's.
        var leads = spikes(twelve)
        for lead in leads.indices { for sample in leads[lead].samples.indices where sample != 1750 { leads[lead].samples[sample] = 0 } }
        let svg = SVG(try bytes([PaperFigure(leads: leads, fs: 500)], .svg))
        let traces = svg.paths.filter { $0.count == 5 }
        let peaks = traces.flatMap { trace in trace.filter { trace[0].y - $0.y > 9 } }
        // aVR, aVL, aVF, and the rhythm row, all at one place across.
        #expect(peaks.count == 4)
        #expect(Set(peaks.map { Int($0.x * 100) }).count == 1)
    }

    @Test func narrowPagesTakeFewerColumnsAtTheSameScale() throws {
        for (width, pulses) in [(85.0, 12), (180, 6), (297, 4)] {
            let svg = SVG(try bytes([PaperFigure(leads: spikes(twelve), fs: 500)], .svg, Style(width: width)))
            let found = svg.paths.filter { $0.count == 6 }
            #expect(found.count == pulses, "\(width) mm")
            #expect(found.allSatisfy { abs($0[1].y - $0[2].y - 10) < 0.005 })
            #expect(svg.viewBox[2] == width)
        }
    }

    @Test func otherUnitsGetAPulseThatSaysWhatItIs() throws {
        let page = try PaperFigure(leads: [Lead("ABP", unit: "mmHg", samples: (0..<500).map { Float($0 % 60) + 60 })], fs: 125).page(
            Style())
        #expect(page.texts.contains { $0.string.hasSuffix("mmHg") })
    }

    @Test func absentLeadsLeaveTheirPlaceEmptyAndNamed() throws {
        var figure = PaperFigure(leads: spikes(Array(twelve.prefix(8))), fs: 500)
        figure.layout = .threeByFourAndRhythm
        let texts = try figure.page(Style()).texts.map(\.string)
        for name in ["V3", "V4", "V5", "V6"] { #expect(texts.contains("\(name) absent")) }
    }

    @Test func gapsBreakTheTraceAndALoneSampleIsADot() throws {
        var samples = [Float](repeating: 0, count: 250)
        for index in 100..<150 { samples[index] = .nan }
        samples[125] = 0.5
        let page = try PaperFigure(leads: [Lead("II", unit: "mV", samples: samples)], fs: 250).page(Style())
        let lines = page.marks.flatMap { mark -> [[Point]] in
            guard case .clipped(_, let inner) = mark, case .lines(let lines, _)? = inner.first else { return [] }
            return lines
        }
        #expect(lines.map(\.count) == [100, 1, 100])
    }

    static let oddSignals: [[Float]] = [
        [Float](repeating: .nan, count: 100), [Float](repeating: 0.3, count: 100), [1], [Float.infinity, -Float.infinity, 0],
        [-1e30, 1e30, 0], [3e38, -3e38],
    ]

    @Test(arguments: oddSignals) func oddSignalsGiveAFigure(_ samples: [Float]) throws {
        for unit in ["mV", ""] {
            let lead = Lead("II", unit: unit, samples: samples)
            #expect(try !bytes([PaperFigure(leads: [lead], fs: 100)], .svg).isEmpty)
            var figure = PaperFigure(leads: [lead], fs: 100)
            figure.map = HeatMap("saliency", values: [samples])
            #expect(try !bytes([figure], .pdf).isEmpty)
        }
    }

    @Test func tooMuchForAPageIsAnErrorThatSaysSo() {
        let many = (0..<1000).map { Lead("lead \($0)", unit: "mV", samples: [0, 1]) }
        #expect(throws: PlotError.self) { try bytes([PaperFigure(leads: many, fs: 100)], .png(dpi: 300)) }
        #expect(throws: PlotError.self) { try PaperFigure(leads: [], fs: 100).page(Style()) }
        #expect(throws: PlotError.self) { try PaperFigure(leads: [Lead("I", unit: "mV", samples: [])], fs: 100).page(Style()) }
        #expect(throws: PlotError.self) { try PaperFigure(leads: spikes(["I"]), fs: .nan).page(Style()) }
    }
}
