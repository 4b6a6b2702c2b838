// SPDX-License-Identifier: GPL-3.0-or-later
import ECGScore

/// Misclassified beats against the profiles of the class they belong to and of the class they were taken for (Jones et al., Fig. 8).
public enum TakenFor {
    public struct Row: Sendable {
        public let label: String
        public let predicted: String
        /// The misclassified beats' own summary.
        public let beats: ProfileSummary.Row
        /// The median of the label's correctly classified beats, and of all beats of the class it was taken for; nil where there are none.
        public let ownMedian: Double?
        public let otherMedian: Double?
    }

    private static let separator = "\u{1f}"

    /// The groups that a beat is summarised in: its class; and its class's correct beats, or its confusion.
    public static func groups(label: String, predicted: String) -> [String] {
        let second = label == predicted ? ["correct", label] : ["confused", label, predicted]
        return [["all", label], second].map { $0.joined(separator: separator) }
    }

    /// One row for each confusion, map, lead and part.
    public static func rows(_ summary: ProfileSummary) throws -> [Row] {
        var medians: [[String]: Double] = [:]
        let all = try summary.rows()
        func key(_ group: String, _ row: ProfileSummary.Row) -> [String] { [group, row.map, row.lead, String(row.part)] }
        for row in all { medians[key(row.group, row)] = row.median }
        return all.compactMap { row in
            let parts = row.group.split(separator: "\u{1f}", omittingEmptySubsequences: false).map(String.init)
            guard parts[0] == "confused", parts.count == 3 else { return nil }
            return Row(
                label: parts[1], predicted: parts[2], beats: row,
                ownMedian: medians[key("correct" + separator + parts[1], row)],
                otherMedian: medians[key("all" + separator + parts[2], row)])
        }
    }
}
