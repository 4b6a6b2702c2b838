// SPDX-License-Identifier: GPL-3.0-or-later

/// Why a model can't be read, prepared or run: the place in the model and the cause.
public struct ModelError: Error, Sendable, CustomStringConvertible {
    public enum Kind: Sendable, Hashable {
        /// The file can't be opened.
        case cannotOpen
        /// The file is no ONNX model, or contradicts itself.
        case damaged
        /// An operator, attribute, type or method that is not supported.
        case unsupported
        /// Items that don't fit the model's input, or names that the model doesn't have.
        case misfit
    }

    public let kind: Kind
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }
}
