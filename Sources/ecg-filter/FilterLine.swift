// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import ECGSignal
import ECGStream
import ECGTool

/// The records of a stream through the filter, on several threads: whole records side by side, long recordings lead by lead.
///
/// Either way a lead's values are computed by one thread in one order, so the threads change nothing but the time.
final class FilterLine {
    private let job: FilterJob
    private let stage: Stage
    private let workers: Workers
    private var batch: [Record] = []
    private var batchBytes = 0
    private var recording: FilteredRecording?

    init(job: FilterJob, stage: Stage, workers: Workers) {
        self.job = job
        self.stage = stage
        self.workers = workers
    }

    func run() throws {
        while let record = try stage.next() {
            if recording == nil, !record.more {
                batch.append(record)
                batchBytes += record.tensors.reduce(0) { $0 + $1.payload.count }
                if batch.count >= 16 * workers.count || batchBytes > 8 << 20 { try flush() }
                continue
            }
            try flush()
            try take(part: record)
        }
        try flush()
        if let recording { throw ToolError(.data, "the last part of the recording is missing", record: recording.key) }
    }

    // MARK: Whole records

    /// A record and what became of it; each task has one of its own.
    private final class Slot: @unchecked Sendable {
        let record: Record
        let plans: FilterJob.Plans
        var result: Result<Record, any Error>?

        init(_ record: Record, _ plans: FilterJob.Plans) {
            self.record = record
            self.plans = plans
        }
    }

    private func flush() throws {
        guard !batch.isEmpty else { return }
        var slots: [Slot?] = []
        for record in batch {
            do { slots.append(Slot(record, try plans(for: record))) } catch {
                // What came before it is written first.
                slots.append(nil)
            }
        }
        let job = self.job
        workers.run(slots.count) { [slots] task, _ in
            guard let slot = slots[task] else { return }
            slot.result = Result { try Self.filtered(slot.record, job, slot.plans) }
        }
        for (record, slot) in zip(batch, slots) {
            do {
                guard let slot, let result = slot.result else {
                    _ = try plans(for: record)
                    continue
                }
                try stage.write(try result.get())
            } catch {
                try stage.failed(record.key, error)
            }
        }
        batch.removeAll(keepingCapacity: true)
        batchBytes = 0
    }

    private static func filtered(_ record: Record, _ job: FilterJob, _ plans: FilterJob.Plans) throws -> Record {
        let recording = try FilteredRecording(record, job: job, plans: plans)
        var result: Record?
        let serial: RecordFilter.Runner = { count, task in for index in 0..<count { task(index) } }
        try recording.add(record, run: serial) { result = $0 }
        try recording.finish(run: serial) { result = $0 }
        guard let result else { throw ToolError(.software, "a record was lost", record: record.key) }
        return result
    }

    private func plans(for record: Record) throws -> FilterJob.Plans {
        guard let fs = record.fs, fs > 0 else { throw ToolError(.data, "the record has no sampling frequency 'fs'", record: record.key) }
        let (plans, isNew) = try job.plans(fs: fs)
        if isNew { for line in plans.filter.description { stage.inform("\(fs) Hz: \(line)") } }
        return plans
    }

    // MARK: Long recordings

    private func take(part: Record) throws {
        do {
            let recording: FilteredRecording
            if let open = self.recording {
                guard open.key == part.key else {
                    throw ToolError(.data, "the last part of the recording is missing", record: open.key)
                }
                recording = open
            } else {
                recording = try FilteredRecording(part, job: job, plans: try plans(for: part))
                self.recording = recording
            }
            let workers = self.workers
            let parallel: RecordFilter.Runner = { count, task in workers.run(count) { index, _ in task(index) } }
            try recording.add(part, run: parallel) { try stage.write($0) }
            if !part.more {
                try recording.finish(run: parallel) { try stage.write($0) }
                self.recording = nil
            }
        } catch {
            self.recording = nil
            try stage.failed(part.key, error)
            var more = part.more
            while more, let next = try stage.next() {
                guard next.key == part.key else { throw ToolError(.data, "the last part of the recording is missing", record: part.key) }
                more = next.more
            }
        }
    }
}
