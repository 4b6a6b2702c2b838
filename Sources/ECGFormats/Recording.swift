// SPDX-License-Identifier: GPL-3.0-or-later

/// One recording of any format, delivered in consecutive parts.
public protocol Recording: AnyObject {
    var leads: [String] { get }
    var units: [String] { get }
    /// Samples a second.
    var frequency: Double { get }
    /// Samples of each lead, nil if only reading to the end tells.
    var length: Int? { get }
    /// Prepares the recording for reading `samples`: whatever can be checked without reading them is checked here.
    func check(_ samples: Range<Int>) throws(FormatError)
    /// The next values from sample `start` on, at most `count` of each lead, as [lead, time]; fewer only at the end.
    ///
    /// Calls must go forward in time.
    func part(from start: Int, count: Int) throws(FormatError) -> [Float]
}

/// A stretch of a recording: what a stream's frame holds.
public struct RecordingPart: Sendable {
    /// First sample, counted from the recording's first.
    public let start: Int
    /// Samples of each lead.
    public let count: Int
    /// [lead, time]
    public let values: [Float]
    /// Whether another part follows.
    public let hasMore: Bool
}

/// Cuts a recording, or a stretch of it, into parts of one size.
public struct RecordingParts {
    private let recording: any Recording
    private let size: Int
    private let end: Int?
    private var at: Int
    private var ahead: [Float]?
    private var isDone = false

    /// - Parameters:
    ///   - span: the samples wanted, open-ended if `upTo` is nil; an end after the recording's is the recording's.
    ///   - size: samples of a part.
    /// - Throws: `.request` if the span starts after the recording's end.
    public init(_ recording: any Recording, from: Int = 0, upTo: Int? = nil, size: Int) throws(FormatError) {
        self.recording = recording
        self.size = max(size, 1)
        at = from
        if let length = recording.length {
            let end = min(upTo ?? length, length)
            guard from <= end, from < length || length == 0 else {
                throw FormatError(.request, at: nil, "sample \(from) is after the end: there are \(length) samples")
            }
            self.end = end
            try recording.check(from..<end)
        } else {
            end = upTo
        }
    }

    /// The next part; the first is there even for a recording without samples, nil after the last.
    public mutating func next() throws(FormatError) -> RecordingPart? {
        guard !isDone else { return nil }
        let start = at
        var values = ahead ?? []
        if ahead == nil { values = try read(start) }
        let count = recording.leads.isEmpty ? min(size, (end ?? start) - start) : values.count / recording.leads.count
        at += count
        if recording.length != nil || at == end {
            isDone = at >= end ?? at
        } else if count < size {
            isDone = true
        } else {
            // Only the part after this one tells whether there is one.
            let following = try read(at)
            isDone = following.isEmpty
            ahead = following
        }
        return RecordingPart(start: start, count: count, values: values, hasMore: !isDone)
    }

    private func read(_ start: Int) throws(FormatError) -> [Float] {
        let count = end.map { min(size, $0 - start) } ?? size
        guard count > 0 else { return [] }
        return try recording.part(from: start, count: count)
    }
}
