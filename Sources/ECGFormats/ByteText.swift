// SPDX-License-Identifier: GPL-3.0-or-later

/// Text as it comes in headers: bytes of no stated encoding, cut into lines and fields.
enum ByteText {
    /// UTF-8 where the bytes are valid UTF-8, else Latin-1, which old headers use for µ.
    static func string(_ bytes: some Sequence<UInt8>) -> String {
        let bytes = Array(bytes)
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        var text = ""
        for byte in bytes { text.unicodeScalars.append(Unicode.Scalar(byte)) }
        return text
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var bytes = bytes
        while let first = bytes.first, isBlank(first) { bytes.removeFirst() }
        while let last = bytes.last, isBlank(last) { bytes.removeLast() }
        return bytes
    }

    /// The lines of a file, ended by LF, CR LF or CR.
    static func lines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var start = 0
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == 0x0A || byte == 0x0D {
                lines.append(bytes[start..<index])
                if byte == 0x0D && index + 1 < bytes.count && bytes[index + 1] == 0x0A { index += 1 }
                start = index + 1
            }
            index += 1
        }
        if start < bytes.count { lines.append(bytes[start...]) }
        return lines
    }

    /// A decimal integer that is the whole field; nil for anything else and for what Int can't hold.
    static func integer(_ field: ArraySlice<UInt8>) -> Int? {
        guard !field.isEmpty, field.count <= 20 else { return nil }
        return Int(ByteText.string(field))
    }

    /// A finite decimal number that is the whole field.
    static func number(_ field: ArraySlice<UInt8>) -> Double? {
        guard !field.isEmpty, field.count <= 64 else { return nil }
        for byte in field {
            let isDigit = (0x30...0x39).contains(byte)
            guard isDigit || byte == 0x2B || byte == 0x2D || byte == 0x2E || byte | 0x20 == 0x65 else { return nil }
        }
        guard let value = Double(ByteText.string(field)), value.isFinite else { return nil }
        return value
    }
}

/// The fields of one line, taken from its front.
struct FieldScanner {
    private(set) var rest: ArraySlice<UInt8>

    init(_ line: ArraySlice<UInt8>) { rest = ByteText.trimmed(line) }

    /// The next field up to a blank, nil at the end of the line.
    mutating func next() -> ArraySlice<UInt8>? {
        guard !rest.isEmpty else { return nil }
        let end = rest.firstIndex(where: ByteText.isBlank) ?? rest.endIndex
        let field = rest[..<end]
        rest = ByteText.trimmed(rest[end...])
        return field
    }
}
