// SPDX-License-Identifier: GPL-3.0-or-later

/// What is wrong with a JSON text, and at which byte of it.
public struct JSONError: Error, Sendable, CustomStringConvertible {
    public let message: String
    public let offset: Int
    public var description: String { "\(message) at byte \(offset) of the JSON text" }
}

/// Walks over a JSON text (RFC 8259, UTF-8) and checks every byte of it, without making anything.
///
/// The reader runs it over the meta of every record, so it must keep pace with the payload: no allocation, eight bytes of a string at a time.
struct JSONScanner {
    /// Deeper nesting is refused, since it could exhaust the stack.
    static let maximumDepth = 128

    let base: UnsafePointer<UInt8>
    let end: Int
    var offset: Int

    init(_ bytes: UnsafeRawBufferPointer) {
        // An empty buffer may have no address; with `end` 0 nothing is ever read through this one.
        base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? UnsafePointer(bitPattern: 64).unsafelyUnwrapped
        end = bytes.count
        offset = 0
    }

    func fail(_ message: String) -> JSONError { JSONError(message: message, offset: offset) }

    @inline(__always)
    mutating func skipSpace() {
        while offset < end {
            switch base[offset] {
            case 0x20, 0x0A, 0x0D, 0x09: offset += 1
            default: return
            }
        }
    }

    /// The next byte after any space, or 0 at the end (0 is never valid between tokens).
    @inline(__always)
    mutating func peek() -> UInt8 {
        if offset < end, base[offset] > 0x20 { return base[offset] }
        skipSpace()
        return offset < end ? base[offset] : 0
    }

    @inline(__always)
    mutating func expect(_ byte: UInt8, _ name: StaticString) throws(JSONError) {
        guard peek() == byte else { throw fail("\(name) expected") }
        offset += 1
    }

    /// Over one value of any kind.
    mutating func value(depth: Int = 0) throws(JSONError) {
        switch peek() {
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "{"): try object(depth: depth)
        case UInt8(ascii: "["): try array(depth: depth)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        default: throw fail(offset < end ? "a value expected" : "the text ends too early")
        }
    }

    private mutating func object(depth: Int) throws(JSONError) {
        guard depth < Self.maximumDepth else { throw fail("nested too deeply") }
        offset += 1
        if peek() == UInt8(ascii: "}") {
            offset += 1
            return
        }
        while true {
            guard peek() == UInt8(ascii: "\"") else { throw fail("a member's name expected") }
            _ = try string()
            try expect(UInt8(ascii: ":"), "':'")
            try value(depth: depth + 1)
            switch peek() {
            case UInt8(ascii: ","): offset += 1
            case UInt8(ascii: "}"):
                offset += 1
                return
            default: throw fail("',' or '}' expected")
            }
        }
    }

    private mutating func array(depth: Int) throws(JSONError) {
        guard depth < Self.maximumDepth else { throw fail("nested too deeply") }
        offset += 1
        if peek() == UInt8(ascii: "]") {
            offset += 1
            return
        }
        while true {
            try value(depth: depth + 1)
            switch peek() {
            case UInt8(ascii: ","): offset += 1
            case UInt8(ascii: "]"):
                offset += 1
                return
            default: throw fail("',' or ']' expected")
            }
        }
    }

    /// Over a string that starts here; says whether it holds escapes.
    @inline(__always)
    mutating func string() throws(JSONError) -> Bool {
        offset += 1
        var escaped = false
        while true {
            // Eight plain ASCII bytes at a time: none below 0x20, none above 0x7E, no quote, no backslash.
            while offset + 8 <= end {
                let word = UnsafeRawPointer(base + offset).loadUnaligned(as: UInt64.self)
                let ones: UInt64 = 0x0101_0101_0101_0101
                let tops: UInt64 = 0x8080_8080_8080_8080
                let quote = word ^ (ones &* 0x22)
                let slash = word ^ (ones &* 0x5C)
                let special = ((quote &- ones) & ~quote) | ((slash &- ones) & ~slash) | (word &- ones &* 0x20) | word
                let found = special & tops
                if found != 0 {
                    // Bytes before the lowest mark are plain; borrows only spoil higher ones.
                    offset += found.trailingZeroBitCount >> 3
                    break
                }
                offset += 8
            }
            guard offset < end else { throw fail("a string without its end") }
            let byte = base[offset]
            switch byte {
            case 0x22:
                offset += 1
                return escaped
            case 0x5C:
                escaped = true
                try escape()
            case 0..<0x20: throw fail("a control character in a string")
            case 0x80...: try multibyte()
            default: offset += 1
            }
        }
    }

    private mutating func escape() throws(JSONError) {
        guard offset + 1 < end else { throw fail("a string without its end") }
        switch base[offset + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            offset += 2
        case UInt8(ascii: "u"):
            guard offset + 6 <= end, (2..<6).allSatisfy({ Self.hexDigit(base[offset + $0]) != nil }) else {
                throw fail("\\u without four hexadecimal digits")
            }
            offset += 6
        default: throw fail("an unknown escape")
        }
    }

    static func hexDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    /// Over one character of two to four bytes (RFC 3629: shortest form, no surrogates, nothing beyond U+10FFFF).
    private mutating func multibyte() throws(JSONError) {
        let first = base[offset]
        let (length, low, high): (Int, UInt8, UInt8) =
            switch first {
            case 0xC2...0xDF: (2, 0x80, 0xBF)
            case 0xE0: (3, 0xA0, 0xBF)
            case 0xED: (3, 0x80, 0x9F)
            case 0xE1...0xEF: (3, 0x80, 0xBF)
            case 0xF0: (4, 0x90, 0xBF)
            case 0xF1...0xF3: (4, 0x80, 0xBF)
            case 0xF4: (4, 0x80, 0x8F)
            default: (0, 0, 0)
            }
        guard length > 0, offset + length <= end, base[offset + 1] >= low, base[offset + 1] <= high,
            (2..<max(length, 2)).allSatisfy({ base[offset + $0] & 0xC0 == 0x80 })
        else { throw fail("bytes that are not UTF-8") }
        offset += length
    }

    @inline(__always)
    private mutating func digits() throws(JSONError) {
        let first = offset
        while offset < end, base[offset] &- UInt8(ascii: "0") <= 9 { offset += 1 }
        guard offset > first else { throw fail("a digit expected") }
    }

    mutating func number() throws(JSONError) {
        if base[offset] == UInt8(ascii: "-") { offset += 1 }
        if offset < end, base[offset] == UInt8(ascii: "0") { offset += 1 } else { try digits() }
        if offset < end, base[offset] == UInt8(ascii: ".") {
            offset += 1
            try digits()
        }
        if offset < end, base[offset] | 0x20 == UInt8(ascii: "e") {
            offset += 1
            if offset < end, base[offset] == UInt8(ascii: "+") || base[offset] == UInt8(ascii: "-") { offset += 1 }
            try digits()
        }
    }

    private mutating func literal(_ word: StaticString) throws(JSONError) {
        for index in 0..<word.utf8CodeUnitCount {
            guard offset < end, base[offset] == word.utf8Start[index] else { throw fail("a value expected") }
            offset += 1
        }
    }
}
