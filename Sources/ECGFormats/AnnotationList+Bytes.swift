// SPDX-License-Identifier: GPL-3.0-or-later

extension AnnotationList {
    /// The file's bytes in MIT format, readable by the WFDB library and wfdb-python.
    ///
    /// The time resolution and definitions come first, as notes at sample 0. The annotations must be in order of time.
    /// - Throws: `.request` for a text of more than 255 bytes, a code above 58, or annotations out of order.
    public func bytes() throws(FormatError) -> [UInt8] {
        var out = AnnotationBytes()
        var notes: [String] = []
        if let resolution { notes.append("## time resolution: \(AnnotationList.text(resolution))") }
        if !definitions.isEmpty {
            notes.append("## annotation type definitions")
            for one in definitions { notes.append("\(one.code.number) \(one.symbol) \(one.description)") }
            notes.append("## end of definitions")
        }
        for note in notes { try out.append(Annotation(sample: 0, code: .note, aux: note)) }
        // What follows must not be taken for the file's own description: an empty annotation stands between.
        if !notes.isEmpty { try out.append(Annotation(sample: 0, code: AnnotationCode(0))) }
        for annotation in annotations { try out.append(annotation) }
        return out.bytes + [0, 0]
    }

    /// Writes the file RECORD.EXTENSION; it appears only when it is whole.
    public func write(to path: String) throws(FormatError) {
        let file = try OutputFile(path: path)
        try file.write(bytes())
        try file.commit()
    }

    /// `360` rather than `360.0`.
    static func text(_ number: Double) -> String {
        if number == number.rounded(), abs(number) < 1e15 { return "\(Int(number))" }
        return "\(number)"
    }
}

/// Annotations as words, each with the fields that differ from the one before.
private struct AnnotationBytes {
    private(set) var bytes: [UInt8] = []
    private var time = 0
    private var channel: UInt8 = 0
    private var number: Int8 = 0

    mutating func append(_ annotation: Annotation) throws(FormatError) {
        var distance = annotation.sample - time
        guard distance >= 0 else {
            throw FormatError(.request, at: nil, "annotation at sample \(annotation.sample) after one at \(time): they must be in order")
        }
        guard annotation.code.number <= AnnotationCode.highest else {
            throw FormatError(.request, at: nil, "annotation code \(annotation.code.number) can't be stored")
        }
        // An annotation with code 0 and distance 0 would be the end mark: it steps back by one first, as the WFDB library writes it.
        if annotation.code.number == 0 && distance & 0x3FF == 0 && distance <= 1023 {
            skip(distance - 1)
            distance = 1
        }
        while distance > 1023 {
            let step = min(distance, Int(Int32.max))
            skip(step)
            distance -= step
        }
        word(annotation.code.number, UInt16(distance))
        time = annotation.sample
        if annotation.subtype != 0 { word(61, UInt16(UInt8(bitPattern: annotation.subtype))) }
        if annotation.channel != channel { word(62, UInt16(annotation.channel)) }
        if annotation.number != number { word(60, UInt16(UInt8(bitPattern: annotation.number))) }
        channel = annotation.channel
        number = annotation.number
        guard let aux = annotation.aux.map({ Array($0.utf8) }), !aux.isEmpty else { return }
        guard aux.count <= 255 else {
            throw FormatError(.request, at: nil, "a text of \(aux.count) bytes at sample \(time): 255 is the most")
        }
        word(63, UInt16(aux.count))
        bytes += aux
        if aux.count % 2 == 1 { bytes.append(0) }
    }

    private mutating func word(_ code: UInt8, _ data: UInt16) {
        let word = UInt16(code) << 10 | data
        bytes += [UInt8(word & 0xFF), UInt8(word >> 8)]
    }

    private mutating func skip(_ distance: Int) {
        let bits = UInt32(bitPattern: Int32(truncatingIfNeeded: distance))
        word(59, 0)
        bytes += [UInt8(bits >> 16 & 0xFF), UInt8(bits >> 24), UInt8(bits & 0xFF), UInt8(bits >> 8 & 0xFF)]
    }
}
