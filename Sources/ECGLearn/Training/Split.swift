// SPDX-License-Identifier: GPL-3.0-or-later
import ECGRandom

/// Which items are for training, which for validation and which are held out.
public struct Split: Sendable {
    public enum Part: Sendable, Hashable { case training, validation, heldOut }

    /// Whether items are drawn one by one, or all of a record together: beats of one recording are alike.
    public enum Unit: String, Sendable, CaseIterable { case record, item }

    /// What is asked for.
    public struct Request: Sendable {
        /// Records that are held out by name.
        public var testRecords: Set<String> = []
        /// Records to validate on by name.
        public var validationRecords: Set<String> = []
        /// Shares of the items, or of the records.
        public var holdout = 0.0
        public var validation = 0.1
        public var unit = Unit.record
        /// The unit of the validation's draw; nil: the same.
        public var validationUnit: Unit?
        /// Draw the share from each class for itself; a record counts for its rarest class.
        public var isStratified = false
        public var seed: UInt64 = 0
        public init() {}
    }

    public let parts: [Part]

    /// - Parameters:
    ///   - keys: of each item; the draw of an item is a function of its key and how often that came before.
    ///   - records: of each item.
    ///   - classes: of each item, for a stratified draw.
    public init(_ request: Request, keys: [String], records: [String], classes: [Int]) {
        var parts = records.map { name -> Part in
            request.testRecords.contains(name) ? .heldOut : request.validationRecords.contains(name) ? .validation : .training
        }
        Self.draw(request.holdout, as: .heldOut, unit: request.unit, request, keys, records, classes, purpose: "hold out", &parts)
        Self.draw(
            request.validation, as: .validation, unit: request.validationUnit ?? request.unit, request, keys, records, classes,
            purpose: "validation", &parts)
        self.parts = parts
    }

    private static func draw(
        _ share: Double, as part: Part, unit: Unit, _ request: Request, _ keys: [String], _ records: [String], _ classes: [Int],
        purpose: String, _ parts: inout [Part]
    ) {
        guard share > 0 else { return }
        var counts: [Int: Int] = [:]
        for (item, label) in classes.enumerated() where parts[item] == .training { counts[label, default: 0] += 1 }
        // The units that are still free, each with its draw and the class it counts for.
        struct Candidate {
            var draw: Double
            var name: String
            var label: Int
            var items: [Int]
        }
        var units: [Candidate] = []
        var place: [String: Int] = [:]
        var repeats: [String: Int] = [:]
        for item in parts.indices where parts[item] == .training {
            let name: String
            if unit == .record {
                name = records[item]
            } else {
                // The same key again (a record that was read twice) draws anew.
                let times = repeats[keys[item], default: 0]
                repeats[keys[item]] = times + 1
                name = times == 0 ? keys[item] : "\(keys[item])#\(times)"
            }
            let label = request.isStratified ? classes[item] : 0
            if let known = place[name] {
                units[known].items.append(item)
                if counts[label] ?? 0 < counts[units[known].label] ?? 0 { units[known].label = label }
            } else {
                place[name] = units.count
                units.append(
                    Candidate(
                        draw: RandomSource(seed: request.seed, key: name, purpose: purpose).uniform(0), name: name, label: label,
                        items: [item]))
            }
        }
        var strata: [Int: [Candidate]] = [:]
        for candidate in units { strata[candidate.label, default: []].append(candidate) }
        for candidates in strata.values {
            let wanted = Int((share * Double(candidates.count)).rounded())
            let chosen = candidates.sorted { ($0.draw, $0.name) < ($1.draw, $1.name) }.prefix(wanted)
            for candidate in chosen { for item in candidate.items { parts[item] = part } }
        }
    }
}
