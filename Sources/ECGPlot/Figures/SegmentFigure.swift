// SPDX-License-Identifier: GPL-3.0-or-later

/// Where a network looks, by class: bars of the segments' medians with quartiles, below a typical beat that has their colours (Jones et al., Fig. 7).
public struct SegmentFigure: Figure {
    public struct Segment: Sendable {
        /// Seconds from the R peak, or places in a row of waves.
        public var from: Double
        public var to: Double
        public var low: Double
        public var middle: Double
        public var high: Double

        public init(from: Double, to: Double, low: Double, middle: Double, high: Double) {
            self.from = from
            self.to = to
            self.low = low
            self.middle = middle
            self.high = high
        }
    }

    public struct LeadProfile: Sendable {
        public var name: String
        public var segments: [Segment]
        /// A typical beat of the class in this lead: its samples, seconds of the first from the R peak, samples a second.
        public var beat: (samples: [Float], start: Double, fs: Double)?

        public init(_ name: String, segments: [Segment], beat: (samples: [Float], start: Double, fs: Double)? = nil) {
            self.name = name
            self.segments = segments
            self.beat = beat
        }
    }

    public struct ClassProfile: Sendable {
        public var name: String
        public var count: Int
        public var leads: [LeadProfile]

        public init(_ name: String, count: Int, leads: [LeadProfile]) {
            self.name = name
            self.count = count
            self.leads = leads
        }
    }

    public var title = ""
    public var classes: [ClassProfile]
    /// What the values are: "median saliency".
    public var measure = ""
    /// Names in place of times, one a segment, for waves.
    public var waves: [String] = []

    public init(_ classes: [ClassProfile]) { self.classes = classes }

    private static let margin = 3.0
    private static let gap = 4.0
    private static let traceHeight = 13.0
    private static let barHeight = 11.0
    private static let mostClasses = 200

    public func page(_ style: Style) throws(PlotError) -> Page {
        guard let leadCount = classes.map(\.leads.count).max(), leadCount > 0 else { throw PlotError("there are no segments") }
        guard classes.count <= Self.mostClasses, leadCount <= 32 else {
            throw PlotError("\(classes.count) classes of \(leadCount) leads are too many for a figure")
        }
        let width = style.width ?? 180
        let room = width - 2 * Self.margin
        let segments = classes.flatMap(\.leads).flatMap(\.segments)
        let finite = segments.filter { $0.from.isFinite && $0.to.isFinite }
        let x = (finite.map(\.from).min() ?? 0, max(finite.map(\.to).max() ?? 1, (finite.map(\.from).min() ?? 0) + 1e-3))
        let values = segments.flatMap { [$0.low, $0.middle, $0.high] }.filter(\.isFinite)
        let (lowest, highest) = (min(0, values.min() ?? 0), max(values.max() ?? 1, 1e-300))
        let y = Axis(lowest, highest, about: 2)
        let top = max(segments.map(\.middle).filter(\.isFinite).max() ?? 1, 1e-300)
        let colours = ScaledColours(
            lowest < 0 ? style.signedHeat : style.heat, low: lowest < 0 ? -max(top, -lowest) : 0, high: lowest < 0 ? max(top, -lowest) : top
        )

        let left = Plot.labelWidth(y, style)
        // Two classes side by side while their leads are at least 26 mm wide.
        let columns = leadCount <= 2 && room >= 2 * (Double(leadCount) * 30 + left) && classes.count > 1 ? 2 : 1
        let perRow = min(leadCount, max(1, Int((room / Double(columns) - left + Self.gap) / (26 + Self.gap))))
        let leadRows = (leadCount + perRow - 1) / perRow
        let block = (room - Double(columns - 1) * Self.gap) / Double(columns)
        let cell = (block - left - Double(perRow - 1) * Self.gap) / Double(perRow)
        let hasBeats = classes.contains { $0.leads.contains { $0.beat != nil } }
        let cellHeight = 3.4 + (hasBeats ? Self.traceHeight : 0) + Self.barHeight + (waves.isEmpty ? 4.6 : 7)
        let blockHeight = 5 + Double(leadRows) * cellHeight + 1.5
        let rows = (classes.count + columns - 1) / columns
        let head = title.isEmpty ? 2.0 : 8
        var bar = ColourBar(colours: colours, title: measure)
        bar.barWidth = min(24, max(8, room - (bar.width(style) - bar.barWidth)))
        let isOneLine = room > bar.width(style) + 50
        var page = Page(width: width, height: head + Double(rows) * blockHeight + (isOneLine ? 5 : 9), background: style.background)
        page.write(
            Text(title, at: Point(Self.margin, 5), size: style.titleSize, colour: style.ink, bold: true).fitted(to: width - 2 * Self.margin)
        )
        for (index, profile) in classes.enumerated() {
            let corner = Point(
                Self.margin + Double(index % columns) * (block + Self.gap), head + Double(index / columns) * blockHeight)
            page.write(
                Text(
                    profile.name + "  (n = \(NumberText.count(profile.count)))", at: Point(corner.x + left, corner.y + 2.8),
                    size: style.labelSize, colour: style.ink, bold: true
                ).fitted(to: block - left))
            for (number, lead) in profile.leads.enumerated() {
                let box = Box(
                    x: corner.x + left + Double(number % perRow) * (cell + Self.gap),
                    y: corner.y + 5 + Double(number / perRow) * cellHeight, width: cell, height: cellHeight)
                draw(lead, in: box, x, y, colours, hasBeats, isFirst: number % perRow == 0, on: &page, style)
            }
        }
        let note = waves.isEmpty ? "seconds from the R peak; bars: median, lines: quartiles" : "bars: median, lines: quartiles"
        page.write(
            Text(
                note, at: Point(Self.margin, page.height - (isOneLine ? 2.6 : 6.4)), size: style.smallSize, colour: style.soft,
                height: .middle
            )
            .fitted(to: isOneLine ? room - bar.width(style) - 3 : room))
        bar.draw(on: &page, at: Point(width - Self.margin - bar.width(style), page.height - 2.6), style)
        return page
    }

    private func draw(
        _ lead: LeadProfile, in cell: Box, _ range: (Double, Double), _ y: Axis, _ colours: ScaledColours, _ hasBeats: Bool, isFirst: Bool,
        on page: inout Page, _ style: Style
    ) {
        page.write(
            Text(Lead.shown(lead.name), at: Point(cell.left + 0.4, cell.top + 2.4), size: style.smallSize, colour: style.soft, bold: true)
                .fitted(to: cell.width))
        let traceBox = Box(x: cell.left, y: cell.top + 3.4, width: cell.width, height: hasBeats ? Self.traceHeight : 0)
        let barBox = Box(x: cell.left, y: traceBox.bottom, width: cell.width, height: Self.barHeight)
        let place = { (time: Double) in cell.left + (time - range.0) / (range.1 - range.0) * cell.width }
        if let beat = lead.beat { draw(beat, lead.segments, in: traceBox, place, range, colours, on: &page, style) }

        page.lines(
            y.ticks.map {
                [
                    Point(barBox.left, barBox.bottom - y.share($0) * barBox.height),
                    Point(barBox.right, barBox.bottom - y.share($0) * barBox.height),
                ]
            }, Stroke(style.guide, style.hairline))
        let height = { (value: Double) in barBox.bottom - min(max(y.share(value), 0), 1) * (barBox.height - 0.6) }
        let zero = height(max(0, y.low))
        var whiskers: [[Point]] = []
        for segment in lead.segments where segment.middle.isFinite && segment.from.isFinite && segment.to.isFinite {
            let (from, to) = (place(segment.from), place(segment.to)), gap = min(0.25, (to - from) * 0.1)
            let end = height(segment.middle)
            page.box(
                Box(x: from + gap, y: min(zero, end), width: max(0.1, to - from - 2 * gap), height: max(0.1, abs(zero - end))),
                colours.colour(segment.middle))
            if segment.low.isFinite, segment.high.isFinite {
                let middle = (from + to) / 2, cap = min(0.5, (to - from) * 0.2)
                let (low, high) = (height(segment.low), height(segment.high))
                whiskers += [
                    [Point(middle, low), Point(middle, high)], [Point(middle - cap, low), Point(middle + cap, low)],
                    [Point(middle - cap, high), Point(middle + cap, high)],
                ]
            }
        }
        page.lines(whiskers, Stroke(style.ink, 0.15))
        page.lines([[Point(barBox.left, zero), Point(barBox.right, zero)]], Stroke(style.rule, style.ruleWidth))
        if isFirst {
            for tick in y.ticks {
                page.write(
                    Text(
                        y.label(tick), at: Point(barBox.left - Plot.gap, barBox.bottom - y.share(tick) * barBox.height),
                        size: style.smallSize, colour: style.soft, anchor: .end, height: .middle))
            }
        }
        if waves.isEmpty { drawTimes(barBox, place, range, on: &page, style) } else { drawWaves(lead, barBox, place, on: &page, style) }
    }

    private func draw(
        _ beat: (samples: [Float], start: Double, fs: Double), _ segments: [Segment], in box: Box, _ place: (Double) -> Double,
        _ range: (Double, Double),
        _ colours: ScaledColours, on page: inout Page, _ style: Style
    ) {
        guard beat.fs > 0, let summary = Lead("", unit: "", samples: beat.samples).summary else { return }
        let span = summary.high - summary.low
        let gain = span > 0 && span.isFinite ? (box.height - 2) / span : 1
        let trace = Trace(
            samples: beat.samples[...], left: place(beat.start), pitch: place(1 / beat.fs) - place(0), baseline: box.middle.y,
            centre: (summary.low + summary.high) / 2, gain: gain)
        let values = beat.samples.indices.map { index -> Float in
            let time = beat.start + Double(index) / beat.fs
            return segments.first { $0.from - 1e-9 <= time && time < $0.to - 1e-9 }.map { Float($0.middle) } ?? .nan
        }
        page.clipped(to: box) { page in
            HeatTrace.draw(trace, values: values[...], colours: colours, on: &page, style)
        }
    }

    private func drawTimes(_ box: Box, _ place: (Double) -> Double, _ range: (Double, Double), on page: inout Page, _ style: Style) {
        let perSecond = box.width / (range.1 - range.0)
        let step = [0.1, 0.2, 0.5, 1, 2, 5, 10].first { $0 * perSecond >= 5.5 } ?? 60
        let axis = Axis(range.0, range.1, step: step)
        var free = -Double.infinity
        for tick in axis.ticks {
            page.line(Point(place(tick), box.bottom), Point(place(tick), box.bottom + 0.7), Stroke(style.rule, 0.15))
            let text = Text(
                axis.label(tick), at: Point(place(tick), box.bottom + 1.3), size: style.smallSize, colour: style.soft, anchor: .middle,
                height: .top)
            guard text.extent.left > free else { continue }
            free = text.extent.right + 0.6
            page.write(text)
        }
    }

    private func drawWaves(_ lead: LeadProfile, _ box: Box, _ place: (Double) -> Double, on page: inout Page, _ style: Style) {
        for (index, name) in waves.enumerated() {
            let x = place(Double(index) + 0.5), room = place(1) - place(0)
            let isFlat = waves.allSatisfy { Typeface.width($0, size: style.smallSize, bold: false) <= room - 0.5 }
            page.write(
                isFlat
                    ? Text(name, at: Point(x, box.bottom + 1.3), size: style.smallSize, colour: style.soft, anchor: .middle, height: .top)
                    : Text(
                        name, at: Point(x, box.bottom + 0.8), size: style.smallSize, colour: style.soft, anchor: .end, height: .middle,
                        upright: true
                    ).fitted(to: 6))
        }
    }
}
