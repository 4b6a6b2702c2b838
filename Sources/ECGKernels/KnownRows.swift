// SPDX-License-Identifier: GPL-3.0-or-later
import Synchronization

/// What one convolution has found out about the rows of its input, for others that read the same: to look at them takes as long as they take from the caches.
public final class KnownRows: Sendable {
    private struct Known {
        let items: Int
        let rows: Int
        let channels: Int
        let flags: RowFlags
    }

    private let known = Mutex<Known?>(nil)

    public init() {}

    /// To be called when the input changes.
    public func forget() { known.withLock { $0 = nil } }

    /// The flags of an input of this extent, found by `look` unless they are known.
    func flags(items: Int, rows: Int, channels: Int, look: () -> RowFlags) -> RowFlags {
        if let found = known.withLock({ $0 }), found.items == items, found.rows == rows, found.channels == channels { return found.flags }
        let flags = look()
        known.withLock { $0 = Known(items: items, rows: rows, channels: channels, flags: flags) }
        return flags
    }
}
