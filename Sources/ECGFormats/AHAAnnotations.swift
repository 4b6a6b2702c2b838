// SPDX-License-Identifier: GPL-3.0-or-later

/// Annotation files of the American Heart Association's database: 16 bytes each, as annot(5) describes them.
enum AHAAnnotations {
    /// Such a file starts with a zero byte and a code letter, which no MIT file does.
    static func looksLikeIt(_ bytes: [UInt8]) -> Bool {
        bytes.count >= 16 && bytes[0] == 0 && bytes[1] != UInt8(ascii: "[") && bytes[1] != UInt8(ascii: "]") && code(bytes[1]) != nil
    }

    static func parse(_ bytes: [UInt8], place: String) throws(FormatError) -> [Annotation] {
        var annotations: [Annotation] = []
        var at = 0
        // The last block is filled up with 0xFF.
        while at < bytes.count, bytes[at] != 0xFF {
            guard at + 16 <= bytes.count else { throw .damaged("\(place):byte \(at)", "an AHA annotation is cut short") }
            guard let number = code(bytes[at + 1]) else {
                throw .damaged("\(place):byte \(at)", "unknown AHA annotation code \(bytes[at + 1])")
            }
            // Times are 32 bits with the high word first, as a PDP-11 stored them.
            let low = UInt32(bytes[at + 4]) | UInt32(bytes[at + 5]) << 8
            let high = UInt32(bytes[at + 2]) | UInt32(bytes[at + 3]) << 8
            let time = Int(Int32(bitPattern: high << 16 | low))
            guard time >= 0 else { throw .damaged("\(place):byte \(at)", "annotation before the start of the record (sample \(time))") }
            var subtype = Int8(bitPattern: bytes[at + 8])
            if bytes[at + 1] == UInt8(ascii: "U") && subtype == 0 { subtype = -1 }
            let aux = ByteText.string(bytes[(at + 10)..<(at + 16)].prefix { $0 != 0 })
            annotations.append(
                Annotation(sample: time, code: AnnotationCode(number), subtype: subtype, aux: aux.isEmpty ? nil : aux))
            at += 16
        }
        return annotations
    }

    /// MIT code of an AHA letter (ecgmap.h).
    private static func code(_ letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "N"): 1
        case UInt8(ascii: "V"): 5
        case UInt8(ascii: "F"): 6
        case UInt8(ascii: "O"): 22
        case UInt8(ascii: "E"): 10
        case UInt8(ascii: "P"): 12
        case UInt8(ascii: "Q"): 13
        case UInt8(ascii: "R"): 41
        case UInt8(ascii: "["): 32
        case UInt8(ascii: "]"): 33
        case UInt8(ascii: "U"): 14
        default: nil
        }
    }
}
