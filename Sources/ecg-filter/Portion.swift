// SPDX-License-Identifier: GPL-3.0-or-later
import ECGSignal
import ECGStream
import ECGTool

/// What goes through the filter at a time.
enum Portion: Sendable {
    /// Whole records, a task each.
    case records([Slot])
    /// Parts of a long recording that follow each other, the last part of it or not.
    case parts(FilteredRecording, [FilteredRecording.Part], isLast: Bool)
    /// A record that cannot be filtered.
    case failure(key: String, cause: any Error)

    /// A record and what became of it; each task has one of its own.
    final class Slot: @unchecked Sendable {
        let record: Record
        private let job: FilterJob
        private let plans: FilterJob.Plans
        private(set) var result: Result<SealedRecord, any Error>?

        init(_ record: Record, job: FilterJob, plans: FilterJob.Plans) {
            self.record = record
            self.job = job
            self.plans = plans
        }

        func work() { result = Result { try FilteredRecording.whole(record, job: job, plans: plans).sealed() } }
    }

    var taskCount: Int {
        switch self {
        case .records(let slots): slots.count
        case .parts(let recording, _, _): recording.taskCount
        case .failure: 0
        }
    }

    func work(_ task: Int) {
        switch self {
        case .records(let slots): slots[task].work()
        case .parts(let recording, let parts, _): recording.push(parts, task: task)
        case .failure: break
        }
    }
}

/// Cuts the stream into portions: of whole records as many as stay in the caches, of a long recording the parts that are worth handing out its leads.
final class PortionSource {
    private let job: FilterJob
    private let stage: Stage
    /// Of the whole records of a portion: a few of them for each thread, and no more than stays in the caches.
    private let mostBytes: Int
    private var recording: FilteredRecording?
    /// A record that begins the next portion.
    private var ahead: Record?
    /// What stopped the reading; what was read before goes through first.
    private var failure: (any Error)?
    private var abandoned: String?
    private(set) var hasEnded = false

    init(job: FilterJob, stage: Stage) {
        self.job = job
        self.stage = stage
        mostBytes = max(1 << 20, stage.threads * (512 << 10))
    }

    /// - Throws: what is wrong with the input, when everything before it has been given.
    func next() throws -> Portion? {
        guard let first = try read() else {
            if let key = recording?.key { throw ToolError.lastPartMissing(key) }
            return nil
        }
        if recording == nil, !first.more { return records(from: first) }
        ahead = first
        return parts()
    }

    /// Nothing more is wanted of a recording that failed.
    func abandon(_ recording: FilteredRecording) {
        guard self.recording === recording else { return }
        self.recording = nil
        abandoned = recording.key
    }

    private func read() throws -> Record? {
        if let record = ahead {
            ahead = nil
            return record
        }
        if let failure { throw failure }
        while !hasEnded {
            do {
                guard let record = try stage.next() else {
                    hasEnded = true
                    if let key = abandoned { throw ToolError.lastPartMissing(key) }
                    return nil
                }
                guard let key = abandoned else { return record }
                guard record.key == key else { throw ToolError.lastPartMissing(key) }
                if !record.more { abandoned = nil }
            } catch {
                failure = error
                throw error
            }
        }
        return nil
    }

    private static func bytes(_ record: Record) -> Int { record.tensors.reduce(0) { $0 + $1.byteCount } }

    private func records(from first: Record) -> Portion {
        var slots: [Portion.Slot] = []
        var bytes = 0
        var record = first
        while true {
            do { slots.append(Portion.Slot(record, job: job, plans: try plans(for: record))) } catch {
                guard slots.isEmpty else {
                    ahead = record
                    break
                }
                return .failure(key: record.key, cause: error)
            }
            bytes += Self.bytes(record)
            guard slots.count < 256, bytes < mostBytes, let next = try? read() else { break }
            guard !next.more else {
                ahead = next
                break
            }
            record = next
        }
        return .records(slots)
    }

    private func parts() -> Portion {
        var key = ""
        var more = true
        var bytes = 0
        var admitted: [FilteredRecording.Part] = []
        do {
            while more, bytes < 1 << 17, let part = try? read() {
                key = part.key
                more = part.more
                bytes += Self.bytes(part)
                if recording == nil { recording = try FilteredRecording(part, job: job, plans: try plans(for: part)) }
                if let recording { admitted.append(try recording.admit(part)) }
            }
            guard let recording else { throw ToolError(.software, "a record was lost", record: key) }
            if !more { self.recording = nil }
            return .parts(recording, admitted, isLast: !more)
        } catch {
            recording = nil
            if more { abandoned = key }
            return .failure(key: key, cause: error)
        }
    }

    private func plans(for record: Record) throws -> FilterJob.Plans {
        guard let fs = record.fs, fs > 0 else { throw ToolError(.data, "the record has no sampling frequency 'fs'", record: record.key) }
        let (plans, isNew) = try job.plans(fs: fs)
        if isNew { for line in plans.filter.description { stage.inform("\(fs) Hz: \(line)") } }
        return plans
    }
}
