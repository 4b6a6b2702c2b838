// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// Elements of one type with a shape, in memory of its own or in a part of an arena.
public struct Tensor: Sendable {
    public let type: ElementType
    public let shape: Shape
    package let storage: Storage
    package let byteOffset: Int

    /// A view of `shape` elements in a storage, from a byte on.
    package init(type: ElementType, shape: Shape, storage: Storage, byteOffset: Int) {
        self.type = type
        self.shape = shape
        self.storage = storage
        self.byteOffset = byteOffset
    }

    /// Memory of its own, zeroed.
    package init(type: ElementType, shape: Shape) {
        self.init(type: type, shape: shape, storage: Storage(byteCount: shape.elementCount * type.byteCount), byteOffset: 0)
    }

    package init<T: Element>(_ shape: Shape, _ elements: [T]) {
        precondition(elements.count == shape.elementCount)
        self.init(type: T.type, shape: shape, storage: Region(elements).storage, byteOffset: 0)
    }

    package var count: Int { shape.elementCount }

    /// The elements, for reading and writing.
    /// - Precondition: `T` is the tensor's type, or has its size (to move elements without looking at them).
    package func region<T: BitwiseCopyable>(_: T.Type = T.self) -> Region<T> {
        precondition(MemoryLayout<T>.stride == type.byteCount)
        return Region(storage, start: byteOffset / MemoryLayout<T>.stride, count: count)
    }

    /// The same elements under another shape of the same count.
    package func reshaped(_ shape: Shape) -> Tensor { Tensor(type: type, shape: shape, storage: storage, byteOffset: byteOffset) }

    /// The elements as integers, for shapes, axes and indices; nil for a floating-point tensor.
    package var integers: [Int]? {
        switch type {
        case .int64: region(Int64.self).elements.map { Int($0) }
        case .int32: region(Int32.self).elements.map { Int($0) }
        case .int16: region(Int16.self).elements.map { Int($0) }
        case .int8: region(Int8.self).elements.map { Int($0) }
        case .uint8: region(UInt8.self).elements.map { Int($0) }
        case .uint16: region(UInt16.self).elements.map { Int($0) }
        case .uint32: region(UInt32.self).elements.map { Int($0) }
        case .uint64: region(UInt64.self).elements.map { Int(clamping: $0) }
        case .bool: region(UInt8.self).elements.map { Int($0) }
        case .float32, .float64: nil
        }
    }

    /// The elements as floats; nil for integers.
    package var floats: [Float]? {
        switch type {
        case .float32: region(Float.self).elements
        case .float64: region(Double.self).elements.map { Float($0) }
        default: nil
        }
    }

    /// The elements as doubles, whatever their type.
    package var doubles: [Double] {
        switch type {
        case .float32: region(Float.self).elements.map { Double($0) }
        case .float64: region(Double.self).elements
        default: (integers ?? []).map { Double($0) }
        }
    }

    /// A copy in another floating-point type.
    package func converted(to type: ElementType) -> Tensor {
        switch type {
        case self.type: self
        case .float64: Tensor(shape, doubles)
        case .float32: Tensor(shape, doubles.map { Float($0) })
        default: self
        }
    }
}
