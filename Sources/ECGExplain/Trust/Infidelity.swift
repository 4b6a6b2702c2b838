// SPDX-License-Identifier: GPL-3.0-or-later

/// How far a map is from telling the change of the score under a perturbation (Yeh et al. 2019, On the (In)fidelity and Sensitivity of
/// Explanations): the mean of (I·a − (f(x) − f(x − I)))² over perturbations I. As `captum.metrics.infidelity`.
public struct Infidelity: Sendable, Equatable {
    private var count = 0.0
    private var squares = 0.0
    private var changes = 0.0
    private var both = 0.0

    public init() {}

    /// Adds a perturbation.
    ///
    /// - Parameters:
    ///   - product: I·a, the sum over all points of perturbation times map.
    ///   - change: f(x) − f(x − I).
    public mutating func add(product: Double, change: Double) {
        count += 1
        squares += product * product
        changes += change * change
        both += product * change
    }

    /// nil without perturbations.
    public var value: Double? { count > 0 ? max(squares - 2 * both + changes, 0) / count : nil }

    /// The same with the map times the factor that fits best, Captum's `normalize`: maps of any scale can be compared. A map without any bearing on the
    /// changes is left with their mean square.
    public var normalised: Double? {
        guard count > 0 else { return nil }
        let factor = squares > 0 ? both / squares : 0
        return max(factor * factor * squares - 2 * factor * both + changes, 0) / count
    }

    /// The normalised infidelity as a share of the changes' mean square: 0 for a map that tells every change, 1 for one that tells none.
    public var unexplained: Double? {
        guard let normalised, changes > 0 else { return nil }
        return normalised / (changes / count)
    }
}

/// The largest change of a map under small changes of the item, relative to the map: the most of |a(x') − a(x)| / |a(x)| (Yeh et al. 2019).
/// As `captum.metrics.sensitivity_max`; a map that is zero everywhere is divided by 1.
public func maxSensitivity(_ map: [Float], changed: [[Float]]) -> Double {
    let length = map.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    return changed.map { other in
        zip(map, other).reduce(0.0) { $0 + (Double($1.1) - Double($1.0)) * (Double($1.1) - Double($1.0)) }.squareRoot()
    }.reduce(0, max) / (length > 0 ? length : 1)
}
