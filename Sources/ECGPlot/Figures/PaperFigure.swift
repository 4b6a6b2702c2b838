// SPDX-License-Identifier: GPL-3.0-or-later

/// A recording on ECG paper, true to the millimetre: squares of 1 and 5 mm, 25 mm a second and 10 mm a millivolt unless said otherwise, and a
/// calibration pulse of 1 mV and 0.2 s before every row.
public struct PaperFigure: Figure {
    public enum Layout: String, Sendable, CaseIterable {
        /// The usual print for twelve leads as far as the page is wide enough, else a row a lead.
        case auto
        /// Three rows of four leads, 2.5 s each of 10 s, and a rhythm lead below.
        case threeByFourAndRhythm = "3x4+1"
        case threeByFour = "3x4"
        case sixByTwo = "6x2"
        /// A lead a row.
        case rows
    }

    public var title = ""
    public var subtitle = ""
    /// The samples to show, of equal length.
    public var leads: [Lead]
    public var fs: Double
    /// Seconds of the recording at the first sample.
    public var start = 0.0
    public var layout = Layout.auto
    /// Millimetres a second and a millivolt.
    public var speed = 25.0
    public var gain = 10.0
    /// The lead of the row below 3x4.
    public var rhythm = "II"
    /// Colour for the traces.
    public var map: HeatMap?
    public var range = 0.9
    public var limit: Double?
    /// Whether the figure may stand on a sheet of A4, for printing, rather than on a page of its own size.
    public var isSheet = false
    /// What is written above the first or the rhythm row: a time in seconds from the first sample, and a label.
    public var notes: [(time: Double, text: String)] = []

    public init(leads: [Lead], fs: Double) {
        self.leads = leads
        self.fs = fs
    }

    // MARK: Rows

    private struct Cell {
        let lead: Int?
        let name: String
        /// Samples.
        let span: Range<Int>
    }

    /// The pulse's room at the left of each row.
    private static let pulseRoom = 10.0
    private static let margin = 8.0
    private static let head = 9.0
    private static let foot = 8.0
    /// Room for a lead's name above its trace.
    private static let nameRoom = 5.0
    private static let tallest = 60.0
    private static let paper = (width: 297.0, height: 210.0)

    private func cells(_ style: Style) throws(PlotError) -> [[Cell]] {
        let count = leads.map(\.samples.count).max() ?? 0
        guard !leads.isEmpty, count > 0 else { throw PlotError("the recording has no samples") }
        guard fs.isFinite, fs > 0 else { throw PlotError("the recording has no sampling frequency") }
        guard speed.isFinite, gain.isFinite, speed > 0, gain > 0 else { throw PlotError("speed and gain are numbers above 0") }
        let duration = Double(count) / fs
        var room = Double.infinity
        if let width = style.width {
            room = (width - 2 * margin(style) - Self.pulseRoom) / speed
            guard room >= 0.2 else {
                throw PlotError("a page of \(NumberText.general(width)) mm has no room for 0.2 s at \(NumberText.general(speed)) mm/s")
            }
        }
        let places = TwelveLeads.places(in: leads)
        let isComplete = !places.contains(nil)
        var layout = layout
        if layout == .auto {
            let shown = min(duration, room)
            // A column narrower than most of 2.5 s shows too little of a rhythm to be worth it.
            layout =
                !isComplete ? .rows : shown >= min(duration, 9.5) ? .threeByFourAndRhythm : shown >= min(duration, 4.8) ? .sixByTwo : .rows
        }
        let columns = [Layout.threeByFourAndRhythm: 4, .threeByFour: 4, .sixByTwo: 2][layout] ?? 1
        let shownSamples = min(count, max(1, Int((min(duration, room) * fs).rounded())))
        func span(_ column: Int, of columns: Int) -> Range<Int> { shownSamples * column / columns..<shownSamples * (column + 1) / columns }
        guard columns > 1 else {
            let order = isComplete && leads.count == 12 ? places.compactMap { $0 } : Array(leads.indices)
            return order.map { [Cell(lead: $0, name: leads[$0].shownName, span: 0..<shownSamples)] }
        }
        let rows = 12 / columns
        var cells = (0..<rows).map { row in
            (0..<columns).map { column in
                let index = column * rows + row
                return Cell(lead: places[index], name: TwelveLeads.names[index], span: span(column, of: columns))
            }
        }
        if layout == .threeByFourAndRhythm {
            let place = leads.firstIndex { $0.name.lowercased() == rhythm.lowercased() }
            cells.append([Cell(lead: place, name: Lead.shown(rhythm), span: 0..<shownSamples)])
        }
        return cells
    }

    private func margin(_ style: Style) -> Double { (style.width ?? 200) < 150 ? 3 : Self.margin }

    /// Millimetres a unit, and what the calibration pulse of so many millimetres stands for.
    private func scale(_ lead: Lead, _ summary: (low: Double, middle: Double, high: Double)?) -> (
        gain: Double, pulse: Double, label: String
    ) {
        if lead.unit == "mV" { return (gain, gain, "") }
        let span = summary.map { $0.high - $0.low } ?? 0
        let amount = span > 0 && span.isFinite ? Axis.step(span / 2, about: 1) : 1
        return (10 / amount, 10, NumberText.general(amount) + (lead.unit.isEmpty ? "" : " " + lead.unit))
    }

    // MARK: The page

    public func page(_ style: Style) throws(PlotError) -> Page {
        let rows = try cells(style)
        let summaries = leads.map(\.summary)
        let scales = leads.indices.map { scale(leads[$0], summaries[$0]) }
        var isCut = false

        // Each row is as tall as its traces, in whole squares.
        var heights: [(above: Double, height: Double)] = []
        for row in rows {
            var (above, below) = (row.first?.lead.map { scales[$0].pulse } ?? 10, 2.0)
            for cell in row {
                guard let lead = cell.lead, let summary = summaries[lead] else { continue }
                for sample in leads[lead].samples[clamped(cell.span, leads[lead])] where sample.isFinite {
                    let height = (Double(sample) - summary.middle) * scales[lead].gain
                    above = max(above, height)
                    below = max(below, -height)
                }
            }
            if above > Self.tallest || below > Self.tallest { isCut = true }
            above = roundedUp(min(above, Self.tallest) + Self.nameRoom, to: 5)
            heights.append((above, above + roundedUp(min(below, Self.tallest) + 1.5, to: 5)))
        }
        let shownSamples = rows.flatMap { $0 }.map(\.span.upperBound).max() ?? 1
        let seconds = Double(shownSamples) / fs
        let margin = margin(style)
        let used = Self.pulseRoom + seconds * speed
        // Whole squares, unless the page is too narrow for the last one.
        let isNarrow = style.width.map { roundedUp(used, to: 5) + 2 * margin > $0 } ?? false
        let grid = (width: roundedUp(used, to: isNarrow ? 1 : 5), height: heights.map(\.height).reduce(0, +))
        // A map's scale takes the place of the text beside it where there is little room, so it has a line of its own.
        let foot = Self.foot + (map != nil && grid.width < 150 ? 5 : 0)
        let isA4 =
            isSheet && style.width == nil && grid.width > 200 && grid.width <= Self.paper.width - 12
            && grid.height + Self.head + foot + 8 <= Self.paper.height
        let width = isA4 ? Self.paper.width : max(style.width ?? 0, grid.width + 2 * margin)
        let height = isA4 ? Self.paper.height : grid.height + Self.head + foot + 2
        var page = Page(width: width, height: height, background: style.background)
        // Whole millimetres from the page's corner, so that a ruler laid on it agrees.
        let left = ((width - grid.width) / 2).rounded(.down)
        let top = Self.head + (isA4 ? ((height - grid.height - Self.head - foot) / 2).rounded(.down) : 0)
        let box = Box(x: left, y: top, width: grid.width, height: grid.height)
        let isPlain = map != nil
        PaperGrid.draw(
            box, origin: Point(left, top), pitch: (1, 1), minor: isPlain ? style.plainMinor : style.paperMinor,
            major: isPlain ? style.plainMajor : style.paperMajor, on: &page)

        let heat = map?.colours(style, range: range, limit: limit)
        var rowTop = top
        for (row, cells) in rows.enumerated() {
            let baseline = rowTop + heights[row].above
            var nameEnd = left
            let rowBox = Box(x: left, y: rowTop, width: grid.width, height: heights[row].height)
            if let first = cells[0].lead { drawPulse(scales[first], left, baseline, on: &page, style) }
            for cell in cells {
                let x = left + Self.pulseRoom + Double(cell.span.lowerBound) / fs * speed
                if cell.span.lowerBound > 0 { page.line(Point(x, baseline - 4), Point(x, baseline + 2), Stroke(style.soft, 0.15)) }
                // The first name of a row stands above the pulse, where it is in nobody's way.
                let nameX = cell.span.lowerBound > 0 ? x + 1 : left + 1
                guard let lead = cell.lead else {
                    page.write(Text("\(cell.name) absent", at: Point(nameX, rowTop + 3.4), size: style.labelSize, colour: style.soft))
                    continue
                }
                let name = Text(cell.name, at: Point(nameX, rowTop + 3.4), size: style.titleSize, colour: style.ink, bold: true)
                    .fitted(to: Double(cell.span.count) / fs * speed + Self.pulseRoom)
                page.write(name)
                if cell.span.lowerBound == 0 { nameEnd = name.extent.right }
                let span = clamped(cell.span, leads[lead])
                let trace = Trace(
                    samples: leads[lead].samples[span], left: x, pitch: speed / fs, baseline: baseline,
                    centre: summaries[lead]?.middle ?? 0, gain: scales[lead].gain)
                page.clipped(to: rowBox) { page in
                    if let heat, let values = map?.values, lead < values.count, span.upperBound <= values[lead].count {
                        HeatTrace.draw(trace, values: values[lead][span], colours: heat.colours, on: &page, style)
                    } else {
                        page.lines(trace.lines, Stroke(style.ink, style.traceWidth))
                    }
                }
            }
            if row == (layout != .rows && rows.count == 4 && rows[3].count == 1 ? 3 : 0) {
                drawNotes(left + Self.pulseRoom, rowTop, shown: seconds, after: nameEnd, on: &page, style)
            }
            rowTop += heights[row].height
        }
        writeEdges(&page, box, seconds, heat, isCut, style)
        return page
    }

    private func clamped(_ span: Range<Int>, _ lead: Lead) -> Range<Int> { span.clamped(to: 0..<lead.samples.count) }

    private func drawPulse(
        _ scale: (gain: Double, pulse: Double, label: String), _ left: Double, _ baseline: Double, on page: inout Page, _ style: Style
    ) {
        let top = baseline - scale.pulse, wide = min(0.2 * speed, Self.pulseRoom - 4)
        let begin = left + 2, end = begin + wide
        page.lines(
            [
                [
                    Point(left, baseline), Point(begin, baseline), Point(begin, top), Point(end, top), Point(end, baseline),
                    Point(left + Self.pulseRoom, baseline),
                ]
            ], Stroke(style.ink, style.traceWidth))
        if !scale.label.isEmpty {
            page.write(Text(scale.label, at: Point(left + 1, top - 1), size: style.smallSize, colour: style.soft).fitted(to: 20))
        }
    }

    private func drawNotes(_ left: Double, _ top: Double, shown: Double, after end: Double, on page: inout Page, _ style: Style) {
        // Right of the lead's name, and none over the one before.
        var free = end + 0.8
        for note in notes where note.time >= 0 && note.time < shown {
            let text = Text(
                note.text, at: Point(left + note.time * speed, top + 3.4), size: style.labelSize, colour: style.soft, anchor: .middle)
            guard text.extent.left > free, text.extent.right < page.width else { continue }
            free = text.extent.right + 0.8
            page.write(text)
        }
    }

    private func writeEdges(
        _ page: inout Page, _ box: Box, _ seconds: Double, _ heat: (colours: ScaledColours, isCut: Bool)?, _ isCut: Bool, _ style: Style
    ) {
        let head = Text(title, at: Point(box.left, box.top - 3), size: 9, colour: style.ink, bold: true).fitted(to: box.width * 0.6)
        page.write(head)
        let rest = box.width - head.width - 4
        page.write(
            Text(subtitle, at: Point(box.right, box.top - 3), size: style.labelSize, colour: style.soft, anchor: .end).fitted(to: rest))
        let range = "\(NumberText.clock(start))–\(NumberText.clock(start + seconds))"
        let scale =
            "\(NumberText.general(speed)) mm/s   \(NumberText.general(gain)) mm/mV   \(range)"
            + (isCut ? "   traces cut at the row's edge" : "")
        let text = Text(scale, at: Point(box.left, box.bottom + 4.5), size: style.labelSize, colour: style.soft).fitted(to: box.width)
        page.write(text)
        guard let heat, let map else { return }
        let bar = ColourBar(colours: heat.colours, title: map.name, isCut: heat.isCut, barWidth: 30)
        let isBeside = box.width >= 150
        let x = isBeside ? box.right - bar.width(style) : box.left
        bar.draw(on: &page, at: Point(x, isBeside ? box.bottom + 3.6 : box.bottom + 9), style)
    }
}
