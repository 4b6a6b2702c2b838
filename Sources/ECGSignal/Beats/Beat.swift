// SPDX-License-Identifier: GPL-3.0-or-later

/// A beat cut out of a record: its samples, and where they came from.
public struct Beat: Equatable, Sendable {
    /// Sample of the R peak in the record.
    public var sample: Int
    /// Sample of the R peak in `values`, per lead.
    public var r: Int
    /// First sample of the record in the cut; negative where a window begins before the record.
    public var start: Int
    /// Samples that come from the record, without padding.
    public var length: Int
    /// Padding before the record's first sample, in samples: 0 unless a window begins before the record.
    public var paddingBefore: Int
    /// The annotation's symbol, after merging.
    public var symbol: UInt8
    /// Seconds since the beat before, nil at the record's first beat.
    public var rrBefore: Double?
    /// Seconds to the beat after, nil at the record's last beat.
    public var rrAfter: Double?
    /// Samples, in all leads together, that the recording lacks (NaN).
    public var missing: Int
    /// [lead, time], row by row.
    public var values: [Float]
    /// Samples of a lead in `values`, padding included.
    public var time: Int
}

/// What becomes of a beat that a cutter is asked for.
public enum CutResult: Equatable, Sendable {
    case beat(Beat)
    /// Left out, and why, in words that fit into a count ("longer than 430 samples").
    case leftOut(sample: Int, reason: String)
}

/// How the values of a beat are scaled.
public enum BeatScale: String, CaseIterable, Sendable {
    /// As they are, in physical units.
    case none
    /// (x - min) / (max - min) over all leads and the padding together (paper 001, section 1.A.2 of the notes);
    /// a beat whose values are all the same stays as it is. Missing samples stay missing and take no part.
    case minmax

    public func apply(to values: inout [Float]) {
        guard self == .minmax else { return }
        var low = Float.infinity
        var high = -Float.infinity
        for value in values {
            // Comparisons with NaN are false, so missing samples drop out.
            if value < low { low = value }
            if value > high { high = value }
        }
        let range = high - low
        guard range > 0, range.isFinite else { return }
        for index in values.indices { values[index] = (values[index] - low) / range }
    }
}
