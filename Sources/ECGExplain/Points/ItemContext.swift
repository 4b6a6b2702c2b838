// SPDX-License-Identifier: GPL-3.0-or-later

/// An item to explain.
public struct ExplainItem: Sendable {
    public var key: String
    /// Flat [lead, time], or whatever shape the network takes.
    public var values: [Float]
    public var shape: [Int]
    /// The class index of the item's label, for `Target.label`.
    public var label: Int?
    public var timing: FeatureSet.Timing
    /// The leads that a stacked item [1, leads·time] holds one after the other; else its first axis.
    public var stackedLeads: Int?

    public init(
        key: String, values: [Float], shape: [Int], label: Int? = nil, timing: FeatureSet.Timing = .init(), stackedLeads: Int? = nil
    ) {
        (self.key, self.values, self.shape, self.label, self.timing, self.stackedLeads) = (key, values, shape, label, timing, stackedLeads)
    }

    /// An item with what its recording says of it.
    /// - Parameters:
    ///   - r: the R peak's sample; - beats: samples of further beats.
    ///   - leads: their names: more than one in an item of one row are stacked in it.
    public init(key: String, values: [Float], shape: [Int], label: Int?, fs: Double?, r: Int?, beats: [Int], leads: [String]?) {
        self.init(key: key, values: values, shape: shape, label: label, timing: .init(fs: fs, r: r, beats: beats))
        if let leads, shape.first == 1, leads.count > 1 { stackedLeads = leads.count }
    }

    /// The leads and the samples of each, as features count them.
    var layout: (leads: Int, length: Int) {
        let leads = max(stackedLeads ?? (shape.count > 1 ? shape.dropLast().reduce(1, *) : 1), 1)
        return (leads, values.count / leads)
    }
}

/// An item with all that its points depend on.
struct ItemContext: Sendable {
    let key: String
    /// The item's number in the run.
    let number: Int
    let values: [Float]
    let shape: [Int]
    let baselines: [[Float]]
    /// Standard deviation of the noise; 0 where none is drawn.
    let sigma: Float
    let features: [FeatureKey: FeatureSet]

    init(
        _ item: ExplainItem, number: Int, settings: AttributionSettings, divisions: Set<FeatureKey>, drawsNoise: Bool
    ) throws(ExplainError) {
        (key, values, shape, self.number) = (item.key, item.values, item.shape, number)
        let (leads, length) = item.layout
        switch settings.baseline {
        case .zero:
            baselines = [[Float](repeating: 0, count: values.count)]
        case .mean:
            baselines = [
                (0..<leads).flatMap { lead in
                    let row = item.values[lead * length..<(lead + 1) * length]
                    return [Float](repeating: Float(row.reduce(0.0) { $0 + Double($1) } / Double(max(length, 1))), count: length)
                }
            ]
        case .items(let items):
            guard let first = items.first, items.allSatisfy({ $0.count == item.values.count }) else {
                throw ExplainError(.data, "a baseline of \(items.first?.count ?? 0) values does not fit an item of shape \(item.shape)")
            }
            baselines = first.isEmpty ? [] : items
        }
        sigma = drawsNoise ? settings.noise * Self.range(values) : 0
        var features: [FeatureKey: FeatureSet] = [:]
        for key in divisions {
            let window = try Self.samples(settings.window ?? .seconds(settings.segment), item.timing, orElse: max(length / 20, 1))
            let stride =
                try settings.stride.map { span throws(ExplainError) in try Self.samples(span, item.timing, orElse: nil) }
                ?? (key.overlapping ? max(window / 2, 1) : window)
            features[key] = try FeatureSet(
                key.division, leads: leads, length: length, window: window, stride: stride, segment: settings.segment, timing: item.timing)
        }
        self.features = features
    }

    /// Largest less smallest of the numbers among them.
    private static func range(_ values: [Float]) -> Float {
        let (low, high) = values.reduce(into: (Float.infinity, -Float.infinity)) { range, value in
            if value.isFinite { range = (min(range.0, value), max(range.1, value)) }
        }
        return high > low ? high - low : 0
    }

    /// A length in samples, at least one.
    private static func samples(
        _ span: AttributionSettings.Span, _ timing: FeatureSet.Timing, orElse other: Int?
    ) throws(ExplainError) -> Int {
        switch span {
        case .samples(let count): return max(count, 1)
        case .seconds(let seconds):
            if let fs = timing.fs, fs.isFinite, (seconds * fs).magnitude < 1e12 { return max(Int((seconds * fs).rounded()), 1) }
            guard let other else { throw ExplainError(.data, "seconds need a sampling frequency, and the item has none") }
            return other
        }
    }
}
