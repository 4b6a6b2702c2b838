// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels

/// A function that a kernel applies to its result before storing it. NaN passes through each.
public enum Activation: Hashable, Sendable {
    case identity
    case relu
    /// x where x ≥ 0, `slope`·x elsewhere.
    case leakyRelu(slope: Float)

    package var code: Int32 {
        switch self {
        case .identity: Int32(ECG_IDENTITY.rawValue)
        case .relu: Int32(ECG_RELU.rawValue)
        case .leakyRelu: Int32(ECG_LEAKY_RELU.rawValue)
        }
    }

    package var slope: Float {
        if case .leakyRelu(let slope) = self { slope } else { 0 }
    }

    public func callAsFunction(_ x: Float) -> Float {
        switch self {
        case .identity: x
        case .relu: x < 0 ? 0 : x
        case .leakyRelu(let slope): x < 0 ? slope * x : x
        }
    }
}

/// Something added to a kernel's result in its store: the other branch of a residual block, or what the output already holds.
public struct Residual: Sendable {
    public enum Position: Sendable { case beforeActivation, afterActivation }

    /// Rows as many as the output's, [item, time, channel].
    public var rows: Region<Float>
    /// Floats from one row to the next; nil where rows are dense.
    public var rowStride: Int?
    public var position: Position

    public init(_ rows: Region<Float>, rowStride: Int? = nil, _ position: Position) {
        self.rows = rows
        self.rowStride = rowStride
        self.position = position
    }

    package var mode: Int32 {
        Int32(position == .beforeActivation ? ECG_RESIDUAL_BEFORE.rawValue : ECG_RESIDUAL_AFTER.rawValue)
    }
}
