// SPDX-License-Identifier: GPL-3.0-or-later
import ECGScore

/// How maps are compared: the readings of "correlation between maps" (Arends et al., paper 003).
public struct AgreementSettings: Sendable {
    /// Spearman's rank correlation in place of Pearson's.
    public var rank = false
    /// Compares absolute values: some methods' maps have no sign.
    public var absolute = false
    /// The mean of each lead's correlation in place of one over all points of all leads.
    public var perLead = false
    public var smoothing: MapSmoothing?

    public init() {}
}

/// A map made ready for any number of correlations: smoothed, ranked, centred and of unit length.
public struct ComparableMap: Sendable {
    /// One row over all leads, or one a lead; nil for a row without variance, which correlates with nothing.
    private let rows: [[Double]?]

    /// - Parameter map: flat [lead, time].
    /// - Throws: `ExplainError` for values that are no numbers, and leads shorter than the smoothing's window.
    public init(_ map: [Float], leads: Int, _ settings: AgreementSettings) throws(ExplainError) {
        guard map.allSatisfy(\.isFinite) else { throw ExplainError(.data, "a map holds values that are no numbers") }
        let count = settings.perLead ? max(leads, 1) : 1
        let length = map.count / count
        // a constant row stays constant by definition, whatever smoothing rounds it to
        let isConstant = (0..<count).map { row in
            let values = map[row * length..<(row + 1) * length]
            return values.allSatisfy { $0 == values.first }
        }
        var values = map
        if let smoothing = settings.smoothing { values = try smoothing(values, leads: leads) }
        rows = (0..<count).map { row in
            if isConstant[row] { return nil }
            let part = values[row * length..<(row + 1) * length].map { Double(settings.absolute ? abs($0) : $0) }
            return Self.standardised(settings.rank ? meanRanks(part) : part)
        }
    }

    /// Whether no part of the map can correlate.
    public var isConstant: Bool { rows.allSatisfy { $0 == nil } }

    /// The correlation with another map of the same size; nil where either is constant.
    public func correlation(with other: ComparableMap) -> Double? {
        var sum = 0.0
        var count = 0
        for (a, b) in zip(rows, other.rows) {
            guard let a, let b, a.count == b.count else { continue }
            var product = 0.0
            for i in a.indices { product += a[i] * b[i] }
            sum += min(max(product, -1), 1)
            count += 1
        }
        return count > 0 ? sum / Double(count) : nil
    }

    private static func standardised(_ values: [Double]) -> [Double]? {
        let mean = values.reduce(0, +) / Double(max(values.count, 1))
        let squares = values.reduce(0.0) { $0 + ($1 - mean) * ($1 - mean) }
        guard squares > 0, squares.isFinite else { return nil }
        let length = squares.squareRoot()
        return values.map { ($0 - mean) / length }
    }
}
