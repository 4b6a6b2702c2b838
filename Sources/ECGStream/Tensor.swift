// SPDX-License-Identifier: GPL-3.0-or-later

/// A named array of numbers in C order, with named axes: `signal` [lead,time], `logits` [class], `ann.sample` [n].
public struct Tensor: Sendable {
    public var name: String
    public let dtype: DType
    /// Length of each axis, the slowest first. Empty for a single number.
    public let shape: [Int]
    /// A name for each axis, as `["lead", "time"]`.
    public var axes: [String]
    /// The elements as bytes, little-endian, in C order.
    public let payload: Bytes
    /// Members of this tensor's entry in the meta that this program does not know, passed on as they are.
    var extras: [Meta.Member] = []

    /// A tensor from elements in C order.
    ///
    /// - Precondition: the shape's product is the number of elements, and each axis has a name.
    public init<Element: TensorElement>(_ name: String, _ elements: [Element], shape: [Int], axes: [String]) {
        self.init(name, dtype: Element.dtype, shape: shape, axes: axes, payload: Bytes(elements))
    }

    /// A tensor of one axis.
    public init<Element: TensorElement>(_ name: String, _ elements: [Element], axis: String) {
        self.init(name, elements, shape: [elements.count], axes: [axis])
    }

    /// A tensor of bytes that are there already.
    public init(_ name: String, dtype: DType, shape: [Int], axes: [String], payload: Bytes) {
        precondition(axes.count == shape.count, "a name for each axis")
        precondition(Self.byteCount(dtype: dtype, shape: shape) == payload.count, "as many elements as the shape has")
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.axes = axes
        self.payload = payload
    }

    /// Number of elements.
    public var count: Int { payload.count / dtype.size }

    /// Bytes that a shape takes, or `nil` if a length is negative or the product overflows.
    static func byteCount(dtype: DType, shape: [Int]) -> Int? {
        var bytes = dtype.size
        var isEmpty = false
        for length in shape {
            guard length >= 0 else { return nil }
            if length == 0 {
                isEmpty = true
                continue
            }
            let (product, overflow) = bytes.multipliedReportingOverflow(by: length)
            guard !overflow else { return nil }
            bytes = product
        }
        return isEmpty ? 0 : bytes
    }
}

// MARK: Elements

extension Tensor {
    /// The elements as float32, whatever the dtype (float64 and wide integers are rounded).
    public func floats() -> [Float] {
        switch dtype {
        case .float32: payload.elements(Float.self)
        case .float64: payload.elements(Double.self).map { Float($0) }
        case .int16: payload.elements(Int16.self).map { Float($0) }
        case .int32: payload.elements(Int32.self).map { Float($0) }
        case .int64: payload.elements(Int64.self).map { Float($0) }
        case .uint8: payload.elements(UInt8.self).map { Float($0) }
        }
    }

    /// A range of the elements as float32.
    public func floats(_ range: Range<Int>) -> [Float] {
        let part = payload[range.lowerBound * dtype.size..<range.upperBound * dtype.size]
        return Tensor(name, dtype: dtype, shape: [range.count], axes: ["n"], payload: part).floats()
    }

    /// The elements as float64, whatever the dtype.
    public func doubles() -> [Double] {
        switch dtype {
        case .float32: payload.elements(Float.self).map { Double($0) }
        case .float64: payload.elements(Double.self)
        case .int16: payload.elements(Int16.self).map { Double($0) }
        case .int32: payload.elements(Int32.self).map { Double($0) }
        case .int64: payload.elements(Int64.self).map { Double($0) }
        case .uint8: payload.elements(UInt8.self).map { Double($0) }
        }
    }

    /// The elements as integers, or `nil` for a tensor of floating-point numbers.
    public func ints() -> [Int]? {
        switch dtype {
        case .float32, .float64: nil
        case .int16: payload.elements(Int16.self).map { Int($0) }
        case .int32: payload.elements(Int32.self).map { Int($0) }
        case .int64: payload.elements(Int64.self).map { Int($0) }
        case .uint8: payload.elements(UInt8.self).map { Int($0) }
        }
    }

    /// The elements as they are, or `nil` if the dtype is another one.
    public func elements<Element: TensorElement>(_ type: Element.Type = Element.self) -> [Element]? {
        Element.dtype == dtype ? payload.elements(Element.self) : nil
    }
}
