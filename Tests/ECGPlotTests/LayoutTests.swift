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
