// SPDX-License-Identifier: GPL-3.0-or-later

/// Why an item, a map or a request cannot be explained.
public struct ExplainError: Error, CustomStringConvertible, Sendable {
    public enum Kind: Sendable {
        /// The caller asked for something that does not exist or makes no sense.
        case usage
        /// The data doesn't fit: shapes, missing positions, values.
        case data
    }

    public let kind: Kind
    public let message: String

    public var description: String { message }

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}
