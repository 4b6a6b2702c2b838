// SPDX-License-Identifier: GPL-3.0-or-later

/// One segment of a record: opened when it is first needed, closed when it has been read.
final class SegmentReader {
    /// A lead of the output and what it is called in the layout.
    struct Row {
        let index: Int
        let name: String
        let units: String
    }

    /// First frame of the segment in the record.
    let start: Int
    /// Frames; those of an ordinary record whose header doesn't say are known once it is open.
    private(set) var length: Int
    private let rows: [Row]
    private let density: Int
    private let segment: WFDBHeader.Segment?
    private let isFixed: Bool
    private let frequency: Double
    private let master: String
    private let ownHeader: WFDBHeader?
    private var reader: SignalReader?

    /// The only segment of an ordinary record.
    init(rows: [Row], density: Int, path: String, header: WFDBHeader) {
        start = 0
        length = header.length ?? 0
        self.rows = rows
        self.density = density
        segment = nil
        isFixed = true
        frequency = header.frequency
        master = path
        ownHeader = header
    }

    /// A segment named in the header of a multi-segment record.
    init(
        _ segment: WFDBHeader.Segment, start: Int, rows: [Row], isFixed: Bool, frequency: Double, density: Int, master: String
    ) {
        self.start = start
        length = segment.length
        self.rows = rows
        self.density = density
        self.segment = segment
        self.isFixed = isFixed
        self.frequency = frequency
        self.master = master
        ownHeader = nil
    }

    static func header(of segment: WFDBHeader.Segment, beside master: String) throws(FormatError) -> WFDBHeader {
        let path = WFDBPath.join(WFDBPath.folder(of: master), segment.name) + ".hea"
        let header = try WFDBHeader(path: path)
        guard header.segments == nil else { throw .damaged(path, "a segment of \(master) can't have segments itself") }
        return header
    }

    func overlaps(_ frames: Range<Int>) -> Bool { frames.lowerBound < start + length && frames.upperBound > start }

    func close() { reader = nil }

    /// Opens the signal files and compares their lengths with what was announced.
    func open() throws(FormatError) {
        guard reader == nil else { return }
        if let ownHeader {
            let opened = try SignalReader(header: ownHeader, place: master, wanted: rows.map(\.index), density: density)
            length = opened.length
            reader = opened
            return
        }
        guard let segment, !segment.isGap else { return }
        let header = try SegmentReader.header(of: segment, beside: master)
        let place = WFDBPath.join(WFDBPath.folder(of: master), segment.name) + ".hea"
        guard header.frequency == frequency else {
            throw .damaged(place, "has \(header.frequency) Hz, \(master) says \(frequency)")
        }
        let opened = try SignalReader(header: header, place: place, wanted: wanted(in: header, place: place), density: density)
        guard opened.length >= length else { throw .damaged(place, "has \(opened.length) samples, \(master) says \(length)") }
        reader = opened
    }

    /// The segment's signal for each row: by number in a fixed layout, by name in a variable one.
    private func wanted(in header: WFDBHeader, place: String) throws(FormatError) -> [Int?] {
        var wanted: [Int?] = []
        for row in rows {
            let index = isFixed ? row.index : header.signals.firstIndex { $0.name == row.name }
            if isFixed && !header.signals.indices.contains(row.index) {
                throw .damaged(place, "has \(header.signals.count) signals, fewer than the first segment of \(master)")
            }
            if let index, case let units = PhysicalScale(header.signals[index]).units, units != row.units {
                throw .damaged(place, "has lead \(row.name) in \(units), \(master) in \(row.units)")
            }
            wanted.append(index)
        }
        return wanted
    }

    /// Whether `read` will fill all rows for `frames`, so that nothing need be there before.
    func fills(_ frames: Range<Int>) throws(FormatError) -> Bool {
        try open()
        guard let reader, frames.lowerBound >= start, frames.upperBound <= start + length else { return false }
        return reader.fills((frames.lowerBound - start)..<(frames.upperBound - start), rows: rows.count)
    }

    /// Fills the part of `frames` that lies in this segment.
    func read(frames: Range<Int>, into output: inout [Float], rowStride: Int, density: Int) throws(FormatError) {
        try open()
        let first = max(frames.lowerBound, start)
        let last = min(frames.upperBound, start + length)
        guard first < last, let reader else { return }
        try reader.read(
            frames: (first - start)..<(last - start), into: &output, rowStride: rowStride, column: (first - frames.lowerBound) * density)
    }
}
