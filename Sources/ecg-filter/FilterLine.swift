// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import ECGSignal
import ECGStream
import ECGTool
import Synchronization

/// The records of a stream through the filter, on several threads: whole records side by side, the leads of a long recording side by side. While a
/// portion is filtered, one thread reads the next and writes what is ready, and another one puts together what came of the portion before.
///
/// A lead's values are computed by one thread in one order, and portions do not depend on the threads, which change nothing but the time.
final class FilterLine: @unchecked Sendable {
    private let stage: Stage
    private let source: PortionSource
    private let threads: Int
    /// Filtered, but not put together.
    private var filtered: Portion?
    /// What waits to be written.
    private var results: [Outcome] = []

    private static let workers = Mutex<Workers?>(nil)

    private typealias Outcome = Result<SealedRecord, RecordFailure>

    /// What went wrong with a record.
    private struct RecordFailure: Error {
        var key: String
        var cause: any Error
    }

    init(job: FilterJob, stage: Stage) {
        self.stage = stage
        source = PortionSource(job: job, stage: stage)
        threads = stage.threads
    }

    func run() throws {
        var current = try source.next()
        // Threads that nothing is to be done by would still be started.
        let isShort = current.map { $0.taskCount <= 1 && source.hasEnded } ?? true
        if !isShort { stage.expectMemory(Filter.memory) }
        let workers = Workers(count: isShort ? 1 : threads)
        // Idle threads end with the process; to stop them and wait for it at the end is time in which nothing is done.
        Self.workers.withLock { $0 = workers }
        while let portion = current {
            let turn = Turn()
            let before = filtered
            filtered = nil
            // Where the leads are one task, it takes a thread's whole time, and what comes last is for the other one.
            let assembling = portion.taskCount == 1 ? 2 : 1
            workers.run(2 + portion.taskCount) { task, _ in
                switch task {
                case 0:
                    turn.written = Result { try self.writeResults() }
                    if case .success = turn.written { turn.read = Result { try self.source.next() } }
                case assembling: turn.assembled = before.map(self.assemble) ?? []
                default: portion.work(assembling == 2 ? task - 1 : task - 2)
                }
            }
            try turn.written.get()
            results = turn.assembled
            try complete(portion, workers)
            do { current = try turn.read.get() } catch {
                // What was read before the input went wrong is good.
                try writeAll()
                throw error
            }
        }
        try writeAll()
    }

    /// What the tasks of a turn beside those of its portion have come to.
    private final class Turn: @unchecked Sendable {
        var written: Result<Void, any Error> = .success(())
        var read: Result<Portion?, any Error> = .success(nil)
        var assembled: [Outcome] = []
    }

    /// Something that is done the first time it is asked for. One thread asks at a time.
    private final class Once: @unchecked Sendable {
        private let work: () throws -> Void
        private var result: Result<Void, any Error>?

        init(_ work: @escaping () throws -> Void) { self.work = work }

        func callAsFunction() throws {
            let result = result ?? Result(catching: work)
            self.result = result
            try result.get()
        }
    }

    /// After all tasks of a portion.
    private func complete(_ portion: Portion, _ workers: Workers) throws {
        guard case .parts(let recording, var parts, let isLast) = portion else { return filtered = portion }
        for index in parts.indices { parts[index].forgetSamples() }
        filtered = .parts(recording, parts, isLast: isLast)
        do {
            try recording.collect()
            guard isLast else { return }
            // What is there already is written while the rest is made.
            let writeBefore = Once { try self.writeAll() }
            try recording.finish(
                run: { count, task in
                    // what goes wrong is said at the next one that is sent, or at the end
                    workers.run(1 + count) { index, _ in if index == 0 { try? writeBefore() } else { task(index - 1) } }
                },
                send: {
                    try writeBefore()
                    try stage.write($0)
                })
            try writeBefore()
        } catch {
            filtered = nil
            source.abandon(recording)
            results.append(.failure(RecordFailure(key: recording.key, cause: error)))
        }
    }

    private func assemble(_ portion: Portion) -> [Outcome] {
        switch portion {
        case .records(let slots):
            return slots.map { slot in
                let lost = ToolError(.software, "a record was lost", record: slot.record.key)
                return (slot.result ?? .failure(lost)).mapError { RecordFailure(key: slot.record.key, cause: $0) }
            }
        case .parts(let recording, let parts, _):
            do { return try recording.assemble(parts).map { .success($0) } } catch {
                return [.failure(RecordFailure(key: recording.key, cause: error))]
            }
        case .failure(let key, let cause): return [.failure(RecordFailure(key: key, cause: cause))]
        }
    }

    private func writeAll() throws {
        if let portion = filtered { results += assemble(portion) }
        filtered = nil
        try writeResults()
    }

    private func writeResults() throws {
        let waiting = results
        results = []
        for result in waiting {
            switch result {
            case .success(let record): try stage.write(record)
            case .failure(let failure): try stage.failed(failure.key, failure.cause)
            }
        }
    }
}
