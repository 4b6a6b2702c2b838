// SPDX-License-Identifier: GPL-3.0-or-later

/// How a tool ends. The numbers are those of sysexits.h where it has one.
public enum ExitStatus: Int32, Sendable {
    /// Everything was read, written and flushed; an ended stream without records is success too.
    case complete = 0
    /// Ended whole, but records were skipped (`--keep-going`) or a demand was not met.
    case partial = 1
    /// The command line makes no sense, or binary data would go to or come from a terminal.
    case usage = 64
    /// Bad, damaged or truncated input: record, stream, model, shapes that don't fit.
    case data = 65
    /// A file cannot be opened.
    case noInput = 66
    /// A program or library is missing.
    case unavailable = 69
    /// A fault in the tool itself.
    case software = 70
    /// Input or output failed, such as a full disk.
    case inputOutput = 74
    /// The stage before this one aborted.
    case aborted = 76
    /// The reader of the output went away; the tool ends silently.
    case readerGone = 141
}
