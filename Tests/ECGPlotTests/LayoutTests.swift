// SPDX-License-Identifier: GPL-3.0-or-later
import ECGPlot
import Testing

@Suite struct LayoutTests {
    /// Figures of every kind, with names longer than there is room for.
    static var figures: [(name: String, figure: any Figure)] {
        let long = String(repeating: "a very long name ", count: 12)
        var figures: [(String, any Figure)] = []
        for title in ["100", long] {
            var paper = PaperFigure(leads: spikes(twelve), fs: 500)
            (paper.title, paper.subtitle) = (title, title)
            paper.notes = (0..<10).map { (Double($0) + 0.5, "N") }
            paper.map = maps(["saliency"], leads: 12, count: 5000)[0]
            figures.append(("paper", paper))
            var strip = PaperFigure(leads: spikes([title, "V1"]), fs: 500)
            strip.title = title
            strip.notes = (0..<100).map { (Double($0) / 10, "N") }
            figures.append(("strip", strip))
            for (leads, count) in [(twelve, 600), (["MLII", "V1"], 430), ([title], 300), (twelve, 5000)] {
                for methods in [["saliency"], ["saliency", "deeplift", "gradcam", title, "random"]] {
                    var map = MapFigure(leads: waves(leads, count: count), fs: 500, maps: maps(methods, leads: leads.count, count: count))
                    (map.title, map.subtitle, map.origin) = (title, "labelled N, predicted N", 120)
                    figures.append(("map of \(leads.count) leads, \(methods.count) methods", map))
                }
            }
            figures.append(("notice", NoticeFigure(title)))
            figures += results(title)
        }
        return figures
    }

    private static func results(_ title: String) -> [(String, any Figure)] {
        var figures: [(String, any Figure)] = []
        for names in [["A", "E", "j", "L", "N", "/", "R", "V"], [title, "N"], (0..<60).map { "class \($0)" }] {
            let counts = names.indices.map { a in names.indices.map { $0 == a ? 100_000 : a == 1 ? 0 : $0 } }
            figures.append(
                ("confusion of \(names.count)", MatrixFigure.confusion(classes: names, predicted: names, counts: counts, title: title)))
            var histogram = HistogramFigure(names.enumerated().map { ($1, $0 * $0 * 1000) })
            histogram.title = title
            figures.append(("histogram of \(names.count)", histogram))
            histogram.isLogarithmic = true
            figures.append(("logarithmic histogram of \(names.count)", histogram))
            var matrix = MatrixFigure(
                ["pearson", title].map { panel in
                    MatrixFigure.Panel(
                        panel, rows: names, columns: names,
                        cells: names.indices.map { a in names.indices.map { .init(Double(a - $0) / 60, text: "−0.99", note: "±0.12") } })
                })
            (matrix.low, matrix.barTitle) = (-1, "mean")
            figures.append(("matrix of \(names.count)", matrix))
        }
        let methods = ["saliency", "deeplift", title, "random"] + (0..<9).map { "method \($0)" }
        for count in [1, 3, 7] {
            var curves = CurveFigure(
                (0..<count).map { panel in
                    var made = CurvePanel(
                        title,
                        curves: methods.enumerated().map { place, name in
                            let x = (0...30).map(Double.init), y = x.map { 1 - $0 * Double(place) / 400 }
                            return Curve(name, x: x, y: y, low: y.map { $0 - 0.1 }, high: y.map { $0 + 0.1 }, isReference: name == "random")
                        })
                    (made.xTitle, made.yTitle) = ("step", title)
                    return made
                })
            curves.title = title
            figures.append(("\(count) panels of curves", curves))
        }
        for leads in [["MLII", "V1"], [title], twelve] {
            for hasBeats in [true, false] {
                let samples = (0..<400).map { Float($0 % 50) }
                let classes = ["A", title, "N"].map { name in
                    SegmentFigure.ClassProfile(
                        name, count: 12345,
                        leads: leads.map { lead in
                            .init(
                                lead,
                                segments: (-6..<8).map { k in
                                    .init(from: Double(k) / 10, to: Double(k + 1) / 10, low: 0.1, middle: 0.2 + Double(k) / 50, high: 0.4)
                                }, beat: hasBeats ? (samples, -0.4, 500) : nil)
                        })
                }
                var segments = SegmentFigure(classes)
                (segments.title, segments.measure) = (title, "median")
                figures.append(("segments of \(leads.count) leads", segments))
                if !hasBeats {
                    for index in segments.classes.indices {
                        for lead in segments.classes[index].leads.indices {
                            segments.classes[index].leads[lead].segments = (0..<6).map {
                                .init(from: Double($0), to: Double($0) + 1, low: .nan, middle: 0.1, high: .nan)
                            }
                        }
                    }
                    segments.waves = ["P", "PR", "QRS", "ST", "T", "rest"]
                    figures.append(("waves of \(leads.count) leads", segments))
                }
            }
            var beats = BeatsFigure(
                ["A", title].map { name in
                    .init(
                        name, count: 500, shown: 40,
                        leads: waves(leads, count: 300).map { lead in
                            .init(lead.name, unit: lead.unit, fs: 360, beats: (0..<40).map { (100 + $0 % 7, lead.samples) })
                        })
                })
            beats.title = title
            figures.append(("beats of \(leads.count) leads", beats))
        }
        return figures
    }

    @Test(arguments: [nil, 60, 85, 180, 400]) func textStaysOnThePageAndApart(_ width: Double?) throws {
        for (name, figure) in Self.figures {
            let page = try figure.page(Style(width: width))
            let paper = Box(x: 0, y: 0, width: page.width, height: page.height)
            let extents = page.texts.map(\.extent)
            for (text, extent) in zip(page.texts, extents) {
                #expect(paper.contains(extent), "\(name) at \(width ?? 0) mm: '\(text.string)' leaves the page")
            }
            for a in extents.indices {
                for b in extents.indices where a < b && extents[a].overlaps(extents[b], tolerance: 0.1) {
                    Issue.record("\(name) at \(width ?? 0) mm: '\(page.texts[a].string)' and '\(page.texts[b].string)' overlap")
                }
            }
        }
    }

    @Test func typeIsNeverSmallerThanSixPoints() throws {
        for (name, figure) in Self.figures {
            for text in try figure.page(Style(width: 85)).texts { #expect(text.size >= 6, "\(name): '\(text.string)'") }
        }
    }

    @Test func sameFigureGivesTheSameBytesAndNoDate() throws {
        for (name, figure) in Self.figures.prefix(6) {
            for form in [DocumentForm.svg, .pdf, .png(dpi: 100)] {
                let first = try bytes([figure], form), second = try bytes([figure], form)
                // Cairo numbers the surfaces of a process, and an SVG names its own.
                if form == .svg {
                    #expect(SVG(first).withoutNumbers == SVG(second).withoutNumbers, "\(name)")
                } else {
                    #expect(first == second, "\(name), \(form)")
                }
                if form == .pdf { #expect(!String(decoding: first, as: UTF8.self).contains("CreationDate")) }
            }
        }
    }

    @Test func pdfTakesManyPagesAndTheOthersOne() throws {
        let figure = NoticeFigure("page")
        let pdf = String(decoding: try bytes([figure, figure, figure], .pdf), as: UTF8.self)
        #expect(pdf.contains("/Count 3"))
        #expect(throws: PlotError.self) { try bytes([figure, figure], .svg) }
        #expect(throws: PlotError.self) { try bytes([], .pdf) }
    }

    @Test func imageSaysHowLargeItsPixelsAre() throws {
        let png = try bytes([NoticeFigure("x")], .png(dpi: 254))
        // 10 000 pixels a metre, right behind the 33 bytes of signature and IHDR.
        #expect(Array(png[33..<54]) == [0, 0, 0, 9] + Array("pHYs".utf8) + [0, 0, 0x27, 0x10, 0, 0, 0x27, 0x10, 1] + Array(png[50..<54]))
    }

    @Test func errorOfTheOutputComesBack() {
        struct Full: Error {}
        #expect(throws: Full.self) {
            let document = Document(.pdf) { _ in throw Full() }
            try document.add(try NoticeFigure("x").page(Style()))
            try document.finish()
        }
    }
}
