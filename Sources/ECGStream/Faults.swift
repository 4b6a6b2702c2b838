// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// What happens when the program itself fails: memory that can't be had, a trap, a stack that overflows. Nothing half-made stays behind, and a
/// script sees the exit status of an internal error (70) as for any other failure; without END, a reader knows that the stream is not whole.
public enum Faults {
    /// Takes the signals of the program's own failures; to be called once, before there are other threads.
    public static func handle(tool: String) {
        let text = Array("\(tool): internal error: the program was ended, and its output is not whole\n".utf8)
        let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: text.count)
        bytes.initialize(from: text, count: text.count)
        message = UnsafeRawBufferPointer(start: bytes, count: text.count)
        TemporaryFiles.prepare()
        // A stack that overflows has no room for a handler.
        var stack = stack_t()
        stack.ss_size = 1 << 16
        stack.ss_sp = UnsafeMutableRawPointer.allocate(byteCount: 1 << 16, alignment: 64)
        sigaltstack(&stack, nil)
        for number in [SIGABRT, SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV] {
            var new = sigaction()
            new.__sigaction_handler.sa_handler = { _ in
                TemporaryFiles.removeAll()
                _ = write(2, Faults.message.baseAddress, Faults.message.count)
                _exit(ExitStatus.software.rawValue)
            }
            // A failure within the handler is the system's.
            new.sa_flags = SA_ONSTACK | Int32(bitPattern: UInt32(SA_RESETHAND))
            sigaction(number, &new, nil)
        }
    }

    /// Made before the handler is installed.
    nonisolated(unsafe) private static var message = UnsafeRawBufferPointer(start: nil, count: 0)
}
