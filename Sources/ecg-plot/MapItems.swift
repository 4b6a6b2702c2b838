// SPDX-License-Identifier: GPL-3.0-or-later
import ECGPlot
import ECGStream
import ECGTool

extension PlotTool {
    /// An item's traces and maps, as the options want them.
    func mapFigure(_ record: Record) throws -> MapFigure {
        let item = try items.item(record)
        let names = maps.map.isEmpty ? Items.mapNames(record) : maps.map
        guard !names.isEmpty else { throw ToolError(.data, "has no maps: no tensor 'attr/METHOD'", record: record.key) }
        guard item.leads.count * item.samples.count * names.count <= 2_000_000 else {
            throw ToolError(
                .data, "has \(item.samples.count) samples of \(item.leads.count) leads, too many for a figure of maps", record: record.key)
        }
        var (leads, heat): ([Lead], [HeatMap])
        if maps.mean {
            (leads, heat) = try mean(of: names, record, first: item.chosen[0])
        } else {
            leads = item.leads
            heat = try names.map { try items.map($0, record, item) }
        }
        if maps.absolute { heat = heat.map(\.absolute) }
        var figure = MapFigure(leads: leads, fs: item.fs, maps: heat)
        figure.title = title ?? item.key
        figure.subtitle = item.about
        figure.origin = item.origin
        figure.range = maps.range
        figure.limit = maps.scaleEnd
        return figure
    }

    /// The mean of the absolute maps over all leads, on one of them: the first that was asked for, else V5, else the first there is.
    private func mean(of names: [String], _ record: Record, first: Int) throws -> ([Lead], [HeatMap]) {
        let every = Items(leads: [], withPadding: maps.withPadding)
        let all = try every.item(record)
        let shown = leads != nil ? first : all.leads.firstIndex { $0.name.lowercased() == "v5" } ?? 0
        let heat = try names.map { name in
            // Sheets have letters in place of names, and their answers the method's own.
            HeatMap(kind == .sheets ? name : "mean |\(name)|", values: [try every.map(name, record, all).averagedOverLeads.values[shown]])
        }
        return ([all.leads[shown]], heat)
    }
}
