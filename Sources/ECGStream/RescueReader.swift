// SPDX-License-Identifier: GPL-3.0-or-later

/// Reads what can be saved of a damaged stream: every frame whose own checks hold, wherever it lies.
///
/// After damage the next magic is searched, byte by byte. What END and the frame numbers say is not believed but reported: a gap is a run of
/// bytes that were left out, a jump in the numbers, or an end without END.
public final class RescueReader {
    /// What was found between two good frames.
    public struct Gap: Sendable {
        public let place: String
        public let cause: String

        public init(place: String, cause: String) {
            self.place = place
            self.cause = cause
        }
    }

    private let input: ByteInput
    private let limits: StreamLimits
    private let checker: FrameChecker
    public private(set) var gaps: [Gap] = []
    /// Bytes that belong to no good frame.
    public private(set) var lostBytes: UInt64 = 0
    private var expected: UInt64?
    private var atEnd = false

    public init(_ input: StreamInput, limits: StreamLimits = .standard) throws(StreamError) {
        self.input = try input.open()
        self.limits = limits
        checker = FrameChecker()
    }

    /// The next good frame of a known kind, of any stream in the input.
    ///
    /// - Throws: only what keeps it from reading at all.
    public func next() throws(StreamError) -> Frame? {
        while !atEnd {
            let start = input.consumed
            do throws(StreamError) {
                guard let frame = try frame(at: start) else { continue }
                note(frame)
                return frame
            } catch {
                if error.kind == .inputOutput { throw error }
                if atEnd { break }
                gaps.append(Gap(place: "\(input.name), byte \(start)", cause: error.message))
                try search()
                lostBytes += input.consumed - start
            }
        }
        return nil
    }

    /// The frame that starts here, or `nil` for one of an unknown kind or at the end.
    private func frame(at start: UInt64) throws(StreamError) -> Frame? {
        guard try input.need(FrameHeader.size) else {
            let rest = input.available
            atEnd = true
            if rest > 0 || expected != nil || start == 0 {
                gaps.append(
                    Gap(
                        place: "\(input.name), byte \(start)",
                        cause: rest > 0 ? "the input ends within a header" : "the input ends without END"))
                lostBytes += UInt64(rest)
            }
            return nil
        }
        let header = try FrameHeader(decoding: input.pointer, limits: limits)
        let length = FrameHeader.size + header.bodyLength
        guard try input.need(length) else { throw StreamError(.truncated, "a frame is cut short") }
        // Consumed only when it is known to be good; a wrong one may hide the start of a good one.
        let body = input.peek(FrameHeader.size, count: header.bodyLength)
        let frame = try checker.frame(header, body: body, at: start)
        if let frame { try FrameChecker.checkContent(frame) }
        input.skip(length)
        if frame == nil { expected = header.number + 1 }
        return frame
    }

    /// Looks at the order of frames without believing in it.
    private func note(_ frame: Frame) {
        let place = "\(input.name), byte \(frame.offset)"
        if frame.number != expected ?? 0 {
            let cause = "frame number \(frame.number) where \(expected.map(String.init) ?? "a new stream") is due"
            // Damage that was skipped explains the jump; it is one gap then.
            if lastGapEnd != frame.offset { gaps.append(Gap(place: place, cause: cause)) }
        }
        expected = frame.kind == .end || frame.kind == .abort ? nil : frame.number + 1
    }

    /// Where the last search ended.
    private var lastGapEnd: UInt64?

    /// Goes on to the next magic, at least one byte further.
    private func search() throws(StreamError) {
        input.skip(1)
        while try input.need(8) {
            let found = input.firstIndex(of: FrameHeader.magicWord)
            input.skip(found ?? input.available - 7)
            if found != nil {
                lastGapEnd = input.consumed
                return
            }
        }
        input.skip(input.available)
        atEnd = true
    }
}

extension ByteInput {
    /// Bytes ahead that `need` has brought, without consuming them.
    func peek(_ offset: Int, count: Int) -> Bytes { bytes(from: position + offset, count: count) }

    /// Where eight bytes first stand among those in memory, counted from the first unconsumed one.
    func firstIndex(of word: UInt64) -> Int? {
        guard available >= 8 else { return nil }
        for index in 0...(available - 8) where pointer.loadUnaligned(fromByteOffset: index, as: UInt64.self) == word { return index }
        return nil
    }
}
