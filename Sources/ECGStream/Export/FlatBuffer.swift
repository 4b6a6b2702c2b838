// SPDX-License-Identifier: GPL-3.0-or-later

/// Builds a FlatBuffer, as far as Arrow's metadata needs it: tables, strings, vectors of offsets and of structs.
///
/// As in every FlatBuffer builder the bytes grow from the end to the start, so that what is referred to is there already; an object is named by
/// its distance from the end. (flatbuffers.dev, "FlatBuffers internals")
struct FlatBuffer {
    /// A finished object, by its distance from the end of the buffer.
    struct Offset { let distance: Int }

    enum Field {
        case bool(Bool)
        case byte(UInt8)
        case short(Int16)
        case int(Int32)
        case long(Int64)
        case offset(Offset)
    }

    /// The bytes in reverse order.
    private var reversed: [UInt8] = []
    private var alignment = 4

    private mutating func prepend<Value: FixedWidthInteger>(_ value: Value) {
        for index in stride(from: MemoryLayout<Value>.size - 1, through: 0, by: -1) {
            reversed.append(UInt8(truncatingIfNeeded: value >> Value(8 * index)))
        }
    }

    /// Pads so that after `extra` further bytes the front is aligned.
    private mutating func align(_ size: Int, before extra: Int = 0) {
        alignment = max(alignment, size)
        while (reversed.count + extra) % size != 0 { reversed.append(0) }
    }

    private mutating func prepend(_ offset: Offset) { prepend(UInt32(reversed.count + 4 - offset.distance)) }

    mutating func string(_ text: String) -> Offset {
        let bytes = Array(text.utf8)
        align(4, before: bytes.count + 1)
        reversed.append(0)
        reversed.append(contentsOf: bytes.reversed())
        prepend(UInt32(bytes.count))
        return Offset(distance: reversed.count)
    }

    mutating func vector(_ offsets: [Offset]) -> Offset {
        align(4)
        for offset in offsets.reversed() { prepend(offset) }
        prepend(UInt32(offsets.count))
        return Offset(distance: reversed.count)
    }

    /// Structs of 64-bit words.
    mutating func vector(structs: [[Int64]]) -> Offset {
        align(8, before: 0)
        // The count stands before the first struct, which must be aligned to eight bytes.
        for words in structs.reversed() { for word in words.reversed() { prepend(word) } }
        prepend(UInt32(structs.count))
        return Offset(distance: reversed.count)
    }

    /// A table; `nil` leaves a field at its default.
    mutating func table(_ fields: [Field?]) -> Offset {
        let end = reversed.count
        var places = [Int](repeating: 0, count: fields.count)
        for (index, field) in fields.enumerated().reversed() {
            guard let field else { continue }
            switch field {
            case .bool(let value): prepend(UInt8(value ? 1 : 0))
            case .byte(let value): prepend(value)
            case .short(let value):
                align(2)
                prepend(value)
            case .int(let value):
                align(4)
                prepend(value)
            case .long(let value):
                align(8)
                prepend(value)
            case .offset(let value):
                align(4)
                prepend(value)
            }
            places[index] = reversed.count
        }
        align(4)
        // The table starts with the distance to its vtable, which stands right before it.
        let tableSize = reversed.count + 4 - end
        let vtableSize = 4 + 2 * fields.count
        prepend(Int32(vtableSize))
        let start = reversed.count
        for place in places.reversed() { prepend(UInt16(place == 0 ? 0 : start - place)) }
        prepend(UInt16(tableSize))
        prepend(UInt16(vtableSize))
        return Offset(distance: start)
    }

    /// The whole buffer with its root in front.
    mutating func finish(_ root: Offset) -> [UInt8] {
        align(alignment, before: 4)
        prepend(root)
        return reversed.reversed()
    }
}
