// SPDX-License-Identifier: GPL-3.0-or-later

/// How points of an item are replaced, in which order, and the readings that the papers leave open.
public struct PerturbationSettings: Sendable {
    public enum Scheme: String, Sendable, CaseIterable {
        /// One point a step, with Gaussian noise (Storås et al., paper 002).
        case point
        /// A share of the points a step, with noisy linear interpolation of what is kept (Arends et al., paper 003, after Rong et al. 2022, ROAD).
        case road
    }

    public enum Order: String, Sendable, CaseIterable {
        /// Most relevant first.
        case morf
        /// Least relevant first.
        case lerf
        case random
    }

    /// What noise does to a replaced point.
    public enum Noise: String, Sendable, CaseIterable {
        /// Is added to the point (point) or to the interpolated value (road).
        case add
        /// Stands in the point's place (point).
        case replace
        /// There is none: the point becomes 0 (point).
        case zero
        /// Multiplies the interpolated value by 1 + noise (road).
        case times
    }

    public enum Ranking: String, Sendable, CaseIterable {
        /// By the map's absolute value.
        case absolute
        /// By the value with its sign.
        case signed
    }

    /// Which of equally relevant points comes first.
    public enum Ties: String, Sendable, CaseIterable {
        /// The one that lies first in [lead, time].
        case first
        /// By lot.
        case random
    }

    /// What road interpolates from.
    public enum Imputation: String, Sendable, CaseIterable {
        /// From the original's kept points alone, all removed points anew at each step.
        case original
        /// From the item as the step before left it: earlier replacements count as kept.
        case previous
    }

    public var scheme: Scheme
    public var steps: Int
    /// The share of points that a step of `road` replaces; a step of `point` replaces one.
    public var share = 0.01
    public var orders: [Order] = [.morf]
    /// Begins with everything replaced and restores points in the same order.
    public var insertion = false
    /// `point`: standard deviation as a share of the item's range; `road`: standard deviation itself.
    public var noise: Double
    public var noiseForm: Noise
    public var ranking = Ranking.absolute
    public var ties: Ties
    public var imputation = Imputation.original
    /// Leaves out the maps with fewer points other than zero than a curve replaces, as paper 002's code did.
    public var skipSparse = false
    public var seed: UInt64 = 0
    /// Bytes for the perturbed items.
    public var maxMemory = 512 << 20

    /// The papers' values.
    public init(_ scheme: Scheme) {
        self.scheme = scheme
        switch scheme {
        case .point: (steps, noise, noiseForm, ties) = (200, 0.2, .add, .first)
        case .road: (steps, noise, noiseForm, ties) = (30, 0.25, .times, .random)
        }
    }

    /// Points that are replaced after a step.
    func replaced(after step: Int, of points: Int) -> Int {
        switch scheme {
        case .point: min(step, points)
        case .road: min(Int((Double(step) * share * Double(points)).rounded()), points)
        }
    }
}

/// A curve: one method's map in one order.
public struct PerturbationCurve: Sendable, Hashable {
    public let method: String
    public let order: PerturbationSettings.Order

    public init(method: String, order: PerturbationSettings.Order) {
        (self.method, self.order) = (method, order)
    }

    /// The order that every method must beat.
    public static let random = PerturbationCurve(method: "random", order: .random)
}
