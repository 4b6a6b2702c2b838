// SPDX-License-Identifier: GPL-3.0-or-later

/// A filter that cannot be made, a record that it doesn't fit, or samples that could not wait on disk.
public struct FilterError: Error, Equatable, Sendable {
    public enum Kind: Sendable {
        case misfit
        /// The temporary file of samples that wait.
        case inputOutput
    }

    public var kind: Kind
    public var message: String

    public init(_ message: String, kind: Kind = .misfit) { (self.kind, self.message) = (kind, message) }
}
