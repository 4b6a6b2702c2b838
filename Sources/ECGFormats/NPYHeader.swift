// SPDX-License-Identifier: GPL-3.0-or-later

/// The dictionary at the start of a NumPy array file: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 430), }`.
struct NPYHeader {
    let element: NPYElement
    let isFortranOrder: Bool
    let shape: [Int]

    init(_ text: [UInt8], path: String) throws(FormatError) {
        var scanner = Literal(text: text)
        guard let fields = scanner.dictionary() else { throw .damaged(path, "its header is no Python dictionary") }
        guard case .text(let descriptor)? = fields["descr"] else { throw .damaged(path, "arrays of structures can't be read") }
        guard let element = NPYElement(descriptor) else { throw .damaged(path, "elements of type \(descriptor) can't be read") }
        guard case .word(let order)? = fields["fortran_order"], order == "True" || order == "False" else {
            throw .damaged(path, "its header has no valid fortran_order")
        }
        guard case .tuple(let shape)? = fields["shape"] else { throw .damaged(path, "its header has no valid shape") }
        self.element = element
        isFortranOrder = order == "True"
        self.shape = shape
    }

    private enum Value {
        case text(String)
        case word(String)
        case tuple([Int])
    }

    /// The little of Python's literals that such a header may hold.
    private struct Literal {
        let text: [UInt8]
        var at = 0

        mutating func skipBlanks() { while at < text.count, ByteText.isBlank(text[at]) { at += 1 } }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            skipBlanks()
            guard at < text.count, text[at] == UInt8(ascii: character) else { return false }
            at += 1
            return true
        }

        mutating func quoted() -> String? {
            skipBlanks()
            guard at < text.count, text[at] == UInt8(ascii: "'") || text[at] == UInt8(ascii: "\"") else { return nil }
            guard let end = text[(at + 1)...].firstIndex(of: text[at]) else { return nil }
            defer { at = end + 1 }
            return ByteText.string(text[(at + 1)..<end])
        }

        mutating func word() -> String? {
            skipBlanks()
            let end = text[at...].firstIndex { !(0x30...0x39).contains($0) && !(0x41...0x5A).contains($0 & 0xDF) } ?? text.count
            guard end > at else { return nil }
            defer { at = end }
            return ByteText.string(text[at..<end])
        }

        mutating func tuple() -> [Int]? {
            var numbers: [Int] = []
            while !take(")") {
                // Python 2 wrote long integers as 12L.
                guard let word = word(), let number = Int(word.hasSuffix("L") ? String(word.dropLast()) : word), number >= 0,
                    numbers.count < 32
                else { return nil }
                numbers.append(number)
                if !take(",") { return take(")") ? numbers : nil }
            }
            return numbers
        }

        mutating func dictionary() -> [String: Value]? {
            guard take("{") else { return nil }
            var fields: [String: Value] = [:]
            while !take("}") {
                guard let name = quoted(), take(":") else { return nil }
                if let text = quoted() {
                    fields[name] = .text(text)
                } else if take("(") {
                    guard let numbers = tuple() else { return nil }
                    fields[name] = .tuple(numbers)
                } else if let word = word() {
                    fields[name] = .word(word)
                } else {
                    return nil
                }
                if !take(",") { return take("}") ? fields : nil }
            }
            return fields
        }
    }
}
