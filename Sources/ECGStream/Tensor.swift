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
    public var payload: Bytes { further.isEmpty ? first : joined() }
    /// Bytes of all elements.
    public let byteCount: Int
    private let first: Bytes
    /// Those of a tensor that was made of pieces.
    private let further: [Bytes]
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
        self.init(name, dtype: dtype, shape: shape, axes: axes, pieces: [payload][...])
    }

    /// A tensor of elements that lie in several arrays; they are shared, not copied.
    public init<Element: TensorElement>(
        _ name: String, pieces: [(values: [Element], range: Range<Int>)], shape: [Int], axes: [String]
    ) {
        let size = MemoryLayout<Element>.stride
        let bytes = pieces.map { Bytes($0.values)[$0.range.lowerBound * size..<$0.range.upperBound * size] }
        precondition(axes.count == shape.count, "a name for each axis")
        let count = bytes.reduce(0) { $0 + $1.count }
        precondition(Self.byteCount(dtype: Element.dtype, shape: shape) == count, "as many elements as the shape has")
        self.init(name, dtype: Element.dtype, shape: shape, axes: axes, pieces: bytes[...])
    }

    private init(_ name: String, dtype: DType, shape: [Int], axes: [String], pieces: ArraySlice<Bytes>) {
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.axes = axes
        first = pieces.first ?? .empty
        further = Array(pieces.dropFirst())
        byteCount = pieces.reduce(0) { $0 + $1.count }
    }

    /// The pieces of the payload in order, which are valid as long as this tensor is.
    var pieces: [UnsafeRawBufferPointer] { ([first] + further).map(\.pointer) }

    private func joined() -> Bytes {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        for piece in pieces { bytes.append(contentsOf: piece) }
        return Bytes(bytes)
    }

    /// Number of elements.
    public var count: Int { byteCount / dtype.size }

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
