// SPDX-License-Identifier: GPL-3.0-or-later

/// What one beat contributes to summaries: a value for each map, lead and part that it has.
public struct BeatProfile: Sendable {
    public struct Value: Sendable {
        public let map: Int
        public let lead: Int
        public let part: Int
        public let value: Double

        public init(map: Int, lead: Int, part: Int, value: Double) {
            (self.map, self.lead, self.part, self.value) = (map, lead, part, value)
        }
    }

    public var values: [Value] = []

    public init() {}
}

extension ProfileSummary {
    /// Adds a beat to each of its classes.
    public func add(_ profile: BeatProfile, groups: [String]) throws {
        for group in groups {
            for value in profile.values {
                try add(value.value, to: Cell(group: group, map: value.map, lead: value.lead, part: value.part))
            }
        }
    }
}
