// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGFormats
import ECGSignal
import ECGStream
import ECGTool

extension BeatCutChoice: ExpressibleByArgument {}
extension BeatNeighbours: ExpressibleByArgument {}
extension BeatScale: ExpressibleByArgument {}
extension BeatSource: ExpressibleByArgument {}

enum BeatCutChoice: String, CaseIterable { case midpoint, window, rhythm }

/// Where the positions of beats come from.
enum BeatSource: String, CaseIterable { case ann, detect }

@main
struct Beats: StageTool {
    static let configuration = CommandConfiguration.tool(
        "ecg-beats", abstract: "Cut recordings into beats.",
        discussion: """
            Reads a stream of recordings and writes a record a beat, with the sample of its R peak, its label, and the RR intervals before and \
            after. What an option leaves out is counted in the stream's END.
            """)

    @OptionGroup var input: InputOptions
    @OptionGroup var stage: StageOptions

    @Option(help: "Beats from the annotations or from a QRS detector. (default: ann where present)")
    var from: BeatSource?

    @Option(
        help:
            "From midpoint to midpoint between annotations, a window of --before and --after, or windows within one rhythm. (default: midpoint)"
    )
    var cut: BeatCutChoice?

    @Option(help: .init("With --cut rhythm: a window's duration. (default: 5)", valueName: "seconds"))
    var window: Double?

    @Option(help: .init("With --cut rhythm: sinus rhythm (N) of more beats a minute is labelled TACH.", valueName: "rate"))
    var fast: Double?

    @Option(help: "What counts as a neighbour for the midpoint: all annotations, or beats.")
    var neighbours: BeatNeighbours = .all

    @Option(help: .init("A window's milliseconds before the R peak. (default: 250)", valueName: "ms"))
    var before: Double?

    @Option(help: .init("A window's milliseconds from the R peak on. (default: 450)", valueName: "ms"))
    var after: Double?

    @Option(
        help: .init("Samples of every beat: shorter ones are padded with zeros at the end, longer ones left out.", valueName: "samples"))
    var length: Int?

    @Option(help: "minmax: each beat to 0…1, over all leads and the padding; none: as it is.")
    var scale: BeatScale = .none

    @Option(help: .init("Keep only beats with these labels, as in A,E,j,L,N,/,R,V.", valueName: "symbols"))
    var classes: String?

    @Option(help: .init("Count some labels as others, as in a=A,e=E.", valueName: "from=to,…"))
    var merge: String?

    @Flag(help: "Leave out beats in which the recording lacks samples.")
    var noMissing = false

    @Flag(help: "Add two leads with the time since the beat before and to the beat after, in units of 2 s and at most 1.")
    var rr = false

    @Flag(help: "Put the leads one after the other: shape [1, leads x time].")
    var stack = false

    @Option(help: .init("Store the beats' positions as annotation files RECORD.EXT.", valueName: "ext"))
    var writeAnn: String?

    @Option(help: .init("Folder for --write-ann. (default: the working directory)", valueName: "dir"))
    var writeDir: String?

    func validate() throws {
        if cut == .midpoint, before != nil || after != nil { throw ValidationError("--before and --after belong to --cut window.") }
        for (name, value) in [("--before", before), ("--after", after)] {
            if let value, !(value >= 0 && value <= 600_000) { throw ValidationError("\(name) takes 0 to 600000 milliseconds.") }
        }
        if let length, !(1...(1 << 22)).contains(length) { throw ValidationError("--length takes 1 to \(1 << 22) samples.") }
        if cut == .rhythm {
            if rr { throw ValidationError("--rr is about beats, --cut rhythm is not.") }
            if from != nil || length != nil || before != nil || after != nil || writeAnn != nil || neighbours != .all {
                throw ValidationError(
                    "--cut rhythm takes --window, and none of --from, --length, --before, --after, --neighbours, --write-ann.")
            }
            guard rhythmWindow > 0, rhythmWindow <= 86_400 else { throw ValidationError("--window takes a duration in seconds.") }
            if let fast, !(fast > 0 && fast.isFinite) { throw ValidationError("--fast takes beats a minute.") }
            if classes?.split(separator: ",", omittingEmptySubsequences: false).contains("") ?? false {
                throw ValidationError("--classes has an empty name.")
            }
            for pair in merge?.split(separator: ",", omittingEmptySubsequences: false) ?? [] where pair.split(separator: "=").count != 2 {
                throw ValidationError("--merge takes pairs such as AFL=AFIB, not '\(pair)'.")
            }
        } else {
            if window != nil || fast != nil { throw ValidationError("--window and --fast belong to --cut rhythm.") }
            _ = try symbols()
            _ = try merging()
        }
        if writeDir != nil, writeAnn == nil { throw ValidationError("--write-dir needs --write-ann.") }
        if let writeAnn, writeAnn.isEmpty || writeAnn.contains("/") || writeAnn.hasPrefix(".") {
            throw ValidationError("--write-ann takes the extension of a file, such as qrs.")
        }
    }

    /// One ASCII character each, between commas.
    private func symbols() throws -> [UInt8]? {
        try classes?.split(separator: ",", omittingEmptySubsequences: false).map { try symbol($0, "--classes") }
    }

    private func merging() throws -> [(UInt8, UInt8)] {
        try (merge?.split(separator: ",", omittingEmptySubsequences: false) ?? []).map { pair in
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2 else { throw ValidationError("--merge takes pairs such as a=A, not '\(pair)'.") }
            return (try symbol(sides[0], "--merge"), try symbol(sides[1], "--merge"))
        }
    }

    private func symbol(_ text: Substring, _ option: String) throws -> UInt8 {
        guard text.utf8.count == 1, let byte = text.utf8.first, byte > 32, byte < 127 else {
            throw ValidationError("\(option): '\(text)' is not the symbol of an annotation, which is one character.")
        }
        return byte
    }

    // MARK: Rhythm windows

    var rhythmWindow: Double { window ?? 5 }
    var rhythmClasses: Set<String>? { classes.map { Set($0.split(separator: ",").map(String.init)) } }
    var rhythmMerge: [String: String] {
        var pairs: [String: String] = [:]
        for pair in merge?.split(separator: ",") ?? [] {
            let sides = pair.split(separator: "=")
            if sides.count == 2 { pairs[String(sides[0])] = String(sides[1]) }
        }
        return pairs
    }

    var cutsWindow: Bool { cut == .window || before != nil || after != nil }

    func provenance() throws -> Provenance {
        var options: JSON.Object = [:]
        if let from { options["from"] = .string(from.rawValue) }
        options["cut"] = cut == .rhythm ? "rhythm" : cutsWindow ? "window" : "midpoint"
        if cut == .rhythm {
            options["window"] = JSON(rhythmWindow)
            if let fast { options["fast"] = JSON(fast) }
        } else if cutsWindow {
            options["before"] = JSON(before ?? 250)
            options["after"] = JSON(after ?? 450)
        } else {
            options["neighbours"] = .string(neighbours.rawValue)
        }
        if let length { options["length"] = JSON(length) }
        options["scale"] = .string(scale.rawValue)
        if let classes { options["classes"] = JSON(classes.split(separator: ",").map(String.init)) }
        if let merge { options["merge"] = JSON(merge.split(separator: ",").map(String.init)) }
        if noMissing { options["no-missing"] = true }
        if rr { options["rr"] = true }
        if stack { options["stack"] = true }
        return Provenance(options: options)
    }

    func run(_ stage: Stage) throws {
        if cut == .rhythm { return try runRhythm(stage) }
        var current: Recording?
        while let part = try stage.next() {
            do {
                if let recording = current {
                    guard recording.isContinued else { throw ToolError(.software, "a recording was not ended", record: part.key) }
                    guard recording.key == part.key else {
                        throw ToolError.lastPartMissing(recording.key)
                    }
                    try recording.add(part)
                } else {
                    let recording = try Recording(part, options: self, stage: stage)
                    current = recording
                    try recording.add(part)
                }
                if !part.more {
                    try current?.finish()
                    current = nil
                }
            } catch {
                try stage.failed(part.key, error)
                try skipParts(after: part, stage)
                current = nil
            }
        }
        if let current { throw ToolError.lastPartMissing(current.key) }
    }

    private func runRhythm(_ stage: Stage) throws {
        var current: RhythmWindows?
        while let part = try stage.next() {
            do {
                if let known = current, known.key != part.key {
                    throw ToolError.lastPartMissing(known.key)
                }
                let recording = try current ?? RhythmWindows(part, options: self, stage: stage)
                current = recording
                try recording.add(part)
                if !part.more { current = nil }
            } catch {
                try stage.failed(part.key, error)
                try skipParts(after: part, stage)
                current = nil
            }
        }
        if let current { throw ToolError.lastPartMissing(current.key) }
    }

    /// Under --keep-going, the rest of a recording that could not be processed is passed over.
    private func skipParts(after part: Record, _ stage: Stage) throws {
        var more = part.more
        while more, let next = try stage.next() {
            guard next.key == part.key else { throw ToolError.lastPartMissing(part.key) }
            more = next.more
        }
    }

    func cutOptions(fs: Double) throws -> BeatCutOptions {
        func samples(_ milliseconds: Double) -> Int { Int((milliseconds * fs / 1000).rounded()) }
        let window = BeatCut.window(before: samples(before ?? 250), after: samples(after ?? 450))
        return BeatCutOptions(
            cut: cutsWindow ? window : .midpoint, neighbours: neighbours, length: length, classes: try symbols().map { SymbolSet($0) },
            merge: Dictionary(try merging(), uniquingKeysWith: { $1 }), scale: scale, keepsMissing: !noMissing)
    }
}
