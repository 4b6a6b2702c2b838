// SPDX-License-Identifier: GPL-3.0-or-later

/// What is wrong with a recording, and where.
public struct FormatError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The sort of trouble; a tool maps it to its exit code.
    public enum Kind: Sendable {
        /// The file isn't there or may not be opened.
        case cannotOpen
        /// The file contradicts itself, its header or its format, or ends too soon.
        case damaged
        /// The request doesn't fit the recording: no such lead, a time after its end.
        case request
        /// The system failed to read or write.
        case inputOutput
    }

    public let kind: Kind
    /// File, and line or byte where that is known: `100.hea:3`.
    public let place: String?
    /// The cause, in plain words.
    public let message: String

    public init(_ kind: Kind, at place: String?, _ message: String) {
        self.kind = kind
        self.place = place
        self.message = message
    }

    public var description: String { place.map { "\($0): \(message)" } ?? message }
}

extension FormatError {
    static func damaged(_ place: String, _ message: String) -> FormatError { FormatError(.damaged, at: place, message) }
}
