// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// The temporary files of this process, so that a signal handler can remove them.
///
/// A handler may only call what is async-signal-safe, so the names lie in a fixed table of C strings, and unlink(2) is all it does before it
/// lets the signal do its work.
enum TemporaryFiles {
    private static let capacity = 64

    static func remember(_ path: String) {
        install()
        for index in 0..<capacity where table[index] == nil {
            table[index] = strdup(path)
            return
        }
    }

    static func forget(_ path: String) {
        for index in 0..<capacity {
            guard let entry = table[index], strcmp(entry, path) == 0 else { continue }
            table[index] = nil
            free(entry)
            return
        }
    }

    /// Filled before the handler is installed; each slot is one word, so the handler sees a whole name or none.
    nonisolated(unsafe) private static let table: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = {
        let table = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: capacity)
        table.initialize(repeating: nil, count: capacity)
        return table
    }()
    nonisolated(unsafe) private static var isInstalled = false

    /// Makes what a handler reads.
    static func prepare() { _ = table }

    /// For a handler.
    static func removeAll() {
        for index in 0..<capacity {
            if let path = table[index] { unlink(path) }
        }
    }

    private static func install() {
        prepare()
        guard !isInstalled else { return }
        isInstalled = true
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
            var old = sigaction()
            sigaction(number, nil, &old)
            // What the parent wants ignored (nohup) stays ignored.
            if old.__sigaction_handler.sa_handler.map({ unsafeBitCast($0, to: Int.self) }) == 1 { continue }
            var new = sigaction()
            new.__sigaction_handler.sa_handler = { number in
                TemporaryFiles.removeAll()
                signal(number, SIG_DFL)
                raise(number)
            }
            new.sa_flags = Int32(bitPattern: UInt32(SA_NODEFER))
            sigaction(number, &new, nil)
        }
    }
}
