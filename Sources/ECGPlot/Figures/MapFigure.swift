// SPDX-License-Identifier: GPL-3.0-or-later

/// Attribution maps of one item: each map colours the item's traces, with its scale printed beside its name.
public struct MapFigure: Figure {
    public var title = ""
    public var subtitle = ""
    /// Of equal length.
    public var leads: [Lead]
    public var fs: Double
    /// The sample that time is counted from, the R peak of a beat; nil counts from the first.
    public var origin: Int?
    public var maps: [HeatMap]
    /// The share of the magnitudes' sum that the scale covers; see `HeatMap.colours`.
    public var range = 0.9
    public var limit: Double?
    /// Whether the scales show words in place of numbers, from which a reader could tell the methods.
    public var isBlinded = false

    public init(leads: [Lead], fs: Double, maps: [HeatMap]) {
        self.leads = leads
        self.fs = fs
        self.maps = maps
    }

    private static let margin = 3.0
    private static let gap = 4.0
    private static let nameRoom = 3.4

    /// How the page is divided.
    private struct Plan {
        /// Leads side by side within a map, and maps side by side.
        let leadColumns: Int
        let mapColumns: Int
        let strip: (width: Double, height: Double)
        let leadRows: Int
        /// Of a map: its name and scale, on one line or two.
        let head: Double
        let block: (width: Double, height: Double)
    }

    private func plan(_ width: Double, _ style: Style) -> Plan {
        let room = width - 2 * Self.margin
        let duration = Double(leads[0].samples.count) / fs
        // At least 22 mm a second: below that a QRS complex is a spike.
        let least = min(max(26, 22 * duration), room)
        let fitting = max(1, Int((room + Self.gap) / (least + Self.gap)))
        let isMany = leads.count >= 6
        let leadColumns = isMany || maps.count == 1 ? min(fitting, 4, leads.count) : 1
        // Four columns of twelve leads, three of nothing: 5 leads in a row of 4 and 1 look torn.
        let balanced = [4, 3, 2, 1].first { $0 <= leadColumns && (leads.count % $0 == 0 || $0 == 1) } ?? 1
        let most = isMany ? 1 : max(1, min(fitting / balanced, maps.count, 4))
        // As few columns as the same number of rows needs: nine maps are three rows of three, not 4, 4 and 1.
        let mapRows = (maps.count + most - 1) / most
        let mapColumns = (maps.count + mapRows - 1) / mapRows
        let columns = Double(balanced * mapColumns)
        let strip = (room - (columns - 1) * Self.gap) / columns
        let rows = (leads.count + balanced - 1) / balanced
        let height = leads.count >= 6 ? 15.0 : leads.count > 1 ? 19 : 26
        let block = strip * Double(balanced) + Self.gap * Double(balanced - 1)
        let names = maps.map { Typeface.width($0.name, size: style.labelSize, bold: true) }.max() ?? 0
        let head = names + 34 <= block ? 5.0 : 9
        return Plan(
            leadColumns: balanced, mapColumns: mapColumns, strip: (strip, height), leadRows: rows, head: head,
            block: (block, head + Double(rows) * (height + 1) + 4.5))
    }

    public func page(_ style: Style) throws(PlotError) -> Page {
        guard let first = leads.first, !first.samples.isEmpty else { throw PlotError("the item has no samples") }
        guard fs.isFinite, fs > 0 else { throw PlotError("the item has no sampling frequency") }
        guard !maps.isEmpty else { throw PlotError("the item has no maps") }
        guard leads.allSatisfy({ $0.samples.count == first.samples.count }) else { throw PlotError("the leads have different lengths") }
        for map in maps where map.values.count != leads.count || map.values.contains(where: { $0.count != first.samples.count }) {
            throw PlotError("map '\(map.name)' has another shape than the signal")
        }
        let width = style.width ?? 180
        guard width >= 30 else { throw PlotError("a map needs a page of 30 mm or more") }
        let plan = plan(width, style)
        let rows = (maps.count + plan.mapColumns - 1) / plan.mapColumns
        let head = title.isEmpty && subtitle.isEmpty ? 2.0 : 8
        var page = Page(
            width: width, height: head + Double(rows) * (plan.block.height + 2) + 5, background: style.background)
        let titleText = Text(title, at: Point(Self.margin, 5), size: style.titleSize, colour: style.ink, bold: true).fitted(
            to: width * 0.55)
        page.write(titleText)
        page.write(
            Text(subtitle, at: Point(width - Self.margin, 5), size: style.labelSize, colour: style.soft, anchor: .end)
                .fitted(to: width - titleText.width - 2 * Self.margin - 3))
        let scale = sharedScale(plan)
        for (index, map) in maps.enumerated() {
            let x = Self.margin + Double(index % plan.mapColumns) * (plan.block.width + Self.gap)
            let y = head + Double(index / plan.mapColumns) * (plan.block.height + 2)
            draw(map, at: Point(x, y), plan, scale, on: &page, style)
        }
        let squares = scale.squares.isEmpty ? "" : "   squares 0.2 s × \(scale.squares)"
        page.write(
            Text(
                (origin == nil ? "time in seconds" : "seconds from the R peak") + squares, at: Point(Self.margin, page.height - 2.2),
                size: style.smallSize, colour: style.soft
            ).fitted(to: width - 2 * Self.margin))
        return page
    }

    /// All leads to one scale, so that their sizes can be compared.
    private struct Scale {
        let gain: Double
        let centres: [Double]
        /// Units between two major lines across; 0 for none.
        let major: Double
        let squares: String
    }

    private func sharedScale(_ plan: Plan) -> Scale {
        let summaries = leads.map(\.summary)
        let span = summaries.compactMap { $0.map { $0.high - $0.low } }.max() ?? 0
        let room = plan.strip.height - Self.nameRoom - 1.5
        let gain = span > 0 && (room / span).isFinite ? room / span : 1
        let isVoltage = leads.allSatisfy { $0.unit == "mV" } && span > 0
        // Squares between 2.5 and 12 mm high.
        let major = isVoltage ? [0.1, 0.5, 1, 5, 10].first { $0 * gain >= 2.5 } ?? 0 : 0
        return Scale(
            gain: gain, centres: summaries.map { $0.map { ($0.high + $0.low) / 2 } ?? 0 }, major: major,
            squares: major > 0 ? NumberText.general(major) + " mV" : "")
    }

    private func draw(_ map: HeatMap, at corner: Point, _ plan: Plan, _ scale: Scale, on page: inout Page, _ style: Style) {
        let heat = map.colours(style, range: range, limit: limit)
        var bar = ColourBar(colours: heat.colours, isCut: heat.isCut)
        if isBlinded { bar.words = heat.colours.scale.isDiverging ? ("against", "for") : ("little", "much") }
        bar.barWidth = min(18, max(6, plan.block.width - (bar.width(style) - bar.barWidth) - 1))
        let isOneLine = plan.head < 6
        let room = isOneLine ? plan.block.width - bar.width(style) - 2 : plan.block.width
        page.write(
            Text(map.name, at: Point(corner.x, corner.y + 2.4), size: style.labelSize, colour: style.ink, bold: true).fitted(to: room))
        let barPlace =
            isOneLine ? Point(corner.x + plan.block.width - bar.width(style), corner.y + 1.6) : Point(corner.x, corner.y + 6)
        bar.draw(on: &page, at: barPlace, style)

        let count = leads[0].samples.count
        let pitch = plan.strip.width / Double(count)
        let zero = origin.map(Double.init) ?? 0
        for (index, lead) in leads.enumerated() {
            // Down the columns, as twelve leads are printed.
            let column = index / plan.leadRows, row = index % plan.leadRows
            let box = Box(
                x: corner.x + Double(column) * (plan.strip.width + Self.gap),
                y: corner.y + plan.head + Double(row) * (plan.strip.height + 1), width: plan.strip.width, height: plan.strip.height)
            let trace = Trace(
                samples: lead.samples[...], left: box.left + pitch / 2, pitch: pitch,
                baseline: box.top + Self.nameRoom + (box.height - Self.nameRoom) / 2 - 0.25, centre: scale.centres[index], gain: scale.gain)
            let zeroPlace = Point(box.left + (zero + 0.5) * pitch, trace.baseline + scale.centres[index] * scale.gain)
            page.clipped(to: box) { page in
                PaperGrid.draw(
                    box, origin: zeroPlace, pitch: (0.04 * fs * pitch, scale.major / 5 * scale.gain), minor: style.plainMinor,
                    major: style.plainMajor, on: &page, showsMinor: 0.04 * fs * pitch >= 0.9)
                HeatTrace.draw(
                    trace, values: map.values[index][...], colours: heat.colours, on: &page, style,
                    band: min(HeatTrace.bandWidth, max(0.75, fs * pitch * 0.035)))
            }
            page.lines([box.outline], Stroke(style.plainMajor, 0.15))
            page.write(
                Text(lead.shownName, at: Point(box.left + 0.8, box.top + 2.6), size: style.smallSize, colour: style.ink, bold: true)
                    .fitted(to: box.width - 1.6))
            if row == plan.leadRows - 1 || index == leads.count - 1 { drawTimes(box, zero, pitch, on: &page, style) }
        }
    }

    private func drawTimes(_ box: Box, _ zero: Double, _ pitch: Double, on page: inout Page, _ style: Style) {
        let perSecond = pitch * fs
        // The finest division whose labels stand apart.
        let step = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60].first { $0 * perSecond >= 5.5 } ?? 300
        let low = -(zero + 0.5) / fs, high = (box.width / pitch - zero - 0.5) / fs
        let axis = Axis(low, high, step: step)
        var free = -Double.infinity
        for tick in axis.ticks {
            let x = box.left + axis.share(tick) * box.width
            page.line(Point(x, box.bottom), Point(x, box.bottom + 0.7), Stroke(style.rule, 0.15))
            let text = Text(
                axis.label(tick), at: Point(x, box.bottom + 1.2), size: style.smallSize, colour: style.soft, anchor: .middle, height: .top)
            guard text.extent.left > free else { continue }
            free = text.extent.right + 0.8
            page.write(text)
        }
    }
}
