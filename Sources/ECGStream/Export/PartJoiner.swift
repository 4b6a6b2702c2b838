// SPDX-License-Identifier: GPL-3.0-or-later

/// Follows the parts of long recordings: consecutive records of one key, all but the last with `more`.
struct PartJoiner {
    /// The key whose next part is due.
    private var open: String?

    /// Whether this record goes on with the recording of the one before.
    ///
    /// - Throws: `damaged` where another record stands in the place of a part that was announced.
    mutating func isContinuation(_ record: Record) throws(StreamError) -> Bool {
        let key = record.key
        if let open, open != key {
            throw StreamError(.damaged, "the parts of \(open) stop before the last one", record: key)
        }
        let continues = open != nil
        open = record.more ? key : nil
        return continues
    }

    /// At the end of the stream.
    func finish() throws(StreamError) {
        if let open { throw StreamError(.damaged, "the parts stop before the last one", record: open) }
    }
}
