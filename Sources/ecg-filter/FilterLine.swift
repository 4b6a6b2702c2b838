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
    private let threads: Int
    /// For whole records side by side, and for the leads of a long one; threads that nothing is to be done by would still be started.
    private lazy var workers = Workers(count: threads)
    private var leadWorkers: Workers?
    private var batch: [Record] = []
    private var batchBytes = 0
    private var recording: FilteredRecording?
    /// Parts of a long recording that go through the filter together: to hand out the leads to the threads takes as long as to filter a minute.
    private var parts: [Record] = []
    private var partBytes = 0

    init(job: FilterJob, stage: Stage) {
        self.job = job
        self.stage = stage
        threads = stage.threads
    }

    func run() throws {
        while let record = try stage.next() {
            if recording == nil, parts.isEmpty, !record.more {
                batch.append(record)
                batchBytes += record.tensors.reduce(0) { $0 + $1.payload.count }
                if batch.count >= 16 * threads || batchBytes > 8 << 20 { try flush() }
                continue
            }
            try flush()
            try take(part: record)
        }
        try flush()
        if let key = parts.last?.key ?? recording?.key {
            throw ToolError(.data, "the last part of the recording is missing", record: key)
        }
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
        let filter: @Sendable (Int, Int) -> Void = { [slots] task, _ in
            guard let slot = slots[task] else { return }
            slot.result = Result { try Self.filtered(slot.record, job, slot.plans) }
        }
        // A single record is not worth the threads' start.
        if slots.count == 1 { filter(0, 0) } else { workers.run(slots.count, filter) }
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
        try recording.add([record], run: serial) { result = $0 }
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
        parts.append(part)
        partBytes += part.tensors.reduce(0) { $0 + $1.payload.count }
        guard !part.more || partBytes > 1 << 19 || part.key != parts[0].key else { return }
        let taken = parts
        parts = []
        partBytes = 0
        do {
            let recording: FilteredRecording
            if let open = self.recording {
                guard open.key == taken[0].key else {
                    throw ToolError(.data, "the last part of the recording is missing", record: open.key)
                }
                recording = open
            } else {
                recording = try FilteredRecording(taken[0], job: job, plans: try plans(for: taken[0]))
                self.recording = recording
            }
            // A thread more than there are leads would only watch.
            let workers = self.leadWorkers ?? Workers(count: min(threads, recording.rowCount))
            leadWorkers = workers
            let parallel: RecordFilter.Runner = { count, task in workers.run(count) { index, _ in task(index) } }
            try recording.add(taken, run: parallel) { try stage.write($0) }
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
