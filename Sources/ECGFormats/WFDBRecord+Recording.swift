// SPDX-License-Identifier: GPL-3.0-or-later

/// A WFDB record as a recording of known length.
public final class WFDBRecording: Recording {
    public let record: WFDBRecord
    public var leads: [String] { record.leads }
    public var units: [String] { record.units }
    public var frequency: Double { record.frequency }
    public var length: Int? { record.length }

    public init(_ record: WFDBRecord) { self.record = record }

    public func check(_ samples: Range<Int>) throws(FormatError) { try record.check(samples) }

    public func part(from start: Int, count: Int) throws(FormatError) -> [Float] {
        // A part that begins within a frame would decode the frame twice; checksums are then left alone.
        try record.read(start..<min(start + count, record.length))
    }
}
