// SPDX-License-Identifier: GPL-3.0-or-later

/// A range of values with ticks at round numbers.
struct Axis: Sendable {
    let low: Double
    let high: Double
    let ticks: [Double]
    private let decimals: Int
    var isLogarithmic = false

    /// - Parameters:
    ///   - isWhole: whether the values are whole numbers, as steps are.
    ///   - low: the least value to show; with `isTight` false the axis may begin and end at ticks beyond it.
    ///   - about: ticks wished for.
    init(_ low: Double, _ high: Double, about: Int = 5, isTight: Bool = false, isWhole: Bool = false) {
        var (low, high) = (low.isFinite ? low : 0, high.isFinite ? high : 1)
        if !(high > low) {
            // One value alone: some room on both sides of it.
            let room = low == 0 ? 1 : abs(low) * 0.5
            (low, high) = (low - room, low + room)
        }
        // Between whole numbers there is nothing to name.
        let step = isWhole ? max(1, Self.step(high - low, about: about)) : Self.step(high - low, about: about)
        let first = isTight ? roundedUp(low, to: step) : (low / step + 1e-9).rounded(.down) * step
        let last = isTight ? (high / step + 1e-9).rounded(.down) * step : roundedUp(high, to: step)
        let count = min(max(Int(((last - first) / step).rounded()), 0), 100)
        ticks = (0...count).map { first + Double($0) * step }
        self.low = isTight ? low : first
        self.high = isTight ? high : max(last, first + step)
        decimals = min(max(0, -Int((commonLogarithm(step) + 1e-9).rounded(.down))), 9)
    }

    /// From one value to another, with ticks at the multiples of a step between them.
    init(_ low: Double, _ high: Double, step: Double) {
        let first = Int(min(max((low / step - 1e-9).rounded(.up), -1e6), 1e6)),
            last = Int(min(max((high / step + 1e-9).rounded(.down), -1e6), 1e6))
        ticks = first <= last && last - first < 1000 ? (first...last).map { Double($0) * step } : []
        self.low = low
        self.high = high > low ? high : low + step
        decimals = min(max(0, -Int((commonLogarithm(step) + 1e-9).rounded(.down))), 9)
    }

    /// Powers of ten from 1 up.
    init(logarithmicTo high: Double) {
        let decades = min(max(1, Int(roundedUp(commonLogarithm(max(high, 1)), to: 1))), 15)
        low = 1
        self.high = power(10, Double(decades))
        ticks = (0...decades).map { power(10, Double($0)) }
        decimals = 0
        isLogarithmic = true
    }

    /// 1, 2 or 5 times a power of ten.
    static func step(_ span: Double, about count: Int) -> Double {
        let raw = span / Double(max(count, 1))
        guard raw.isFinite, raw > 1e-300 else { return 1 }
        let decade = power(10, commonLogarithm(raw).rounded(.down))
        let share = raw / decade
        return (share <= 1.0001 ? 1 : share <= 2.0001 ? 2 : share <= 5.0001 ? 5 : 10) * decade
    }

    func share(_ value: Double) -> Double {
        isLogarithmic ? commonLogarithm(max(value, low)) / commonLogarithm(high) : (value - low) / (high - low)
    }

    func label(_ tick: Double) -> String {
        if isLogarithmic || abs(tick) >= 1e5 {
            return tick >= 1e5 || !isLogarithmic ? NumberText.general(tick) : NumberText.count(Int(tick))
        }
        return decimals > 5 ? NumberText.general(tick) : NumberText.fixed(tick, decimals)
    }
}
