// SPDX-License-Identifier: GPL-3.0-or-later

/// What the elements of a tensor are, as they lie in memory.
///
/// ONNX's float16 and bfloat16 are widened to `float32` when a file is read: every value of theirs is a float32, and nothing is computed in half precision.
public enum ElementType: String, Sendable, Hashable, CaseIterable {
    case float32, float64, int8, int16, int32, int64, uint8, uint16, uint32, uint64, bool

    public var byteCount: Int {
        switch self {
        case .int8, .uint8, .bool: 1
        case .int16, .uint16: 2
        case .float32, .int32, .uint32: 4
        case .float64, .int64, .uint64: 8
        }
    }

    public var isFloat: Bool { self == .float32 || self == .float64 }

    /// The type for a TensorProto.DataType; nil for strings, complex numbers and types narrower than a byte.
    init?(onnx: Int32) {
        switch onnx {
        case 1, 10, 16: self = .float32
        case 2: self = .uint8
        case 3: self = .int8
        case 4: self = .uint16
        case 5: self = .int16
        case 6: self = .int32
        case 7: self = .int64
        case 9: self = .bool
        case 11: self = .float64
        case 12: self = .uint32
        case 13: self = .uint64
        default: return nil
        }
    }
}

/// A Swift type that a tensor can hold.
package protocol Element: BitwiseCopyable, Sendable, Equatable {
    static var type: ElementType { get }
    /// What padding and absent values are filled with.
    static var zero: Self { get }
}

extension Float: Element { package static var type: ElementType { .float32 } }
extension Double: Element { package static var type: ElementType { .float64 } }
extension Int8: Element { package static var type: ElementType { .int8 } }
extension Int16: Element { package static var type: ElementType { .int16 } }
extension Int32: Element { package static var type: ElementType { .int32 } }
extension Int64: Element { package static var type: ElementType { .int64 } }
extension UInt8: Element { package static var type: ElementType { .uint8 } }
extension UInt16: Element { package static var type: ElementType { .uint16 } }
extension UInt32: Element { package static var type: ElementType { .uint32 } }
extension UInt64: Element { package static var type: ElementType { .uint64 } }
extension Bool: Element {
    package static var type: ElementType { .bool }
    package static var zero: Bool { false }
}
