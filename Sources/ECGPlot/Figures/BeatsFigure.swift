// SPDX-License-Identifier: GPL-3.0-or-later

/// Beats laid over each other at their R peaks.
public enum AlignedBeats {
    /// A quantile at each sample from the R peak, where at least half of the beats have one.
    ///
    /// - Parameter beats: the R peak's sample, and the samples.
    /// - Returns: the values, and the first one's place from the R peak in samples.
    public static func quantile(_ p: Double, of beats: [(r: Int, samples: [Float])]) -> (start: Int, values: [Float]) {
        let start = beats.map { -$0.r }.min() ?? 0, end = beats.map { $0.samples.count - $0.r }.max() ?? 0
        guard start < end, end - start < 1 << 24 else { return (0, []) }
        let values = (start..<end).map { place -> Float in
            var here: [Float] = []
            for beat in beats where beat.samples.indices.contains(place + beat.r) && beat.samples[place + beat.r].isFinite {
                here.append(beat.samples[place + beat.r])
            }
            guard here.count * 2 >= beats.count, !here.isEmpty else { return .nan }
            here.sort()
            let position = p * Double(here.count - 1)
            let below = Int(position)
            return here[below] + Float(position - Double(below)) * (here[min(below + 1, here.count - 1)] - here[below])
        }
        return (start, values)
    }
}

/// The beats of each class over each other, with their median and the band between the quartiles.
public struct BeatsFigure: Figure {
    public struct LeadBeats: Sendable {
        public var name: String
        public var unit: String
        public var fs: Double
        public var beats: [(r: Int, samples: [Float])]

        public init(_ name: String, unit: String, fs: Double, beats: [(r: Int, samples: [Float])]) {
            self.name = name
            self.unit = unit
            self.fs = fs
            self.beats = beats
        }
    }

    public struct ClassBeats: Sendable {
        public var name: String
        /// How many there are, and how many of them are drawn.
        public var count: Int
        public var shown: Int
        public var leads: [LeadBeats]

        public init(_ name: String, count: Int, shown: Int, leads: [LeadBeats]) {
            self.name = name
            self.count = count
            self.shown = shown
            self.leads = leads
        }
    }

    public var title = ""
    public var classes: [ClassBeats]

    public init(_ classes: [ClassBeats]) { self.classes = classes }

    private static let margin = 3.0
    private static let gap = 4.0

    public func page(_ style: Style) throws(PlotError) -> Page {
        guard !classes.isEmpty, let leadCount = classes.map(\.leads.count).max(), leadCount > 0 else {
            throw PlotError("there are no beats")
        }
        guard classes.count * leadCount <= 400 else {
            throw PlotError("\(classes.count) classes of \(leadCount) leads are too many for a figure")
        }
        let width = style.width ?? 180
        let room = width - 2 * Self.margin
        let perClass = min(leadCount, max(1, Int((room + Self.gap) / 44)))
        let columns = max(1, min(classes.count, Int((room + Self.gap) / (Double(perClass) * 44))))
        let block = (room - Double(columns - 1) * Self.gap) / Double(columns)
        let leadRows = (leadCount + perClass - 1) / perClass
        let unit = classes[0].leads[0].unit
        let axes = range()
        let left = Plot.labelWidth(axes.y, style) + (unit.isEmpty ? 0.5 : 4)
        let cell = (block - Double(perClass - 1) * 2 - left) / Double(perClass)
        let boxHeight = min(max(cell * 0.6, 18), 36)
        let cellHeight = boxHeight + 4.2 + 3.4
        let blockHeight = 5 + Double(leadRows) * cellHeight + 1
        let rows = (classes.count + columns - 1) / columns
        let head = title.isEmpty ? 2.0 : 8
        var page = Page(width: width, height: head + Double(rows) * blockHeight + 5, background: style.background)
        page.write(
            Text(title, at: Point(Self.margin, 5), size: style.titleSize, colour: style.ink, bold: true).fitted(to: width - 2 * Self.margin)
        )
        for (index, item) in classes.enumerated() {
            let corner = Point(Self.margin + Double(index % columns) * (block + Self.gap), head + Double(index / columns) * blockHeight)
            let count =
                item.shown < item.count
                ? "first \(NumberText.count(item.shown)) of \(NumberText.count(item.count))" : "n = \(NumberText.count(item.count))"
            page.write(
                Text(
                    "\(item.name)  (\(count))", at: Point(corner.x + left, corner.y + 2.8), size: style.labelSize, colour: style.ink,
                    bold: true
                )
                .fitted(to: block - left))
            for (number, lead) in item.leads.enumerated() {
                let column = number % perClass
                let box = Box(
                    x: corner.x + left + Double(column) * (cell + 2), y: corner.y + 5 + 3.4 + Double(number / perClass) * cellHeight,
                    width: cell, height: boxHeight)
                page.write(
                    Text(lead.name, at: Point(box.left + 0.4, box.top - 0.9), size: style.smallSize, colour: style.soft, bold: true)
                        .fitted(to: cell))
                draw(lead, Plot(box: box, x: axes.x, y: axes.y), unit, isFirst: column == 0, on: &page, style)
            }
        }
        page.write(
            Text(
                "seconds from the R peak; line: median, band: quartiles", at: Point(Self.margin, page.height - 2.4), size: style.smallSize,
                colour: style.soft
            ).fitted(to: room))
        return page
    }

    /// One pair of axes for all, so that classes can be compared.
    private func range() -> (x: Axis, y: Axis) {
        var (start, end) = (Double.infinity, -Double.infinity), (low, high) = (Double.infinity, -Double.infinity)
        for lead in classes.flatMap(\.leads) where lead.fs > 0 {
            for beat in lead.beats {
                start = min(start, -Double(beat.r) / lead.fs)
                end = max(end, Double(beat.samples.count - beat.r) / lead.fs)
                for value in beat.samples where value.isFinite {
                    low = min(low, Double(value))
                    high = max(high, Double(value))
                }
            }
        }
        return (Axis(start.isFinite ? start : 0, end.isFinite ? end : 1, about: 5, isTight: true), Axis(low, high, about: 4))
    }

    private func draw(_ lead: LeadBeats, _ plot: Plot, _ unit: String, isFirst: Bool, on page: inout Page, _ style: Style) {
        plot.draw(on: &page, style, yTitle: isFirst ? unit : "", showsY: isFirst)
        func line(_ beat: (start: Int, values: [Float])) -> [Point] {
            beat.values.enumerated().map { plot.point(Double(beat.start + $0) / lead.fs, Double($1)) }
        }
        let colour = style.categories[0]
        page.clipped(to: plot.box) { page in
            let single = lead.beats.count == 1
            page.lines(
                lead.beats.map { line((-$0.r, $0.samples)) },
                Stroke(single ? colour : style.soft.withAlpha(lead.beats.count > 30 ? 0.18 : 0.35), single ? 0.35 : 0.12))
            guard !single else { return }
            let low = AlignedBeats.quantile(0.25, of: lead.beats), high = AlignedBeats.quantile(0.75, of: lead.beats)
            let there = low.values.indices.filter { low.values[$0].isFinite && high.values[$0].isFinite }
            for run in there.split(whereSeparator: { index in !there.contains(index) }) where run.count > 1 {
                page.areas(
                    [
                        run.map { plot.point(Double(low.start + $0) / lead.fs, Double(low.values[$0])) }
                            + run.reversed().map { plot.point(Double(high.start + $0) / lead.fs, Double(high.values[$0])) }
                    ], colour.withAlpha(0.3))
            }
            page.lines([line(AlignedBeats.quantile(0.5, of: lead.beats))], Stroke(colour, 0.4))
        }
    }
}
