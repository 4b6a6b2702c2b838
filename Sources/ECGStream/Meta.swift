// SPDX-License-Identifier: GPL-3.0-or-later

/// The JSON object of a frame: members in order, each with its own text, which stays as it is unless it is set anew.
///
///     record.meta["label"] = "V"
///     if let fs = record.meta["fs"]?.double { … }
public struct Meta: Sendable, Equatable {
    /// A member as it is written: a number keeps its digits, an object its spaces.
    struct Member: Sendable, Equatable {
        let name: String
        /// The name as written, where it is written with escapes.
        let nameText: String?
        var text: String
    }

    private(set) var members: [Member] = []

    public init() {}

    /// Members in order; the last of equal names counts.
    public init(_ members: [(String, JSON)]) {
        for (name, value) in members { self[name] = value }
    }

    /// The object that a text holds. - Throws: `JSONError`
    public init(parsing text: String) throws(JSONError) {
        var text = text
        let result = text.withUTF8 { utf8 in Result { () throws(JSONError) in try Meta(parsing: UnsafeRawBufferPointer(utf8)) } }
        self = try result.get()
    }

    init(parsing bytes: UnsafeRawBufferPointer) throws(JSONError) {
        var scanner = JSONScanner(bytes)
        members.reserveCapacity(16)
        var names = NameSet()
        try scanner.eachMember { scanner throws(JSONError) in
            let nameStart = scanner.offset + 1
            let escaped = try scanner.string()
            let written = scanner.text(from: nameStart, to: scanner.offset - 1)
            let name = escaped ? scanner.unescaped(from: nameStart, to: scanner.offset - 1) : written
            guard names.insert(name) else { throw scanner.fail("the name '\(name)' twice in one object") }
            try scanner.expect(UInt8(ascii: ":"), "':'")
            scanner.skipSpace()
            let start = scanner.offset
            try scanner.value(depth: 1)
            let text = scanner.text(from: start, to: scanner.offset)
            members.append(Member(name: name, nameText: escaped ? written : nil, text: text))
        }
        guard scanner.peek() == 0, scanner.offset == scanner.end else { throw scanner.fail("more than one value") }
    }

    /// The names, in order.
    public var names: [String] { members.map(\.name) }

    /// The text of a member's value as it is written.
    public func text(of name: String) -> String? { members.first { $0.name == name }?.text }

    /// Sets a member to a JSON text, which the caller knows to be valid.
    mutating func setText(_ text: String, of name: String) {
        if let index = members.firstIndex(where: { $0.name == name }) {
            members[index].text = text
        } else {
            members.append(Member(name: name, nameText: nil, text: text))
        }
    }

    /// A member's value. Setting replaces in place or appends at the end; `nil` removes the member, `JSON.null` writes null.
    public subscript(name: String) -> JSON? {
        get {
            // A member's text was checked when it came in, so it parses.
            guard let text = text(of: name) else { return nil }
            return try? JSON(parsing: text)
        }
        set {
            if let newValue { setText(newValue.text, of: name) } else { members.removeAll { $0.name == name } }
        }
    }

    /// The whole object as one JSON value.
    public var json: JSON { .object(JSON.Object(members.compactMap { member in self[member.name].map { (member.name, $0) } })) }

    /// The whole object as text on one line, untouched members as they came.
    public var text: String {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    func write(to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "{"))
        for (index, member) in members.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            member.write(to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
    }
}

extension Meta.Member {
    func write(to bytes: inout [UInt8]) {
        if let nameText {
            bytes.append(UInt8(ascii: "\""))
            bytes.append(contentsOf: nameText.utf8)
            bytes.append(UInt8(ascii: "\""))
        } else {
            JSON.write(name, to: &bytes)
        }
        bytes.append(UInt8(ascii: ":"))
        bytes.append(contentsOf: text.utf8)
    }
}

extension JSONScanner {
    /// Over an object: calls `body` at the opening quote of each member's name; the body moves past the member.
    mutating func eachMember(_ body: (inout JSONScanner) throws(JSONError) -> Void) throws(JSONError) {
        try expect(UInt8(ascii: "{"), "an object")
        if peek() == UInt8(ascii: "}") {
            offset += 1
            return
        }
        while true {
            guard peek() == UInt8(ascii: "\"") else { throw fail("a member's name expected") }
            try body(&self)
            switch peek() {
            case UInt8(ascii: ","): offset += 1
            case UInt8(ascii: "}"):
                offset += 1
                return
            default: throw fail("',' or '}' expected")
            }
        }
    }

    /// Over an array: calls `body` at the start of each element; the body moves past it.
    mutating func eachElement(_ body: (inout JSONScanner) throws(JSONError) -> Void) throws(JSONError) {
        try expect(UInt8(ascii: "["), "an array")
        if peek() == UInt8(ascii: "]") {
            offset += 1
            return
        }
        while true {
            skipSpace()
            try body(&self)
            switch peek() {
            case UInt8(ascii: ","): offset += 1
            case UInt8(ascii: "]"):
                offset += 1
                return
            default: throw fail("',' or ']' expected")
            }
        }
    }
}
