// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGStream
import ECGTool
import Glibc

@main
struct Select: StageTool {
    static let configuration = CommandConfiguration.tool(
        "ecg-select", abstract: "Pass on some of the records of a stream.",
        discussion: """
            A record is passed on if it meets every demand: --where and --records first, then --sample, --balance and --head, in this order, \
            each among what the ones before have left.
            """)

    @OptionGroup var input: InputOptions
    @OptionGroup var stage: StageOptions

    @Option(
        name: .customLong("where"),
        help: .init("Only records whose meta meets this condition, as 'label in (V,A) and record != 208'.", valueName: "condition"))
    var condition: String?

    @Option(help: .init("Only recordings named in this file, one a line.", valueName: "list"))
    var records: String?

    @Flag(help: "Only records that --where and --records would leave out.")
    var not = false

    @Option(help: .init("Only a share of the records, chosen by a hash of --seed and key.", valueName: "share"))
    var sample: Double?

    @Option(
        help: .init(
            "As many records of each value of this member as of the rarest, chosen by a hash of --seed and key.", valueName: "member"))
    var balance: String?

    @Option(
        help: .init("Of each record only the tensors whose name fits this pattern, as 'attr/*'; may be given again.", valueName: "glob"))
    var tensors: [String] = []

    @Option(help: .init("Only the first records; the rest is still read and checked.", valueName: "n"))
    var head: Int?

    func validate() throws {
        if let sample, !(sample >= 0 && sample <= 1) { throw ValidationError("--sample takes a share from 0 to 1.") }
        if let head, head < 0 { throw ValidationError("--head takes a count.") }
        if not, condition == nil, records == nil { throw ValidationError("--not needs --where or --records.") }
        if let balance, balance.isEmpty { throw ValidationError("--balance takes the name of a member, such as label.") }
        do { _ = try condition.map { try Condition($0) } } catch { throw ValidationError("--where \(error)") }
    }

    func provenance() throws -> Provenance {
        var options: JSON.Object = [:]
        var uses: JSON.Object = [:]
        if let condition { options["where"] = JSON(condition) }
        if let records { uses["records"] = Provenance.digest(try TextFile.bytes(of: records, again: true)) }
        if not { options["not"] = true }
        if let sample { options["sample"] = JSON(sample) }
        if let balance { options["balance"] = JSON(balance) }
        if let head { options["head"] = JSON(head) }
        if !tensors.isEmpty { options["tensors"] = JSON(tensors) }
        return Provenance(options: options, uses: uses, usesSeed: sample != nil || balance != nil)
    }

    func run(_ stage: Stage) throws {
        let chooser = try Chooser(
            condition: condition.map { try Condition($0) }, records: records.map { Set(try TextFile.lines(of: $0, again: true)) },
            inverted: not, share: sample, seed: stage.seed)
        if let balance {
            try Balance(member: balance, seed: stage.seed).run(stage, chooser, head: head, pass: pass)
            return
        }
        var count = 0
        while let frame = try stage.nextFrame() {
            // Reading on: an END is worth something only after the input's own.
            if let head, count >= head { continue }
            guard try chooser.takes(frame.meta()) else { continue }
            try pass(frame, stage)
            count += 1
        }
    }

    private func pass(_ frame: Frame, _ stage: Stage) throws {
        guard !tensors.isEmpty else { return try stage.pass(frame) }
        var record = try Record(frame)
        record.tensors.removeAll { tensor in !tensors.contains { fnmatch($0, tensor.name, 0) == 0 } }
        try stage.write(record)
    }
}
