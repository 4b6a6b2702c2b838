// SPDX-License-Identifier: GPL-3.0-or-later

/// Reads one input frame by frame and checks everything that can be checked of it.
///
/// The order of frames is checked too: HEAD first, numbers without a gap, END or ABORT last, and what END counts. `next` returns `nil`
/// only when the input ends right after an END.
final class FrameReader {
    let input: ByteInput
    private let limits: StreamLimits
    private let checker = FrameChecker()

    /// Number of the next frame of this stream, `nil` between streams.
    private var expected: UInt64?
    private var recordsInStream = 0
    private var streams = 0

    init(_ input: ByteInput, limits: StreamLimits) {
        self.input = input
        self.limits = limits
    }

    /// The next frame whose kind this program knows.
    func next() throws(StreamError) -> Frame? {
        while true {
            let start = input.consumed, due = expected
            do throws(StreamError) {
                guard let header = try nextHeader() else { return nil }
                let frame = try body(header, at: start)
                guard let frame else { continue }
                try checkOrder(frame)
                return frame
            } catch {
                if error.place != nil { throw error }
                let number = due.map { "frame \($0), " } ?? ""
                throw StreamError(error.kind, error.message, place: "\(input.name), \(number)byte \(start)", record: error.record)
            }
        }
    }

    private func nextHeader() throws(StreamError) -> FrameHeader? {
        guard try input.need(FrameHeader.size) else {
            if input.available == 0 {
                if expected == nil, streams > 0 { return nil }
                throw expected == nil
                    ? StreamError(.truncated, "no stream here: the input is empty (the stage before failed?)")
                    : StreamError(.truncated, "the stream stops without END after \(recordsInStream) records (the stage before died?)")
            }
            // Not even a header's length: damage if it cannot be the start of a frame, truncation if it can.
            let sofar = UnsafeRawBufferPointer(start: input.pointer, count: min(input.available, 8))
            throw sofar.elementsEqual(FrameHeader.magic.prefix(sofar.count))
                ? StreamError(.truncated, "the stream stops within a frame's header")
                : StreamError(.damaged, streams > 0 && expected == nil ? "bytes that are no stream after END" : "this is no ecg-stream")
        }
        do throws(StreamError) {
            let header = try FrameHeader(decoding: input.pointer, limits: limits)
            if header.number != expected ?? 0 {
                throw StreamError(
                    .damaged, "frame number \(header.number) where \(expected ?? 0) is due: frames are lost, doubled or foreign")
            }
            if expected == nil, header.kind != FrameKind.head.rawValue { throw StreamError(.damaged, "a stream must start with HEAD") }
            return header
        } catch {
            if error.kind == .damaged, input.pointer.loadUnaligned(as: UInt64.self) != FrameHeader.magicWord {
                if expected == nil {
                    throw StreamError(.damaged, streams > 0 ? "bytes that are no stream after END" : "this is no ecg-stream")
                }
            }
            throw error
        }
    }

    /// The rest of a frame, or `nil` for a kind that may be skipped.
    private func body(_ header: FrameHeader, at start: UInt64) throws(StreamError) -> Frame? {
        let length = FrameHeader.size + header.bodyLength
        guard try input.need(length) else {
            throw StreamError(.truncated, "the stream stops within a frame (\(input.available) of \(length) bytes)")
        }
        input.skip(FrameHeader.size)
        let frame = try checker.frame(header, body: input.take(header.bodyLength), at: start)
        expected = header.number + 1
        return frame
    }

    /// Checks that frames come in order and that END tells the truth.
    private func checkOrder(_ frame: Frame) throws(StreamError) {
        try FrameChecker.checkContent(frame)
        switch frame.kind {
        case .head:
            guard frame.number == 0 else { throw StreamError(.damaged, "a second HEAD before END") }
            recordsInStream = 0
        case .record: recordsInStream += 1
        case .note, .abort: break
        case .end:
            let records = try frame.meta()["records"]?.int
            guard records == recordsInStream else {
                throw StreamError(.damaged, "END counts \(records ?? 0) records, but \(recordsInStream) came")
            }
            expected = nil
            streams += 1
        }
    }
}
