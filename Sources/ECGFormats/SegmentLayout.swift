// SPDX-License-Identifier: GPL-3.0-or-later

/// Which signals a record has and which segments it is made of; an ordinary record is one segment.
struct SegmentLayout {
    private(set) var names: [String] = []
    private(set) var units: [String] = []
    private(set) var samplesPerFrame: [Int] = []
    /// Those that are signals, not the annotations of an EDF+ file.
    private(set) var signals: [Int] = []
    private let header: WFDBHeader
    private let path: String

    init(_ header: WFDBHeader, path: String) throws(FormatError) {
        self.header = header
        self.path = path
        var described = header
        if let segments = header.segments {
            // A variable layout has its signals in the first "segment"; in a fixed one all segments have the same.
            guard let first = segments.first(where: { !$0.isGap }) else { return }
            described = try SegmentReader.header(of: first, beside: path)
        }
        for signal in described.signals {
            if !signal.isAnnotations { signals.append(names.count) }
            names.append(signal.name)
            units.append(PhysicalScale(signal).units)
            samplesPerFrame.append(signal.samplesPerFrame)
        }
        if header.segments != nil, header.signalCount != names.count {
            throw .damaged(path, "says \(header.signalCount) signals, its first segment has \(names.count)")
        }
    }

    func readers(chosen: [Int], density: Int) throws(FormatError) -> [SegmentReader] {
        let rows = chosen.map { SegmentReader.Row(index: $0, name: names[$0], units: units[$0]) }
        guard let segments = header.segments else {
            let reader = SegmentReader(rows: rows, density: density, path: path, header: header)
            try reader.open()
            return [reader]
        }
        var readers: [SegmentReader] = []
        var start = 0
        for segment in header.hasVariableLayout ? segments.dropFirst() : segments[...] {
            // No file stands behind a gap that could prove its length wrong.
            guard !segment.isGap || segment.length <= SignalReader.longestUnproven else {
                throw .damaged(path, "a gap of \(segment.length) samples: \(SignalReader.longestUnproven) is the most")
            }
            let (end, overflow) = start.addingReportingOverflow(segment.length)
            guard !overflow else { throw .damaged(path, "the segments are longer than can be counted") }
            readers.append(
                SegmentReader(
                    segment, start: start, rows: rows, isFixed: !header.hasVariableLayout, frequency: header.frequency, density: density,
                    master: path))
            start = end
        }
        if let length = header.length, length > 0, length != start {
            throw .damaged(path, "says \(length) samples, its segments have \(start)")
        }
        return readers
    }
}
