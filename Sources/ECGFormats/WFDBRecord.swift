// SPDX-License-Identifier: GPL-3.0-or-later

/// A WFDB record, ordinary or of several segments, read as physical values in parts of any size.
///
/// Voltages are in mV. Samples that the format marks invalid, gaps between segments and signals that a segment lacks are NaN.
public final class WFDBRecord {
    public let header: WFDBHeader
    /// The header's path.
    public let path: String
    public var name: String { header.name }
    /// Samples a second of the output.
    public let frequency: Double
    /// Samples of each lead.
    public let length: Int
    public let leads: [String]
    public let units: [String]
    /// Samples a frame in the output, 1 unless the original samples were asked for.
    public let density: Int

    private let segments: [SegmentReader]

    /// Opens a record.
    /// - Parameters:
    ///   - path: the record, with or without `.hea`.
    ///   - selection: leads by name or by number from 0, in the order wanted; nil for all.
    ///   - highResolution: keep several samples a frame (slower signals hold their value) instead of averaging them.
    /// - Throws: `FormatError`, also for a lead that isn't there. Signal files are looked at when they are needed first.
    public convenience init(path: String, selection: [String]? = nil, highResolution: Bool = false) throws(FormatError) {
        let path = WFDBPath.record(path) + ".hea"
        try self.init(WFDBHeader(path: path), path: path, selection: selection, highResolution: highResolution)
    }

    /// Opens an EDF, EDF+ or BDF file. Its frames are data records of a second or so, whose average would be of no use: all samples are kept.
    public convenience init(edf path: String, selection: [String]? = nil) throws(FormatError) {
        try self.init(EDFHeader.read(path: path), path: path, selection: selection, highResolution: true)
    }

    private init(_ header: WFDBHeader, path: String, selection: [String]?, highResolution: Bool) throws(FormatError) {
        self.header = header
        self.path = path
        let layout = try SegmentLayout(header, path: self.path)
        let chosen = try WFDBRecord.choose(selection, among: layout.names, signals: layout.signals, place: self.path)
        leads = chosen.map { layout.names[$0] }
        units = chosen.map { layout.units[$0] }
        let densest = layout.signals.map { layout.samplesPerFrame[$0] }.max() ?? 1
        density = highResolution ? densest : 1
        frequency = header.frequency * Double(density)
        segments = try layout.readers(chosen: chosen, density: density)
        let frames = segments.last.map { $0.start + $0.length } ?? 0
        let (samples, overflow) = frames.multipliedReportingOverflow(by: density)
        guard !overflow else { throw .damaged(self.path, "\(frames) frames of \(density) samples are more than can be counted") }
        length = samples
    }

    /// Row indices of the leads asked for: by name, else by number from 0; all that are signals if none are asked for.
    static func choose(_ selection: [String]?, among names: [String], signals: [Int]? = nil, place: String) throws(FormatError) -> [Int] {
        guard let selection else { return signals ?? Array(names.indices) }
        var chosen: [Int] = []
        for lead in selection {
            if let index = names.firstIndex(of: lead) {
                chosen.append(index)
            } else if let number = Int(lead), names.indices.contains(number) {
                chosen.append(number)
            } else {
                throw FormatError(.request, at: place, "no lead \(lead); there are \(names.joined(separator: ", "))")
            }
        }
        return chosen
    }

    /// Checks that all that `samples` needs is there: segment headers, signal files, their lengths. Reads no samples.
    public func check(_ samples: Range<Int>) throws(FormatError) {
        for segment in segments where segment.overlaps(frames(of: samples)) { try segment.open() }
    }

    /// The values of all leads in `samples`, as [lead, time].
    ///
    /// Reading on from where the last call ended is cheap. When a whole record has been read from its start, its checksums have been
    /// verified, and the last part is handed out only if they hold.
    /// - Precondition: `samples` lies within the record.
    public func read(_ samples: Range<Int>) throws(FormatError) -> [Float] {
        precondition(samples.lowerBound >= 0 && samples.upperBound <= length)
        let frames = frames(of: samples)
        let stride = frames.count * density
        let parts = segments.filter { $0.overlaps(frames) }
        var isFilled = false
        if parts.count == 1 { isFilled = try parts[0].fills(frames) }
        var values = isFilled ? PairLookup.room(leads.count * stride) : [Float](repeating: .nan, count: leads.count * stride)
        for segment in parts {
            try segment.read(frames: frames, into: &values, rowStride: stride, density: density)
            // One segment's files are open at a time.
            if segment.start + segment.length <= frames.upperBound && segments.count > 1 { segment.close() }
        }
        guard stride != samples.count else { return values }
        let skipped = samples.lowerBound - frames.lowerBound * density
        var trimmed: [Float] = []
        trimmed.reserveCapacity(leads.count * samples.count)
        for lead in leads.indices { trimmed += values[(lead * stride + skipped)..<(lead * stride + skipped + samples.count)] }
        return trimmed
    }

    /// The whole frames that hold `samples`.
    private func frames(of samples: Range<Int>) -> Range<Int> {
        guard density > 1 else { return samples }
        return (samples.lowerBound / density)..<((samples.upperBound + density - 1) / density)
    }
}
