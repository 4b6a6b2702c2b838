// SPDX-License-Identifier: GPL-3.0-or-later
import ECGPlot
import ECGStream
import ECGTool

/// The first beats of each class, up to a number, aligned by their R peaks, and how many there were.
final class BeatGallery {
    struct Beat {
        let r: Int
        let fs: Double
        let leads: [Lead]

        func lead(_ name: String) -> (samples: [Float], start: Double, fs: Double)? {
            // Summaries by position name leads by their number.
            let index = leads.firstIndex { $0.name == name } ?? Int(name).flatMap { leads.indices.contains($0 - 1) ? $0 - 1 : nil }
            return index.map { (leads[$0].samples, -Double(r) / fs, fs) }
        }
    }

    private let limit: Int
    private let items: Items
    private(set) var classes: [(name: String, count: Int, beats: [Beat])] = []
    private static let mostClasses = 200

    init(limit: Int, items: Items) {
        self.limit = limit
        self.items = items
    }

    func take(_ record: Record) throws {
        let name = record.label ?? "all"
        var at = classes.firstIndex { $0.name == name } ?? classes.count
        if at == classes.count {
            guard classes.count < Self.mostClasses else {
                throw ToolError(.data, "more than \(Self.mostClasses) classes", record: record.key)
            }
            classes.append((name, 0, []))
            at = classes.count - 1
        }
        classes[at].count += 1
        guard classes[at].beats.count < limit else { return }
        let item = try items.item(record)
        guard let r = item.origin else {
            throw ToolError(.data, "has no R peak ('r'); cut beats with ecg-beats or ecg-median", record: record.key)
        }
        classes[at].beats.append(Beat(r: r, fs: item.fs, leads: item.leads))
    }

    /// Of the beats kept, the one nearest to the median of all at each sample.
    func typical(_ name: String) -> Beat? {
        // "V correct" has the beats of V.
        let found =
            classes.first { $0.name == name } ?? classes.filter { name.hasPrefix($0.name + " ") }.max { $0.name.count < $1.name.count }
        guard let beats = found?.beats, let first = beats.first else { return nil }
        let alike = beats.filter { $0.leads.count == first.leads.count && $0.fs == first.fs }
        var distances = [Double](repeating: 0, count: alike.count)
        for lead in first.leads.indices {
            let median = AlignedBeats.quantile(0.5, of: alike.map { ($0.r, $0.leads[lead].samples) })
            for (index, beat) in alike.enumerated() {
                var sum = 0.0, count = 0
                for (sample, value) in beat.leads[lead].samples.enumerated() {
                    let place = sample - beat.r - median.start
                    guard median.values.indices.contains(place), median.values[place].isFinite, value.isFinite else { continue }
                    sum += Double((value - median.values[place]) * (value - median.values[place]))
                    count += 1
                }
                distances[index] += count > 0 ? sum / Double(count) : .infinity
            }
        }
        return distances.indices.min { distances[$0] < distances[$1] }.map { alike[$0] }
    }

    func figure(_ options: PlotTool) -> BeatsFigure {
        let order = options.classList ?? classes.map(\.name).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        var figure = BeatsFigure(
            order.compactMap { name in
                guard let found = classes.first(where: { $0.name == name }), let first = found.beats.first else { return nil }
                let leads = first.leads.enumerated().map { index, lead in
                    BeatsFigure.LeadBeats(
                        lead.shownName, unit: lead.unit, fs: first.fs,
                        beats: found.beats.compactMap { beat in
                            guard beat.fs == first.fs, let own = beat.leads.firstIndex(where: { $0.name == lead.name }) else { return nil }
                            return (beat.r, beat.leads[own].samples)
                        })
                }
                return BeatsFigure.ClassBeats(name, count: found.count, shown: found.beats.count, leads: leads)
            })
        figure.title = options.title ?? ""
        return figure
    }
}
