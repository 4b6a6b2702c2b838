// SPDX-License-Identifier: GPL-3.0-or-later

/// An item's maps and the evidence for them.
public struct Explanation: Sendable {
    public struct Map: Sendable {
        public let method: String
        /// Of the item's shape, flat.
        public let values: [Float]
        /// |Σ contributions − (f(x) − f(x'))| relative to |f(x) − f(x')|; nil where the method promises no such sum.
        public let residual: Double?
        /// f(x'), the score that contributions start from; nil where the method has no baseline.
        public let baseScore: Double?
        /// Steps of the integral that the map took; nil without one.
        public let steps: Int?
        /// Random draws that the map took; nil without them.
        public let samples: Int?
        /// Whether the map has no factor of the input.
        public let isMultiplier: Bool
        /// Whether the map comes from a layer.
        public let readsLayer: Bool
        /// Whether any of them came from the seed, not from given draws.
        public let usesSeed: Bool
    }

    public let key: String
    /// The class that is explained; nil for the mean of a layer.
    public let target: Int?
    /// The target's score at the item.
    public let score: Double
    public let maps: [Map]
}
