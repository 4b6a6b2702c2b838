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

    /// Rows of `length` elements, their first ones at distances: `self[at + row·step + i] = source[from + row·stride + i]`.
    @inlinable public func moveRows(_ rows: Int, of length: Int, at: Int, step: Int, from source: Region, _ from: Int, stride: Int) {
        guard rows > 0, length > 0 else { return }
        precondition(contains(at, step, rows) && contains(at + length - 1, step, rows))
        precondition(source.contains(from, stride, rows) && source.contains(from + length - 1, stride, rows))
        var (output, input) = (pointer + at, source.pointer + from)
        for _ in 0..<rows {
            for i in 0..<length { output[i] = input[i] }
            (output, input) = (output + step, input + stride)
        }
    }

    /// The same, added to what is there.
    @inlinable public func accumulateRows(_ rows: Int, of length: Int, at: Int, step: Int, from source: Region, _ from: Int, stride: Int)
    where Element: AdditiveArithmetic {
        guard rows > 0, length > 0 else { return }
        precondition(contains(at, step, rows) && contains(at + length - 1, step, rows))
        precondition(source.contains(from, stride, rows) && source.contains(from + length - 1, stride, rows))
        var (output, input) = (pointer + at, source.pointer + from)
        for _ in 0..<rows {
            for i in 0..<length { output[i] += input[i] }
            (output, input) = (output + step, input + stride)
        }
    }

    /// A run of elements at distances: `self[at + i·step] += source[from + i·stride]`.
    @inlinable public func accumulate(_ length: Int, at: Int, step: Int, from source: Region, _ from: Int, stride: Int)
    where Element: AdditiveArithmetic {
        guard length > 0 else { return }
        precondition(contains(at, step, length) && source.contains(from, stride, length))
        let (output, input) = (pointer + at, source.pointer + from)
        if step == 1, stride == 1 {
            for i in 0..<length { output[i] += input[i] }
        } else {
            for i in 0..<length { output[i * step] += input[i * stride] }
        }
    }

    /// A run of `f` of elements at distances: `self[at + i] = f(a[fromA + i·stepA], b[fromB + i·stepB])`; a distance of 0 repeats one element.
    @inlinable public func set<A, B>(
        _ length: Int, at: Int, _ a: Region<A>, _ fromA: Int, step stepA: Int, _ b: Region<B>, _ fromB: Int, step stepB: Int,
        _ f: (A, B) -> Element
    ) {
        guard length > 0 else { return }
        precondition(contains(at, 1, length) && a.contains(fromA, stepA, length) && b.contains(fromB, stepB, length))
        let (output, a, b) = (pointer + at, a.pointer + fromA, b.pointer + fromB)
        switch (stepA, stepB) {
        case (1, 1): for i in 0..<length { output[i] = f(a[i], b[i]) }
        case (1, 0):
            let second = b[0]
            for i in 0..<length { output[i] = f(a[i], second) }
        case (0, 1):
            let first = a[0]
            for i in 0..<length { output[i] = f(first, b[i]) }
        default: for i in 0..<length { output[i] = f(a[i * stepA], b[i * stepB]) }
        }
    }

    /// Adds a run of `f` of the elements of `g` and of two others at distances to elements at a distance of their own; 0 adds them all up.
    @inlinable public func add<A, B, C>(
        _ length: Int, at: Int, step: Int, _ g: Region<A>, _ fromG: Int, _ a: Region<B>, _ fromA: Int, step stepA: Int, _ b: Region<C>,
        _ fromB: Int, step stepB: Int, _ f: (A, B, C) -> Element
    ) where Element: AdditiveArithmetic {
        guard length > 0 else { return }
        precondition(contains(at, step, length) && g.contains(fromG, 1, length))
        precondition(a.contains(fromA, stepA, length) && b.contains(fromB, stepB, length))
        let (output, g, a, b) = (pointer + at, g.pointer + fromG, a.pointer + fromA, b.pointer + fromB)
        switch (step, stepA, stepB) {
        case (1, 1, 1): for i in 0..<length { output[i] += f(g[i], a[i], b[i]) }
        case (1, 1, 0):
            let second = b[0]
            for i in 0..<length { output[i] += f(g[i], a[i], second) }
        case (1, 0, 1):
            let first = a[0]
            for i in 0..<length { output[i] += f(g[i], first, b[i]) }
        case (0, _, _):
            var sum = output[0]
            for i in 0..<length { sum += f(g[i], a[i * stepA], b[i * stepB]) }
            output[0] = sum
        default: for i in 0..<length { output[i * step] += f(g[i], a[i * stepA], b[i * stepB]) }
        }
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

    /// The transpose of this region's `rows` × `columns` elements.
    @inlinable public func transposed(rows: Int, columns: Int) -> [Element] {
        precondition(rows * columns == count)
        let input = pointer
        return [Element](unsafeUninitializedCapacity: count) { elements, initialized in
            guard let output = elements.baseAddress else { return }
            for column in 0..<columns {
                for row in 0..<rows { output[column * rows + row] = input[row * columns + column] }
            }
            initialized = count
        }
    }
}
