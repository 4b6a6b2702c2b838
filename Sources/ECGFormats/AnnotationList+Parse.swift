// SPDX-License-Identifier: GPL-3.0-or-later

extension AnnotationList {
    /// Reads an annotation file.
    public init(path: String) throws(FormatError) {
        try self.init(ByteFile.contents(of: path, limit: 1 << 30), place: path)
    }

    /// Parses the MIT format of annot(5): words of a 6-bit code and a 10-bit time, pseudo-annotations between, a zero word at the end.
    ///
    /// Annotations with code 0 only move the time and are dropped. Notes at sample 0 before all others describe the file: its time
    /// resolution, symbols of its own, the program that made it.
    /// - Throws: `.damaged` if the file ends without its end mark, inside an annotation, or leaves the range of time.
    public init(_ bytes: [UInt8], place: String) throws(FormatError) {
        self.init()
        if AHAAnnotations.looksLikeIt(bytes) {
            annotations = try AHAAnnotations.parse(bytes, place: place)
            return
        }
        var scanner = WordScanner(bytes: bytes, place: place)
        var time = 0
        var current: Annotation?
        var channel: UInt8 = 0
        var number: Int8 = 0
        var all: [Annotation] = []
        while true {
            let at = scanner.position
            let word = try scanner.word()
            if word == 0 { break }
            let code = UInt8(word >> 10)
            let data = Int(word & 0x3FF)
            switch code {
            case 59:
                let skip = Int(Int32(bitPattern: UInt32(try scanner.word()) << 16 | UInt32(try scanner.word())))
                time += skip
            case 60:
                number = Int8(truncatingIfNeeded: data)
                current?.number = number
            case 61: current?.subtype = Int8(truncatingIfNeeded: data)
            case 62:
                channel = UInt8(truncatingIfNeeded: data)
                current?.channel = channel
            case 63:
                let text = ByteText.string(try scanner.text(data & 0xFF).prefix { $0 != 0 })
                current?.aux = text
            default:
                if let current { all.append(current) }
                time += data
                // A file of 2^31 skips of 2^31 each doesn't fit into a disk, so time can't overflow; before 0 is no time.
                guard time >= 0 else { throw .damaged("\(place):byte \(at)", "annotation before the start of the record (sample \(time))") }
                current = Annotation(sample: time, code: AnnotationCode(code), channel: channel, number: number)
            }
        }
        if let current { all.append(current) }
        annotations = takeDefinitions(from: all).filter { $0.code.number != 0 }
    }

    /// Takes the leading notes at sample 0, as the WFDB library does: they describe the file, and no moment of the record.
    private mutating func takeDefinitions(from all: [Annotation]) -> [Annotation] {
        var isInTable = false
        var taken = 0
        for annotation in all {
            guard annotation.sample == 0, annotation.subtype == 0, annotation.code == .note || annotation.code.number == 0 else { break }
            guard annotation.code == .note else {
                taken += 1
                continue
            }
            let text = annotation.aux ?? ""
            if text.hasPrefix("## time resolution: ") {
                resolution = Double(text.dropFirst(20).prefix { $0 != " " }).flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
            } else if text.hasPrefix("## annotation type definitions") {
                isInTable = true
            } else if text.hasPrefix("## end of definitions") {
                isInTable = false
            } else if isInTable {
                let parts = text.split(separator: " ", maxSplits: 2)
                if parts.count >= 2, let code = UInt8(parts[0]), code <= AnnotationCode.highest {
                    let description = parts.count > 2 ? String(parts[2]) : ""
                    definitions.append(AnnotationDefinition(code: AnnotationCode(code), symbol: String(parts[1]), description: description))
                }
            }
            taken += 1
        }
        return Array(all[taken...])
    }
}

/// 16-bit little-endian words, and the texts between them.
private struct WordScanner {
    let bytes: [UInt8]
    let place: String
    private(set) var position = 0

    init(bytes: [UInt8], place: String) {
        self.bytes = bytes
        self.place = place
    }

    mutating func word() throws(FormatError) -> UInt16 {
        guard position + 2 <= bytes.count else { throw .damaged("\(place):byte \(position)", "the annotations end without their end mark") }
        defer { position += 2 }
        return UInt16(bytes[position]) | UInt16(bytes[position + 1]) << 8
    }

    /// A text of `count` bytes, padded to whole words.
    mutating func text(_ count: Int) throws(FormatError) -> ArraySlice<UInt8> {
        let padded = count + count % 2
        guard position + padded <= bytes.count else {
            throw .damaged("\(place):byte \(position)", "the text of an annotation is cut short")
        }
        defer { position += padded }
        return bytes[position..<(position + count)]
    }
}
