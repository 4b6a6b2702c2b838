// SPDX-License-Identifier: GPL-3.0-or-later

extension Meta {
    /// The members that fit a table's cell: strings, numbers, booleans, nulls; those of objects as `measures.QT`. Arrays and the table of
    /// tensors do not.
    public var scalars: [(name: String, value: JSON)] {
        var result: [(name: String, value: JSON)] = []
        for name in names where name != "tensors" {
            if let value = self[name] { Self.collect(name, value, &result) }
        }
        return result
    }

    private static func collect(_ name: String, _ value: JSON, _ result: inout [(name: String, value: JSON)]) {
        switch value {
        case .array: break
        case .object(let object): for member in object.members { collect(name + "." + member.name, member.value, &result) }
        default: result.append((name, value))
        }
    }
}
