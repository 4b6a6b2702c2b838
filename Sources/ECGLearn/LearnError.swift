// SPDX-License-Identifier: GPL-3.0-or-later

/// Why a network can't be built, imported or trained.
public struct LearnError: Error, Sendable, CustomStringConvertible {
    public enum Kind: Sendable, Hashable {
        /// Extents, options or data that don't go together.
        case misfit
        /// Something of an ONNX file that training has no gradient for.
        case unsupported
        /// A checkpoint that is damaged or of another run.
        case checkpoint
        /// Training that leads nowhere: a loss that is not finite.
        case diverged
        /// A file that can't be read or written.
        case file
    }

    public let kind: Kind
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }
}
