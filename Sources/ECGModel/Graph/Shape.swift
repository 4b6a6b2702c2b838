// SPDX-License-Identifier: GPL-3.0-or-later

/// A tensor's extents, outermost first.
public typealias Shape = [Int]

extension Shape {
    /// The largest tensor that is ever made for an item, 4 GiB of float32: shapes come from files, so they are checked before anything is allocated.
    package static let elementLimit = 1 << 30
    /// The largest that a few bytes of a file become, and the longest table of indices and weights along an axis.
    package static let constantLimit = 1 << 28

    /// The number of elements; 1 for a scalar.
    public var elementCount: Int { reduce(1, *) }

    /// The number of elements, or nil where an extent is negative or the product is beyond `elementLimit`.
    package var checkedElementCount: Int? { checkedCount(limit: Shape.elementLimit) }

    /// The number of elements, or nil where an extent is negative or the product is beyond the limit.
    package func checkedCount(limit: Int) -> Int? {
        var count = 1
        for extent in self {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard extent >= 0, !overflow, product <= limit else { return nil }
            count = product
        }
        return count
    }

    /// The row-major distance in elements between neighbours along each axis.
    package var strides: [Int] {
        var strides = [Int](repeating: 1, count: count)
        for axis in indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * self[axis + 1] }
        return strides
    }

    /// For messages: `[64,2,430]`.
    public var text: String { "[" + map(String.init).joined(separator: ",") + "]" }

    /// The shape that both broadcast to by ONNX's (NumPy's) rule, or nil.
    package func broadcast(with other: Shape) -> Shape? {
        let rank = Swift.max(count, other.count)
        var result = Shape(repeating: 1, count: rank)
        for axis in 0..<rank {
            let a = axis < rank - count ? 1 : self[axis - (rank - count)]
            let b = axis < rank - other.count ? 1 : other[axis - (rank - other.count)]
            guard a == b || a == 1 || b == 1 else { return nil }
            result[axis] = a == 1 ? b : a
        }
        return result
    }

    /// Strides with which a tensor of this shape is read as if it had `target`: 0 along the axes it is repeated on.
    package func strides(broadcastTo target: Shape) -> [Int] {
        let own = strides
        return target.indices.map { axis in
            let mine = axis - (target.count - count)
            return mine < 0 || self[mine] == 1 ? 0 : own[mine]
        }
    }
}

/// How the axes of a tensor lie in memory.
///
/// Shapes are always the logical ones of the graph; only the order of the elements differs.
public enum Layout: Sendable, Hashable {
    /// As ONNX has it, last axis fastest.
    case rowMajor
    /// Axis 1, the channels, fastest: [item, channel, time] lies as [item, time, channel], which makes the input of a 1-D convolution its own left matrix.
    case channelsLast

    /// The order in which the logical axes lie in memory, outermost first.
    package func order(rank: Int) -> [Int] {
        guard self == .channelsLast, rank > 2 else { return Array(0..<rank) }
        return [0] + Array(2..<rank) + [1]
    }

    /// A shape as it lies in memory.
    package func stored(_ shape: Shape) -> Shape { order(rank: shape.count).map { shape[$0] } }

    /// Where a logical axis lies in memory.
    package func storedAxis(_ axis: Int, rank: Int) -> Int { order(rank: rank).firstIndex(of: axis) ?? axis }

    /// Whether both layouts give the same order of elements for this shape, so that changing it costs nothing.
    package static func coincide(for shape: Shape) -> Bool {
        shape.count < 3 || shape[1] == 1 || shape[2...].allSatisfy { $0 == 1 } || shape.contains(0)
    }
}
