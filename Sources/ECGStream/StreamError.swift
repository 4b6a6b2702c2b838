// SPDX-License-Identifier: GPL-3.0-or-later

/// What is wrong with a stream, or with reading and writing it.
public struct StreamError: Error, Sendable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// Bytes that are not what their checks say, or contradict each other.
        case damaged
        /// The input stops before END: the stage before died, or the file was cut.
        case truncated
        /// A whole stream, but of a version or with a frame that this reader must not guess at.
        case unsupported
        /// Something larger than its limit.
        case tooLarge
        /// A file cannot be opened.
        case cannotOpen
        /// read(2) or write(2) failed.
        case inputOutput
        /// The reader of the output went away.
        case readerGone
        /// The input ends with ABORT.
        case aborted
        /// The caller asks for what cannot be.
        case misuse
    }

    public let kind: Kind
    /// The cause, in plain words.
    public let message: String
    /// Where: the file, the frame, its byte offset.
    public var place: String?
    /// The key of the record, where one is concerned.
    public var record: String?
    /// The meta of an ABORT frame that was read, as it stands.
    public var abort: Meta?

    public init(_ kind: Kind, _ message: String, place: String? = nil, record: String? = nil, abort: Meta? = nil) {
        self.kind = kind
        self.message = message
        self.place = place
        self.record = record
        self.abort = abort
    }

    public var status: ExitStatus {
        switch kind {
        case .damaged, .truncated, .unsupported, .tooLarge: .data
        case .cannotOpen: .noInput
        case .inputOutput: .inputOutput
        case .readerGone: .readerGone
        case .aborted: .aborted
        case .misuse: .software
        }
    }

    public var description: String { [record, place, message].compactMap { $0 }.joined(separator: ": ") }
}
