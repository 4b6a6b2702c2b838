// SPDX-License-Identifier: GPL-3.0-or-later

/// A filter that cannot be made, or that a record is too short for.
public struct FilterError: Error, Equatable, Sendable {
    public var message: String

    public init(_ message: String) { self.message = message }
}
