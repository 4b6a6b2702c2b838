// SPDX-License-Identifier: GPL-3.0-or-later
import ECGPlot
import Testing

@Suite struct ResultFigureTests {
    @Test func confusionShowsSharesOfTheTrueClassAndNoneForAnEmptyOne() throws {
        let figure = MatrixFigure.confusion(
            classes: ["A", "N", "V"], predicted: ["A", "N", "V"], counts: [[3, 1, 0], [0, 0, 0], [0, 2, 6]])
        #expect(figure.panels[0].cells.map { $0.map(\.text) } == [["0.75", "0.25", "0"], ["–", "–", "–"], ["0", "0.25", "0.75"]])
        #expect(figure.panels[0].cells[0].map(\.note) == ["3", "1", ""])
        #expect(figure.panels[0].cells[1].allSatisfy { $0.value == nil })
    }

    @Test func curvesKeepTheirLooksInEveryPanel() throws {
        let one = Curve("saliency", x: [0, 1], y: [1, 0]), other = Curve("deeplift", x: [0, 1], y: [1, 0.5])
        let page = try CurveFigure([CurvePanel("a", curves: [one, other]), CurvePanel("b", curves: [other])]).page(Style())
        let colours = page.marks.flatMap { mark -> [Colour] in
            guard case .clipped(_, let inner) = mark else { return [] }
            return inner.compactMap { if case .lines(_, let stroke) = $0 { stroke.colour } else { nil } }
        }
        #expect(colours.count == 3 && colours[1] == colours[2] && colours[0] != colours[1])
    }

    @Test func curveOfAPointIsWhereItsAxesSay() throws {
        var panel = CurvePanel("", curves: [Curve("", x: [0, 0.5, 1], y: [0, 0.25, 1])])
        (panel.xRange, panel.yRange, panel.isSquare, panel.hasMarkers) = (0...1, 0...1, true, false)
        let page = try CurveFigure([panel]).page(Style(width: 85))
        let lines = page.marks.flatMap { mark -> [[Point]] in
            guard case .clipped(_, let inner) = mark, case .lines(let lines, _)? = inner.first else { return [] }
            return lines
        }
        let line = try #require(lines.first)
        #expect(abs((line[0].x + line[2].x) / 2 - line[1].x) < 1e-9)
        #expect(abs(line[0].y - line[1].y - (line[0].y - line[2].y) / 4) < 1e-9)
        #expect(abs(line[2].x - line[0].x - (line[0].y - line[2].y)) < 1e-9, "a square")
    }

    @Test func medianBeatStandsWhereHalfOfTheBeatsAre() {
        let median = AlignedBeats.quantile(0.5, of: [(1, [1, 2, 3]), (1, [3, 4, 5, 6]), (2, [0, 2, 3, 7])])
        #expect(median.start == -2)
        #expect(median.values.map { $0.isNaN ? -1 : $0 } == [-1, 2, 3, 5, -1])
    }

    /// Values that no figure is made for, but that a table may hold.
    @Test func oddValuesGiveAFigureOrAnError() throws {
        for value in [Double.nan, .infinity, -.infinity, 0, 1e300, -1e300, Double.leastNonzeroMagnitude] {
            let curve = Curve("a", x: [0, value, 2], y: [value, 1, value], low: [value, value, value], high: [value, 1, 2])
            #expect(try !bytes([CurveFigure([CurvePanel("a", curves: [curve])])], .svg).isEmpty)
            let cells = [[MatrixFigure.Cell(value, text: "x")]]
            #expect(try !bytes([MatrixFigure([.init("", rows: ["a"], columns: ["b"], cells: cells)])], .pdf).isEmpty)
            let segment = SegmentFigure.Segment(from: value, to: 1, low: value, middle: value, high: value)
            let profile = SegmentFigure.ClassProfile(
                "N", count: 1, leads: [.init("I", segments: [segment], beat: ([Float(value)], value, 100))])
            #expect(try !bytes([SegmentFigure([profile])], .svg).isEmpty)
            let beats = BeatsFigure.ClassBeats(
                "N", count: 1, shown: 1, leads: [.init("I", unit: "mV", fs: 100, beats: [(0, [Float(value)]), (0, [Float(value), 1])])])
            #expect(try !bytes([BeatsFigure([beats])], .svg).isEmpty)
        }
        for figure: any Figure in [CurveFigure([]), MatrixFigure([]), HistogramFigure([]), SegmentFigure([]), BeatsFigure([])] {
            #expect(throws: PlotError.self) { try figure.page(Style()) }
        }
        let empty = CurveFigure([CurvePanel("none", curves: [])])
        #expect(try empty.page(Style()).texts.contains { $0.string == "no values" })
    }
}
