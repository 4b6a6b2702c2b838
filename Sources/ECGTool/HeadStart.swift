// SPDX-License-Identifier: GPL-3.0-or-later
import CSystem
import ECGStream
import Glibc
import Synchronization

/// What a tool makes ready on a second processor while the first one still reads the command line and the first part of its input.
public enum HeadStart {
    /// With less input there is nothing to be gained.
    private static let leastInput = 1 << 20

    /// What the thread has to do.
    private struct Job: Sendable {
        let used: Int
        let ahead: ReadAhead?
        let work: @Sendable () -> Void
    }

    private static let job = Mutex<Job?>(nil)

    /// Begins, if there is enough input and a processor to do it: reads the beginning of the input, where that is a file, see `ReadAhead`.
    ///
    /// - Parameters:
    ///   - arguments: of the command line; the first that names a file counts as the input, which may be wrong.
    ///   - memory: bytes that will be in use; they come in large pages.
    ///   - used: how many of them are sure to be.
    ///   - work: is called on a thread that nobody waits for.
    public static func begin(_ arguments: [String], memory: Int, used: Int, _ work: @escaping @Sendable () -> Void) {
        guard let input = likelyInput(arguments), StageOptions.availableCores > 1 else { return }
        let ahead = ReadAhead.begin(input)
        ecg_expect_memory(memory)
        job.withLock { $0 = Job(used: used, ahead: ahead, work: work) }
        ecg_detach { HeadStart.run() }
    }

    private static func run() {
        guard let job = job.withLock({ $0 }) else { return }
        ecg_take_memory(job.used)
        job.work()
        job.ahead?.fill()
    }

    /// Where much input is likely to come from; nil if there is little.
    private static func likelyInput(_ arguments: [String]) -> StreamInput? {
        var file = stat()
        var isOutput = false
        for argument in arguments {
            defer { isOutput = argument == "-o" }
            guard !argument.hasPrefix("-"), !isOutput, stat(argument, &file) == 0, file.st_mode & S_IFMT == S_IFREG else { continue }
            return file.st_size >= leastInput ? .file(argument) : nil
        }
        guard fstat(0, &file) == 0 else { return nil }
        // Of a pipe it is not known how much will come.
        let isLikely = file.st_mode & S_IFMT == S_IFIFO || (file.st_mode & S_IFMT == S_IFREG && file.st_size >= leastInput)
        return isLikely ? .standardInput : nil
    }
}
