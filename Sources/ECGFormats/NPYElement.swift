// SPDX-License-Identifier: GPL-3.0-or-later

/// The type of an array's elements, as NumPy's descriptors name it: `<f4`, `>i2`, `|u1`, `<U8`.
public struct NPYElement: Sendable, Equatable {
    public enum Kind: Sendable { case float, signed, unsigned, boolean, bytes, unicode }

    public let kind: Kind
    /// Bytes of an element.
    public let size: Int
    public let isBigEndian: Bool

    init?(_ descriptor: String) {
        let characters = Array(descriptor.utf8)
        guard characters.count >= 3, let width = Int(descriptor.dropFirst(2)), width > 0, width <= 1 << 16 else { return nil }
        guard [UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "|"), UInt8(ascii: "=")].contains(characters[0]) else { return nil }
        isBigEndian = characters[0] == UInt8(ascii: ">")
        switch (characters[1], width) {
        case (UInt8(ascii: "f"), 2), (UInt8(ascii: "f"), 4), (UInt8(ascii: "f"), 8): kind = .float
        case (UInt8(ascii: "i"), 1), (UInt8(ascii: "i"), 2), (UInt8(ascii: "i"), 4), (UInt8(ascii: "i"), 8): kind = .signed
        case (UInt8(ascii: "u"), 1), (UInt8(ascii: "u"), 2), (UInt8(ascii: "u"), 4), (UInt8(ascii: "u"), 8): kind = .unsigned
        case (UInt8(ascii: "b"), 1): kind = .boolean
        case (UInt8(ascii: "S"), _): kind = .bytes
        case (UInt8(ascii: "U"), _): kind = .unicode
        default: return nil
        }
        size = kind == .unicode ? width * 4 : width
    }

    private func pattern(_ bytes: [UInt8], at start: Int, width: Int) -> UInt64 {
        var pattern: UInt64 = 0
        for index in 0..<width { pattern = pattern << 8 | UInt64(bytes[isBigEndian ? start + index : start + width - 1 - index]) }
        return pattern
    }

    /// The element as a number, nil for text.
    func number(_ bytes: [UInt8], at start: Int) -> Double? {
        switch kind {
        case .float:
            let bits = pattern(bytes, at: start, width: size)
            switch size {
            case 2: return Double(NPYElement.half(UInt16(truncatingIfNeeded: bits)))
            case 4: return Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
            default: return Double(bitPattern: bits)
            }
        case .signed: return Double(signed(bytes, at: start))
        case .unsigned, .boolean: return Double(pattern(bytes, at: start, width: size))
        case .bytes, .unicode: return nil
        }
    }

    private func signed(_ bytes: [UInt8], at start: Int) -> Int64 {
        let unused = 64 - 8 * size
        return Int64(bitPattern: pattern(bytes, at: start, width: size) << UInt64(unused)) >> Int64(unused)
    }

    /// IEEE 754 half precision, which Swift has no type for on every processor.
    private static func half(_ bits: UInt16) -> Float {
        let sign: Float = bits & 0x8000 == 0 ? 1 : -1
        let exponent = Int(bits >> 10 & 0x1F)
        let fraction = Float(bits & 0x3FF)
        switch exponent {
        case 0: return sign * fraction * 0x1p-24
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default: return sign * (1024 + fraction) * Float(sign: .plus, exponent: exponent - 25, significand: 1)
        }
    }

    /// The element as text.
    func text(_ bytes: [UInt8], at start: Int) -> String {
        switch kind {
        case .bytes: return ByteText.string(bytes[start..<(start + size)].prefix { $0 != 0 })
        case .unicode:
            var text = ""
            for index in 0..<(size / 4) {
                let code = UInt32(truncatingIfNeeded: pattern(bytes, at: start + 4 * index, width: 4))
                if code == 0 { break }
                text.unicodeScalars.append(Unicode.Scalar(code) ?? "\u{FFFD}")
            }
            return text
        case .signed: return "\(signed(bytes, at: start))"
        case .unsigned, .boolean: return "\(pattern(bytes, at: start, width: size))"
        case .float: return AnnotationList.text(number(bytes, at: start) ?? .nan)
        }
    }
}
