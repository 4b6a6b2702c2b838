// SPDX-License-Identifier: GPL-3.0-or-later

extension WFDBHeader {
    /// Reads and parses `path`, a `.hea` file.
    public init(path: String) throws(FormatError) {
        try self.init(ByteFile.contents(of: path), place: path)
    }

    /// The header of a `.hea` file, or that of an EDF or BDF file in the same terms.
    public init(path: String, isEDF: Bool) throws(FormatError) {
        if isEDF { self = try EDFHeader.read(path: path) } else { try self.init(path: path) }
    }

    /// Parses a header file as header(5) describes it.
    ///
    /// Fields that are left out get their defaults; a field that is there but can't be understood is an error, since
    /// the numbers that follow it would be taken for something else.
    /// - Parameter place: the file's name for messages.
    public init(_ bytes: [UInt8], place: String) throws(FormatError) {
        self.init()
        var lines: [(number: Int, text: ArraySlice<UInt8>)] = []
        for (index, line) in ByteText.lines(bytes).enumerated() {
            let text = ByteText.trimmed(line)
            if text.first == UInt8(ascii: "#") {
                comments.append(ByteText.string(ByteText.trimmed(text.dropFirst())))
            } else if !text.isEmpty {
                lines.append((index + 1, text))
            }
        }
        guard let record = lines.first else { throw .damaged(place, "no record line: the header is empty") }
        let segmentCount = try parseRecordLine(record.text, at: "\(place):\(record.number)")
        let count = segmentCount ?? signalCount
        guard lines.count > count else {
            throw .damaged(place, "\(count) \(segmentCount == nil ? "signal" : "segment") lines announced, \(lines.count - 1) there")
        }
        if segmentCount != nil {
            var list: [Segment] = []
            for line in lines[1..<(1 + count)] { list.append(try WFDBHeader.segment(line.text, at: "\(place):\(line.number)")) }
            segments = list
            return
        }
        for (index, line) in lines[1..<(1 + count)].enumerated() {
            let signal = try signal(line.text, index: index, at: "\(place):\(line.number)")
            if let last = signals.last, last.fileName == signal.fileName, last.format != signal.format {
                throw .damaged(
                    "\(place):\(line.number)",
                    "signals of one file must have one format, not \(last.format.rawValue) and \(signal.format.rawValue)")
            }
            signals.append(signal)
        }
    }

    /// `name[/segments] signals [frequency[/counter[(base)]]] [length] [time] [date]`
    private mutating func parseRecordLine(_ line: ArraySlice<UInt8>, at place: String) throws(FormatError) -> Int? {
        var fields = FieldScanner(line)
        let first = fields.next() ?? []
        var segmentCount: Int?
        if let slash = first.lastIndex(of: UInt8(ascii: "/")) {
            guard let count = ByteText.integer(first[(slash + 1)...]), count > 0 else {
                throw .damaged(place, "\(WFDBHeader.quoted(first)) is not a record name with its number of segments")
            }
            segmentCount = count
            name = ByteText.string(first[..<slash])
        } else {
            name = ByteText.string(first)
        }
        guard !name.isEmpty else { throw .damaged(place, "no record name") }
        guard let signalField = fields.next() else { throw .damaged(place, "no number of signals (a header of the obsolete form?)") }
        guard let count = ByteText.integer(signalField), count >= 0 else {
            throw .damaged(place, "\(WFDBHeader.quoted(signalField)) is not a number of signals")
        }
        signalCount = count
        if let field = fields.next() { try parseFrequency(field, at: place) }
        if let field = fields.next() {
            guard let frames = ByteText.integer(field), frames >= 0 else {
                throw .damaged(place, "\(WFDBHeader.quoted(field)) is not a number of samples")
            }
            // Zero is how some writers say "unknown"; a layout segment has really none.
            length = frames
        }
        baseTime = fields.next().map(ByteText.string)
        baseDate = fields.next().map(ByteText.string)
        return segmentCount
    }

    private mutating func parseFrequency(_ field: ArraySlice<UInt8>, at place: String) throws(FormatError) {
        let slash = field.firstIndex(of: UInt8(ascii: "/")) ?? field.endIndex
        guard let value = ByteText.number(field[..<slash]), value > 0 else {
            throw .damaged(place, "\(WFDBHeader.quoted(field)) is not a sampling frequency")
        }
        frequency = value
        guard slash < field.endIndex else { return }
        let counter = field[(slash + 1)...]
        let open = counter.firstIndex(of: UInt8(ascii: "(")) ?? counter.endIndex
        counterFrequency = ByteText.number(counter[..<open])
        if open < counter.endIndex {
            let close = counter[open...].firstIndex(of: UInt8(ascii: ")")) ?? counter.endIndex
            baseCounter = ByteText.number(counter[(open + 1)..<close])
        }
    }

    private static func segment(_ line: ArraySlice<UInt8>, at place: String) throws(FormatError) -> Segment {
        var fields = FieldScanner(line)
        let name = fields.next() ?? []
        guard let field = fields.next(), let length = ByteText.integer(field), length >= 0 else {
            throw .damaged(place, "segment \(quoted(name)) has no valid length")
        }
        return Segment(name: ByteText.string(name), length: length)
    }

    static func quoted(_ field: ArraySlice<UInt8>) -> String {
        let text = ByteText.string(field.prefix(40))
        return "\"\(String(text.map { $0.isASCII && ($0.asciiValue ?? 0) < 0x20 ? "?" : $0 }))\(field.count > 40 ? "…" : "")\""
    }
}
