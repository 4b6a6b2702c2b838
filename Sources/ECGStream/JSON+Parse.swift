// SPDX-License-Identifier: GPL-3.0-or-later

extension JSON {
    /// The value that a text holds: one value and nothing else but space around it.
    ///
    /// - Throws: `JSONError` where the text is not JSON, is not UTF-8, is nested more than 128 deep, or an object has a name twice.
    public init(parsing text: String) throws(JSONError) {
        var text = text
        let result = text.withUTF8 { utf8 in Result { () throws(JSONError) in try JSON(parsing: UnsafeRawBufferPointer(utf8)) } }
        self = try result.get()
    }

    public init(parsing bytes: UnsafeRawBufferPointer) throws(JSONError) {
        var scanner = JSONScanner(bytes)
        self = try scanner.parse(depth: 0)
        guard scanner.peek() == 0, scanner.offset == scanner.end else { throw scanner.fail("more than one value") }
    }
}

extension JSONScanner {
    /// The text between two offsets.
    func text(from start: Int, to end: Int) -> String {
        String(decoding: UnsafeBufferPointer(start: base + start, count: end - start), as: UTF8.self)
    }

    /// The string that starts here, with its escapes resolved; half a surrogate pair becomes U+FFFD.
    mutating func parseString() throws(JSONError) -> String {
        let start = offset + 1
        let escaped = try string()
        return escaped ? unescaped(from: start, to: offset - 1) : text(from: start, to: offset - 1)
    }

    func unescaped(from start: Int, to end: Int) -> String {
        var utf16: [UInt16] = []
        var result = ""
        var index = start
        func flush() {
            result += String(decoding: utf16, as: UTF16.self)
            utf16.removeAll(keepingCapacity: true)
        }
        while index < end {
            guard base[index] == UInt8(ascii: "\\") else {
                flush()
                let run = index
                while index < end, base[index] != UInt8(ascii: "\\") { index += 1 }
                result += text(from: run, to: index)
                continue
            }
            let kind = base[index + 1]
            index += 2
            switch kind {
            case UInt8(ascii: "b"): utf16.append(8)
            case UInt8(ascii: "f"): utf16.append(12)
            case UInt8(ascii: "n"): utf16.append(10)
            case UInt8(ascii: "r"): utf16.append(13)
            case UInt8(ascii: "t"): utf16.append(9)
            case UInt8(ascii: "u"):
                let code = (0..<4).reduce(UInt32(0)) { $0 << 4 | (Self.hexDigit(base[index + $1]) ?? 0) }
                utf16.append(UInt16(code))
                index += 4
            default: utf16.append(UInt16(kind))
            }
        }
        flush()
        return result
    }

    mutating func parse(depth: Int) throws(JSONError) -> JSON {
        let first = peek()
        guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else {
            if first == UInt8(ascii: "\"") { return .string(try parseString()) }
            let start = offset
            try value()
            return switch first {
            case UInt8(ascii: "t"): .bool(true)
            case UInt8(ascii: "f"): .bool(false)
            case UInt8(ascii: "n"): .null
            default: .number(text(from: start, to: offset))
            }
        }
        guard depth < Self.maximumDepth else { throw fail("nested too deeply") }
        offset += 1
        return first == UInt8(ascii: "{") ? try parseObject(depth: depth) : try parseArray(depth: depth)
    }

    private mutating func parseArray(depth: Int) throws(JSONError) -> JSON {
        var values: [JSON] = []
        if peek() == UInt8(ascii: "]") {
            offset += 1
            return .array(values)
        }
        while true {
            values.append(try parse(depth: depth + 1))
            switch peek() {
            case UInt8(ascii: ","): offset += 1
            case UInt8(ascii: "]"):
                offset += 1
                return .array(values)
            default: throw fail("',' or ']' expected")
            }
        }
    }

    private mutating func parseObject(depth: Int) throws(JSONError) -> JSON {
        var members: [(name: String, value: JSON)] = []
        var names = NameSet()
        if peek() == UInt8(ascii: "}") {
            offset += 1
            return .object(JSON.Object())
        }
        while true {
            guard peek() == UInt8(ascii: "\"") else { throw fail("a member's name expected") }
            let name = try parseString()
            guard names.insert(name) else { throw fail("the name '\(name)' twice in one object") }
            try expect(UInt8(ascii: ":"), "':'")
            members.append((name, try parse(depth: depth + 1)))
            switch peek() {
            case UInt8(ascii: ","): offset += 1
            case UInt8(ascii: "}"):
                offset += 1
                return .object(JSON.Object(unique: members))
            default: throw fail("',' or '}' expected")
            }
        }
    }
}

/// Names seen so far: compared one by one while they are few, hashed when they are many.
struct NameSet {
    private var few: [String] = []
    private var many: Set<String> = []

    /// False if the name is there already.
    mutating func insert(_ name: String) -> Bool {
        if few.count < 16 {
            if few.contains(name) { return false }
            few.append(name)
            return true
        }
        if many.isEmpty { many = Set(few) }
        return many.insert(name).inserted
    }
}
