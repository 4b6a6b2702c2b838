// SPDX-License-Identifier: GPL-3.0-or-later

extension Tensor {
    /// A sparse tensor of a file, with all its elements: they are computed with like any others.
    ///
    /// Indices are places in row-major order, or one row of coordinates for each value.
    init(_ sparse: Onnx_SparseTensorProto, directory: String?) throws {
        let values = try Tensor(sparse.values, directory: directory)
        let indices = try Tensor(sparse.indices, directory: directory)
        let name = sparse.values.name
        let shape = sparse.dims.map { Int($0) }
        guard let count = shape.checkedElementCount, let numbers = indices.integers else {
            throw ModelError(.damaged, "sparse tensor '\(name)' has shape \(shape.text)")
        }
        let width = indices.shape.count == 2 ? shape.count : 1
        guard values.shape.count == 1, numbers.count == values.count * width, indices.shape.first ?? 0 == values.count else {
            throw ModelError(.damaged, "sparse tensor '\(name)' has \(values.count) values and indices of shape \(indices.shape.text)")
        }
        let strides = width == 1 && indices.shape.count != 2 ? [1] : shape.strides
        let extents = indices.shape.count == 2 ? shape : [count]
        let places = try (0..<values.count).map { number in
            try (0..<width).reduce(0) { place, axis in
                let index = numbers[number * width + axis]
                guard (0..<extents[axis]).contains(index) else {
                    throw ModelError(.damaged, "sparse tensor '\(name)' has an index \(index) outside of shape \(shape.text)")
                }
                return place + index * strides[axis]
            }
        }
        let dense = Tensor(type: values.type, shape: shape)
        func fill<T: BitwiseCopyable>(_: T.Type) {
            let (from, to) = (values.region(T.self), dense.region(T.self))
            for (number, place) in places.enumerated() { to[place] = from[number] }
        }
        switch values.type.byteCount {
        case 1: fill(UInt8.self)
        case 2: fill(UInt16.self)
        case 4: fill(UInt32.self)
        default: fill(UInt64.self)
        }
        self = dense
    }
}
