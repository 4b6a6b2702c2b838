// SPDX-License-Identifier: GPL-3.0-or-later

/// What a map must stand up to before anyone relies on it.
public enum TrustCheck: String, Sendable, CaseIterable {
    /// Replacing the points that it ranks first harms the score more than replacing points by lot.
    case faithfulness
    /// Models that were trained alike give like maps; without other models, items with a little noise do.
    case consistency
    /// A model whose weights are drawn anew gives other maps.
    case weights
    /// Another class gives another map.
    case logit
    /// Contributions add up to the difference of scores.
    case completeness
    /// The map tells how small changes of the item change the score.
    case infidelity
    /// The map does not jump under small changes of the item.
    case sensitivity

    /// Whether a figure must be above its limit, or below it.
    public var isFloor: Bool { self == .faithfulness || self == .consistency }

    /// What is wrong with a method that fails.
    public var failure: String {
        switch self {
        case .faithfulness: "points no better than by lot"
        case .consistency: "changes where nothing of importance does"
        case .weights: "hardly depends on what the network learned"
        case .logit: "hardly depends on the class"
        case .completeness: "does not add up"
        case .infidelity: "does not tell how the score changes"
        case .sensitivity: "jumps under small changes"
        }
    }
}

/// A method's figure in one check.
public struct TrustFigure: Sendable {
    public let method: String
    public let check: TrustCheck
    /// nil where the check has nothing to say of the method.
    public let value: Double?
    /// By bootstrap over records.
    public let interval: ClosedRange<Double>?
    /// What passes; nil where the figure is only told.
    public let limit: Double?
    /// Items that have the figure, and all of them: where a map is constant, or promises no sum, there is none.
    public let items: Int
    public let of: Int

    /// Whether too few of the items have the figure to judge by it: a map that is constant on most of them says little on the others.
    public var isScarce: Bool { value != nil && limit != nil && 2 * items < of }

    /// Whether the figure is on the right side of its limit; for faithfulness with its whole interval. nil where there is no judgement.
    public var passes: Bool? {
        guard let value, let limit, !isScarce else { return nil }
        if check == .faithfulness { return (interval?.lowerBound ?? value) > limit }
        return check.isFloor ? value >= limit : value <= limit
    }
}

/// The limits of a verdict.
public struct TrustLimits: Sendable {
    private var limits: [TrustCheck: Double] = [.faithfulness: 0, .consistency: 0.5, .weights: 0.5, .logit: 0.9, .completeness: 0.05]

    public init() {}

    public subscript(check: TrustCheck) -> Double? {
        get { limits[check] }
        set { limits[check] = newValue }
    }
}
