// SPDX-License-Identifier: GPL-3.0-or-later
import CSystem
import Glibc

/// What a tool makes ready on a second processor while the first one still reads the command line and the first part of its input.
public enum HeadStart {
    /// With less input there is nothing to be gained.
    private static let leastInput = 1 << 20

    /// Begins, if there is enough input and a processor to do it.
    ///
    /// - Parameters:
    ///   - arguments: of the command line; those that name a file count as input.
    ///   - memory: bytes that will be in use; they come in large pages.
    ///   - used: how many of them are sure to be.
    ///   - work: is called on a thread that nobody waits for.
    public static func begin(_ arguments: [String], memory: Int, used: Int, _ work: @convention(c) () -> Void) {
        guard hasMuchInput(arguments), StageOptions.availableCores > 1 else { return }
        ecg_head_start(memory, used, work)
    }

    private static func hasMuchInput(_ arguments: [String]) -> Bool {
        var file = stat()
        var hasFile = false
        for argument in arguments where !argument.hasPrefix("-") && stat(argument, &file) == 0 && file.st_mode & S_IFMT == S_IFREG {
            if file.st_size >= leastInput { return true }
            hasFile = true
        }
        guard !hasFile, fstat(0, &file) == 0 else { return false }
        // Of a pipe it is not known how much will come.
        return file.st_mode & S_IFMT == S_IFIFO || (file.st_mode & S_IFMT == S_IFREG && file.st_size >= leastInput)
    }
}
