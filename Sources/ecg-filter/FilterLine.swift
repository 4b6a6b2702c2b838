// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import ECGSignal
import ECGStream
import ECGTool

/// The records of a stream through the filter, on several threads: whole records side by side, the leads of a long recording side by side. While a
/// portion is filtered, one thread writes what came of the portion before and reads the one after.
///
/// A lead's values are computed by one thread in one order, and portions do not depend on the threads, which change nothing but the time.
final class FilterLine: @unchecked Sendable {
    private let stage: Stage
    private let source: PortionSource
    private let threads: Int
    /// What waits to be written.
    private var results: [Result<SealedRecord, RecordFailure>] = []

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
        if !isShort { stage.expectMemory(8 << 20) }
        let workers = Workers(count: isShort ? 1 : threads)
        while let portion = current {
            // The first task is the thread's that reads and writes; the others' work is in the portion.
            let exchange = Exchange()
            workers.run(1 + portion.taskCount) { task, _ in
                if task > 0 { return portion.work(task - 1) }
                exchange.written = Result { try self.writeResults() }
                if case .success = exchange.written { exchange.read = Result { try self.source.next() } }
            }
            try exchange.written.get()
            try gather(portion, workers)
            do { current = try exchange.read.get() } catch {
                // What was read before the input went wrong is good.
                try writeResults()
                throw error
            }
        }
        try writeResults()
    }

    private final class Exchange: @unchecked Sendable {
        var written: Result<Void, any Error> = .success(())
        var read: Result<Portion?, any Error> = .success(nil)
    }

    /// What a portion has come to.
    private func gather(_ portion: Portion, _ workers: Workers) throws {
        switch portion {
        case .records(let slots):
            for slot in slots {
                let lost = ToolError(.software, "a record was lost", record: slot.record.key)
                results.append((slot.result ?? .failure(lost)).mapError { RecordFailure(key: slot.record.key, cause: $0) })
            }
        case .parts(let recording, _, let isLast):
            do {
                for part in try recording.collect() { results.append(.success(try part.sealed())) }
                guard isLast else { return }
                try writeResults()
                try recording.finish(run: { count, task in workers.run(count) { index, _ in task(index) } }) { try stage.write($0) }
            } catch {
                source.abandon(recording)
                results.append(.failure(RecordFailure(key: recording.key, cause: error)))
            }
        case .failure(let key, let cause): results.append(.failure(RecordFailure(key: key, cause: cause)))
        }
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
