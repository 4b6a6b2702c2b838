// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGExplain
import ECGScore
import ECGStream
import ECGTool

@main
struct SegsalTool: StageTool {
    static let configuration = CommandConfiguration.tool(
        "ecg-segsal",
        abstract: "Summarise attribution maps by segments of the beat.",
        discussion: """
            Each map is scaled to 0…1 over its item, averaged over segments counted from the R peak outwards in each lead, and summarised by class: \
            median, quartiles and number of beats.
            """)

    @OptionGroup var input: InputOptions
    @OptionGroup var stage: StageOptions

    @Option(help: .init("Duration of a segment.", valueName: "seconds")) var segment = 0.1
    @Option(
        help: .init(
            "Classes by label, predicted or outcome, or several of them joined by commas. (default: label, of records without one 'unlabelled')",
            valueName: "aspects"))
    var by: String?
    @Option(help: .init("A map to summarise; may be given again. (default: all)", valueName: "method")) var map: [String] = []
    @Flag(help: "Leads by their position, not by name.") var byPosition = false
    @Flag(help: "Take maps as they are, unscaled.") var raw = false
    @Flag(help: "Count the padding beyond a beat's length as signal.") var withPadding = false
    @Option(help: .init("The statistic of a class: median (with quartiles) or mean (with standard deviation).", valueName: "name"))
    var stat = Statistic.median
    @Option(name: .customLong("as"), help: .init("table, csv or json.", valueName: "form")) var form: Table.Form = .table

    @Flag(help: "Write a stream with each beat's own segments, segsal/METHOD, instead of a summary.") var perBeat = false
    @Option(help: .init("List the N beats of each class farthest from its median profile.", valueName: "n")) var outliers: Int?
    @Flag(help: "Shares of P, PR, QRS, ST, T and the rest instead of segments; needs fiducials.") var byWave = false
    @Flag(help: "Misclassified beats beside their own class and the class they were taken for.") var takenFor = false
    @Option(help: .init("Test two classes for a difference, with the record as the unit.", valueName: "class,class")) var compare: String?
    @Option(help: .init("Arrangements to draw for the test where there are more.", valueName: "n")) var permutations = 9999

    enum Statistic: String, ExpressibleByArgument, CaseIterable { case median, mean }

    func validate() throws {
        guard segment.isFinite, segment > 0 else { throw ValidationError("--segment takes a duration in seconds.") }
        do { _ = try BeatGrouping(by ?? "label") } catch { throw ValidationError("\(error)") }
        if let outliers, !(1...100_000).contains(outliers) { throw ValidationError("--outliers takes a number from 1 to 100000.") }
        guard (1...10_000_000).contains(permutations) else { throw ValidationError("--permutations takes a number from 1 to 10000000.") }
        if let compare, compare.split(separator: ",").count != 2 {
            throw ValidationError("--compare takes two classes with a comma between.")
        }
        let chosen = [(perBeat, "--per-beat"), (outliers != nil, "--outliers"), (takenFor, "--taken-for"), (compare != nil, "--compare")]
        let forms = chosen.filter(\.0).map(\.1)
        if forms.count > 1 { throw ValidationError("\(forms[0]) and \(forms[1]) don't go together.") }
        if perBeat && byWave { throw ValidationError("--per-beat and --by-wave don't go together.") }
        if takenFor && by != nil { throw ValidationError("--taken-for has its own classes; leave out --by.") }
    }

    var output: StageOutput { perBeat ? .stream : .text }

    func provenance() throws -> Provenance {
        Provenance(options: [
            "segment": JSON(segment), "map": JSON(map), "raw": JSON(raw), "with-padding": JSON(withPadding),
        ])
    }

    func run(_ stage: Stage) throws {
        let items = SegsalItems(
            maps: map, segment: segment, byPosition: byPosition, raw: raw, withPadding: withPadding, byWave: byWave)
        if perBeat { return try stage.forEach { try stage.write(try items.withSegments($0)) } }

        let grouping = try BeatGrouping(takenFor ? "label,predicted" : by ?? "label")
        let summary = ProfileSummary()
        let outlying = outliers.map { BeatOutliers(count: $0) }
        let comparison = compare.map { text in
            let classes = text.split(separator: ",").map(String.init)
            return ProfileComparison(classes[0], classes[1])
        }
        var leftOut: [(reason: String, count: Int)] = []
        try stage.forEach { record in
            let isUnlabelled = by == nil && !takenFor && record.label == nil
            if !isUnlabelled, let reason = grouping.missing(label: record.label, predicted: record.predicted) {
                if let at = leftOut.firstIndex(where: { $0.reason == reason }) {
                    leftOut[at].count += 1
                } else {
                    leftOut.append((reason, 1))
                }
                return
            }
            let profile = try items.profile(record, summary)
            let (label, predicted) = (record.label ?? "", record.predicted ?? "")
            let groups =
                isUnlabelled
                ? ["unlabelled"]
                : takenFor
                    ? TakenFor.groups(label: label, predicted: predicted)
                    : grouping.groups(label: record.label, predicted: record.predicted)
            try summary.add(profile, groups: groups)
            comparison?.add(profile, groups: groups, record: record.recordName)
            if let outlying { for group in groups { try outlying.add(profile, group: group, key: record.key) } }
        }
        for (reason, count) in leftOut { stage.warn("\(count) beats left out: \(reason)") }
        if summary.notFinite > 0 { stage.warn("\(summary.notFinite) values left out: not finite") }

        let tables = SegsalTables(segment: segment, byWave: byWave, stat: stat)
        let table =
            if let outlying {
                tables.outliers(try outlying.found(summary))
            } else if let comparison {
                tables.comparison(comparison, try comparison.rows(summary, permutations: permutations, seed: stage.seed))
            } else if takenFor {
                tables.takenFor(try TakenFor.rows(summary))
            } else {
                tables.summary(try summary.rows(), maps: summary.maps, for: form)
            }
        try stage.write(table, as: form)
    }

    static func status(of error: any Error) -> ExitStatus? {
        switch error {
        case let error as ExplainError: error.kind == .usage ? .usage : .data
        default: nil
        }
    }
}
