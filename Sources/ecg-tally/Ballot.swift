// SPDX-License-Identifier: GPL-3.0-or-later
import ECGScore
import ECGTool

/// Votes on sheets, opened with the sheets' answers.
struct Ballot {
    private struct Sheet {
        let item: String
        let feature: String
        let display: String
        let copy: Int
        var methods: [String: String] = [:]
    }

    private var sheets: [String: Sheet] = [:]
    private var seen: Set<[String]> = []
    private(set) var votes: [ReaderStudy.Vote] = []
    /// In the order of the answers.
    private(set) var features: [String] = []
    private(set) var displays: [String] = []
    /// Rows that nobody filled in.
    private(set) var blank = 0

    /// `sheet,key,feature,display,copy,letter,method`: a row a map.
    mutating func addAnswers(_ table: CSVTable) throws {
        let sheet = try table.require("sheet"), key = try table.require("key"), feature = try table.require("feature")
        let display = try table.require("display"), copy = try table.require("copy"), letter = try table.require("letter")
        let method = try table.require("method")
        for (index, row) in table.rows.enumerated() {
            let new = Sheet(item: row[key], feature: row[feature], display: row[display], copy: try table.count(index, copy))
            var known = sheets[row[sheet]] ?? new
            guard known.item == new.item, known.feature == new.feature, known.display == new.display, known.copy == new.copy,
                known.methods[row[letter]] == nil
            else { throw ToolError(.data, "row \(index + 1): sheet '\(row[sheet])' has other answers before", place: table.name) }
            known.methods[row[letter]] = row[method]
            sheets[row[sheet]] = known
            if !features.contains(new.feature) { features.append(new.feature) }
            if !displays.contains(new.display) { displays.append(new.display) }
        }
    }

    /// `reader,sheet,vote`: a row a sheet, the vote being a letter of it.
    mutating func addVotes(_ table: CSVTable) throws {
        let reader = try table.require("reader"), sheet = try table.require("sheet"), vote = try table.require("vote")
        for (index, row) in table.rows.enumerated() {
            let letter = Self.trimmed(row[vote]).uppercased(), name = Self.trimmed(row[sheet])
            if letter.isEmpty {
                blank += 1
                continue
            }
            func wrong(_ what: String) -> ToolError { ToolError(.data, "row \(index + 1): \(what)", place: table.name) }
            guard let known = sheets[name] else { throw wrong("no answers for the sheet '\(name)'") }
            guard let method = known.methods[letter] else {
                throw wrong(
                    "'\(row[vote])' is no map of the sheet '\(name)', which has \(known.methods.keys.sorted().joined(separator: ", "))")
            }
            let who = Self.trimmed(row[reader])
            guard !who.isEmpty else { throw wrong("a vote without its reader") }
            guard seen.insert([who, name]).inserted else { throw wrong("reader '\(who)' has voted on the sheet '\(name)' before") }
            votes.append(
                .init(reader: who, item: known.item, copy: known.copy, feature: known.feature, display: known.display, method: method))
        }
    }

    private static func trimmed(_ text: String) -> String {
        var text = Substring(text)
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
