// SPDX-License-Identifier: GPL-3.0-or-later

/// The type of a tensor's elements, named as in NumPy; everything is little-endian.
public enum DType: String, Sendable, CaseIterable {
    case float32 = "<f4"
    case float64 = "<f8"
    case int16 = "<i2"
    case int32 = "<i4"
    case int64 = "<i8"
    case uint8 = "|u1"

    /// Bytes an element.
    public var size: Int {
        switch self {
        case .uint8: 1
        case .int16: 2
        case .float32, .int32: 4
        case .float64, .int64: 8
        }
    }
}

/// A Swift type that a tensor can hold.
public protocol TensorElement: BitwiseCopyable, Sendable {
    static var dtype: DType { get }
}

extension Float: TensorElement { public static var dtype: DType { .float32 } }
extension Double: TensorElement { public static var dtype: DType { .float64 } }
extension Int16: TensorElement { public static var dtype: DType { .int16 } }
extension Int32: TensorElement { public static var dtype: DType { .int32 } }
extension Int64: TensorElement { public static var dtype: DType { .int64 } }
extension UInt8: TensorElement { public static var dtype: DType { .uint8 } }
