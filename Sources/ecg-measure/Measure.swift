// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGKernels
import ECGSignal
import ECGStream
import ECGTool

extension QTCorrection: ExpressibleByArgument {}

@main
struct Measure: StageTool {
    static let configuration = CommandConfiguration.tool(
        "ecg-measure", abstract: "Delineate beats and read off intervals and amplitudes.",
        discussion: """
            Reads beats or median beats and adds to the meta `fiducials`, the onset, peak and offset of P, QRS and T over all leads and in \
            each, in samples, with a confidence, null where a wave is absent; and `measures`: PR, QRS, QT and QTc in ms, the rate in beats \
            a minute, and the amplitudes of R, J and T in each lead.
            """)

    @OptionGroup var input: InputOptions
    @OptionGroup var stage: StageOptions

    @Option(help: .init("How QT is corrected for the rate: bazett, fridericia, framingham or hodges.", valueName: "formula"))
    var qtc: QTCorrection = .bazett

    func provenance() throws -> Provenance { Provenance(options: ["qtc": .string(qtc.rawValue)]) }

    static func use(instructionSet name: String) -> Bool { InstructionSet.force(named: name) }

    func run(_ stage: Stage) throws {
        let workers = Workers(count: stage.threads)
        var batch: [Record] = []
        while let record = try stage.next() {
            batch.append(record)
            if batch.count >= 8 * workers.count { try flush(&batch, workers, stage) }
        }
        try flush(&batch, workers, stage)
    }

    /// Measures the records of a batch side by side and writes them in their order.
    private func flush(_ batch: inout [Record], _ workers: Workers, _ stage: Stage) throws {
        let slots = batch.map { Slot($0) }
        let qtc = qtc
        workers.run(slots.count) { [slots] task, _ in
            slots[task].result = Result { try BeatReport(slots[task].record).measured(correction: qtc) }
        }
        for slot in slots {
            do {
                if let record = try slot.result?.get() { try stage.write(record) }
            } catch {
                try stage.failed(slot.record.key, error)
            }
        }
        batch.removeAll(keepingCapacity: true)
    }

    /// A record and what becomes of it. Each task writes to its own, and they are read when all have ended.
    private final class Slot: @unchecked Sendable {
        let record: Record
        var result: Result<Record, any Error>?

        init(_ record: Record) { self.record = record }
    }
}
