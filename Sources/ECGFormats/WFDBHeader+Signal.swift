// SPDX-License-Identifier: GPL-3.0-or-later

extension WFDBHeader {
    /// `file format[xSPF][:skew][+offset] [gain[(baseline)][/units]] [resolution] [zero] [initial] [checksum] [block] [description]`
    func signal(_ line: ArraySlice<UInt8>, index: Int, at place: String) throws(FormatError) -> Signal {
        var fields = FieldScanner(line)
        var signal = Signal()
        signal.fileName = ByteText.string(fields.next() ?? [])
        guard let format = fields.next() else { throw .damaged(place, "signal \(index) has no format") }
        try WFDBHeader.parseFormat(format, into: &signal, at: place)
        var statedBaseline: Int?
        if let field = fields.next() { statedBaseline = try WFDBHeader.parseGain(field, into: &signal, at: place) }
        func integer(_ meaning: String) throws(FormatError) -> Int? {
            guard let field = fields.next() else { return nil }
            // ADC figures of more than 64 bits or with a fraction are nobody's; the sum of a signal fits easily.
            guard let value = ByteText.integer(field) else {
                throw .damaged(place, "\(WFDBHeader.quoted(field)) is not \(meaning) of signal \(index)")
            }
            return value
        }
        signal.adcResolution = try integer("an ADC resolution") ?? 0
        signal.adcZero = try integer("an ADC zero") ?? 0
        signal.baseline = statedBaseline ?? signal.adcZero
        signal.initialValue = try integer("an initial value") ?? signal.adcZero
        signal.checksum = try integer("a checksum")
        signal.blockSize = try integer("a block size") ?? 0
        let description = ByteText.string(fields.rest)
        signal.name = description.isEmpty ? "record \(name), signal \(index)" : description
        if signal.adcResolution == 0 { signal.adcResolution = signal.format == .null ? 12 : min(signal.format.bits, 32) }
        return signal
    }

    private static func parseFormat(_ field: ArraySlice<UInt8>, into signal: inout Signal, at place: String) throws(FormatError) {
        let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) }
        let end = field.firstIndex { !isDigit($0) } ?? field.endIndex
        guard let number = ByteText.integer(field[..<end]) else { throw .damaged(place, "\(quoted(field)) is not a signal format") }
        guard let format = SignalFormat(rawValue: number) else { throw .damaged(place, "unknown signal format \(number)") }
        signal.format = format
        var rest = field[end...]
        while let mark = rest.first {
            let digits = rest.dropFirst().prefix { isDigit($0) }
            guard let value = ByteText.integer(digits) else { throw .damaged(place, "\(quoted(field)) is not a signal format") }
            switch mark {
            case UInt8(ascii: "x"): signal.samplesPerFrame = max(value, 1)
            case UInt8(ascii: ":"): signal.skew = value
            case UInt8(ascii: "+"): signal.byteOffset = value
            default: throw .damaged(place, "\(quoted(field)) is not a signal format")
            }
            rest = rest[digits.endIndex...]
        }
    }

    /// - Returns: the baseline if the field has one.
    private static func parseGain(_ field: ArraySlice<UInt8>, into signal: inout Signal, at place: String) throws(FormatError) -> Int? {
        let open = UInt8(ascii: "(")
        let slash = UInt8(ascii: "/")
        let end = field.firstIndex { $0 == open || $0 == slash } ?? field.endIndex
        guard let gain = ByteText.number(field[..<end]) else { throw .damaged(place, "\(quoted(field)) is not a gain") }
        // An uncalibrated signal is read with the default gain, as the WFDB library does.
        signal.gain = gain == 0 ? 200 : gain
        var rest = field[end...]
        var baseline: Int?
        if rest.first == open {
            let close = rest.firstIndex(of: UInt8(ascii: ")")) ?? rest.endIndex
            guard let value = ByteText.integer(rest[(rest.startIndex + 1)..<close]) else {
                throw .damaged(place, "\(quoted(field)) has no valid baseline")
            }
            baseline = value
            rest = rest[min(close + 1, rest.endIndex)...]
        }
        if rest.first == slash, rest.count > 1 { signal.units = ByteText.string(rest.dropFirst()) }
        return baseline
    }
}
