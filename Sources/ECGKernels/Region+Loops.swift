// SPDX-License-Identifier: GPL-3.0-or-later

/// Loops over whole regions, element by element: `output[i] = f(a[i], …)`. The output may be one of the inputs.
extension Region {
    /// Sets each element to `f` of the element of `a`.
    @inlinable public func set<A>(_ a: Region<A>, _ f: (A) -> Element) {
        precondition(a.count == count)
        let (output, a) = (pointer, a.pointer)
        for i in 0..<count { output[i] = f(a[i]) }
    }

    /// Sets each element to `f` of the elements of `a` and `b`.
    @inlinable public func set<A, B>(_ a: Region<A>, _ b: Region<B>, _ f: (A, B) -> Element) {
        precondition(a.count == count && b.count == count)
        let (output, a, b) = (pointer, a.pointer, b.pointer)
        for i in 0..<count { output[i] = f(a[i], b[i]) }
    }

    /// Adds `f` of the elements of `a`, `b` and `c` to each element.
    @inlinable public func add<A, B, C>(_ a: Region<A>, _ b: Region<B>, _ c: Region<C>, _ f: (A, B, C) -> Element)
    where Element: AdditiveArithmetic {
        precondition(a.count == count && b.count == count && c.count == count)
        let (output, a, b, c) = (pointer, a.pointer, b.pointer, c.pointer)
        for i in 0..<count { output[i] += f(a[i], b[i], c[i]) }
    }

    /// Adds `f` of the elements of `a`, …, `e` to each element.
    @inlinable public func add<A, B, C, D, E>(
        _ a: Region<A>, _ b: Region<B>, _ c: Region<C>, _ d: Region<D>, _ e: Region<E>, _ f: (A, B, C, D, E) -> Element
    ) where Element: AdditiveArithmetic {
        precondition(a.count == count && b.count == count && c.count == count && d.count == count && e.count == count)
        let (output, a, b, c, d, e) = (pointer, a.pointer, b.pointer, c.pointer, d.pointer, e.pointer)
        for i in 0..<count { output[i] += f(a[i], b[i], c[i], d[i], e[i]) }
    }

    /// Adds the elements of `a`.
    @inlinable public func add(_ a: Region) where Element: AdditiveArithmetic {
        precondition(a.count == count)
        let (output, a) = (pointer, a.pointer)
        for i in 0..<count { output[i] += a[i] }
    }

    /// A run of elements at distances: `self[at + i·step] = source[from + i·stride]`.
    @inlinable public func move(_ length: Int, at: Int, step: Int, from source: Region, _ from: Int, stride: Int) {
        guard length > 0 else { return }
        precondition(contains(at, step, length) && source.contains(from, stride, length))
        let (output, input) = (pointer + at, source.pointer + from)
        if step == 1, stride == 1 {
            output.update(from: input, count: length)
        } else {
            for i in 0..<length { output[i * step] = input[i * stride] }
        }
    }

    /// A run of elements at distances: `self[at + i·step] += source[from + i·stride]`.
    @inlinable public func accumulate(_ length: Int, at: Int, step: Int, from source: Region, _ from: Int, stride: Int)
    where Element: AdditiveArithmetic {
        guard length > 0 else { return }
        precondition(contains(at, step, length) && source.contains(from, stride, length))
        let (output, input) = (pointer + at, source.pointer + from)
        for i in 0..<length { output[i * step] += input[i * stride] }
    }

    @inlinable package func contains(_ start: Int, _ stride: Int, _ length: Int) -> Bool {
        let end = start + (length - 1) * stride
        return min(start, end) >= 0 && max(start, end) < count
    }
}

extension Region {
    /// Fills this region with the transpose of `rows` × `columns` elements of an array, from `offset` on.
    @inlinable public func transpose(_ source: [Element], offset: Int, rows: Int, columns: Int) {
        precondition(rows * columns == count && offset >= 0 && offset <= source.count && count <= source.count - offset)
        let output = pointer
        source.withUnsafeBufferPointer { elements in
            guard let input = elements.baseAddress.map({ $0 + offset }) else { return }
            for row in 0..<rows {
                for column in 0..<columns { output[column * rows + row] = input[row * columns + column] }
            }
        }
    }
}
