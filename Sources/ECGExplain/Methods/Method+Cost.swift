// SPDX-License-Identifier: GPL-3.0-or-later

extension Method {
    /// What a map costs, for people who choose.
    public struct Cost: Sendable {
        /// Forward and reverse passes an item, in terms of the options.
        public let forward: String
        public let reverse: String
        /// Bytes held for each value of an item, beside a batch of points.
        public let bytesPerValue: Int
    }

    /// Passes and memory of the method alone; several methods share what they have in common.
    public func cost(_ settings: AttributionSettings) -> Cost {
        let samples = settings.samples
        let (forward, reverse): (String, String) =
            switch family(settings) {
            case .none: readsLayer ? ("1", "1") : ("0", "0")
            case .item: ("1", readsLayer ? "2" : "1")
            case .noisy, .between: ("\(samples) + 1", "\(samples)")
            case .path(let steps): ("\(steps) + 2", "\(steps)")
            case .noisyPath(let steps): ("\(samples * steps) + \(samples) + 2", "\(samples * steps)")
            // the references' runs serve many items
            case .pairs:
                most == 1 ? ("1 to 2", "1") : ("\(settings.baseline.count) to \(2 * settings.baseline.count)", "\(settings.baseline.count)")
            case .switchedOff: ("features + 1", "0")
            case .switchedOn: ("\(samples) x (features - 1) + 2", "0")
            }
        return Cost(forward: forward, reverse: reverse, bytesPerValue: 16 + 8 * rows(settings))
    }

    /// What the method's contributions add up to, in words; nil if nothing.
    public var promise: String? {
        switch completeness {
        case nil: nil
        case .baseline: "f(x) - f(x')"
        case .baselines: "f(x) - mean f(x')"
        case .noisy: "mean f(x + noise) - f(x')"
        case .expected: "mean f(x + noise) - mean f(x'), in expectation"
        }
    }

    /// Whether the map depends on random numbers.
    public var isRandom: Bool { !draws.isEmpty || name == "random" }
}
