// SPDX-License-Identifier: GPL-3.0-or-later

/// A recording as comma-separated text: a header of lead names, then a row a sample.
///
/// An empty cell, `nan` or `NA` is a missing sample. The file is read from front to back, a block at a time.
public final class CSVRecording {
    public private(set) var leads: [String]
    public let path: String
    private let file: ByteFile
    private var buffer: [UInt8] = []
    private var at = 0
    private var end = 0
    private var offset = 0
    private var line = 0
    private static let block = 1 << 16
    private static let longestLine = 1 << 24

    public init(path: String) throws(FormatError) {
        self.path = path
        file = try ByteFile(path: path)
        buffer = []
        leads = []
        guard let header = try nextLine() else { throw .damaged(path, "is empty: a header of lead names is needed") }
        // A byte order mark is no part of the first name.
        let names = CSVRecording.cells(header.starts(with: [0xEF, 0xBB, 0xBF]) ? header.dropFirst(3) : header).map { ByteText.string($0) }
        for (index, name) in names.enumerated() {
            guard !name.isEmpty else { throw .damaged("\(path):1", "column \(index + 1) has no lead name") }
            guard names.firstIndex(of: name) == index else { throw .damaged("\(path):1", "two columns are called \(name)") }
        }
        guard names.contains(where: { Double($0) == nil }) else {
            throw .damaged("\(path):1", "the first line holds numbers: a header of lead names is needed")
        }
        leads = names
    }

    /// The next rows, up to `count`, as [lead, time] of the chosen leads; fewer only at the end.
    public func next(_ count: Int, leads chosen: [Int]) throws(FormatError) -> [Float] {
        var rows: [Float] = []
        var length = 0
        while length < count, let text = try nextLine() {
            if ByteText.trimmed(text).isEmpty { continue }
            let cells = CSVRecording.cells(text)
            guard cells.count == leads.count else { throw .damaged("\(path):\(line)", "\(cells.count) cells for \(leads.count) leads") }
            for lead in chosen {
                guard let value = CSVRecording.value(cells[lead]) else {
                    throw .damaged("\(path):\(line)", "\(WFDBHeader.quoted(cells[lead])) is not a number")
                }
                rows.append(value)
            }
            length += 1
        }
        guard chosen.count > 1 else { return rows }
        return chosen.indices.flatMap { lead in (0..<length).map { rows[$0 * chosen.count + lead] } }
    }

    private static func value(_ cell: ArraySlice<UInt8>) -> Float? {
        if let number = ByteText.number(cell) { return Float(number) }
        switch ByteText.string(cell) {
        case "", "nan", "NaN", "NAN", "NA": return .nan
        default: return nil
        }
    }

    /// Cells between commas, without blanks and quotes around them; quoted cells may hold commas and doubled quotes.
    private static func cells(_ line: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        let quote = UInt8(ascii: "\"")
        guard line.contains(quote) else {
            return line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map { ByteText.trimmed($0) }
        }
        var cells: [ArraySlice<UInt8>] = []
        var cell: [UInt8] = []
        var isQuoted = false
        var index = line.startIndex
        while index < line.endIndex {
            let byte = line[index]
            if byte == quote {
                if isQuoted, index + 1 < line.endIndex, line[index + 1] == quote {
                    cell.append(quote)
                    index += 1
                } else {
                    isQuoted.toggle()
                }
            } else if byte == UInt8(ascii: ","), !isQuoted {
                cells.append(ByteText.trimmed(cell[...]))
                cell = []
            } else {
                cell.append(byte)
            }
            index += 1
        }
        cells.append(ByteText.trimmed(cell[...]))
        return cells
    }

    /// The next line without its end, nil at the end of the file.
    private func nextLine() throws(FormatError) -> ArraySlice<UInt8>? {
        var searched = at
        while true {
            if let stop = buffer[searched..<end].firstIndex(of: 0x0A) {
                let text = buffer[at..<stop]
                at = stop + 1
                line += 1
                return text.last == 0x0D ? text.dropLast() : text
            }
            searched = end
            guard end - at <= CSVRecording.longestLine else {
                throw .damaged("\(path):\(line + 1)", "a line of more than \(CSVRecording.longestLine) bytes")
            }
            var more: [UInt8] = []
            let got = try file.read(at: offset, count: CSVRecording.block, into: &more)
            offset += got
            if got == 0 {
                guard at < end else { return nil }
                let text = buffer[at..<end]
                at = end
                line += 1
                return text.last == 0x0D ? text.dropLast() : text
            }
            buffer = Array(buffer[at..<end]) + more[..<got]
            searched -= at
            at = 0
            end = buffer.count
        }
    }
}
