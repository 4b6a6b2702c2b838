// SPDX-License-Identifier: GPL-3.0-or-later
import ECGStream
import StreamFixtures

/// A tool's output as a reader of the stream sees it.
struct ReadBack {
    var head: Meta?
    var records: [Record] = []
    var notes: [Meta] = []
    var end: Meta?
    var abort: Meta?
    /// What the reader refused.
    var error: StreamError?

    /// Reads the bytes of one stream.
    init(_ bytes: [UInt8]) {
        let scratch = Scratch()
        let path = scratch.file("stream", bytes)
        do throws(StreamError) {
            let reader = try StreamReader([.file(path)])
            while let frame = try reader.nextFrame() {
                switch frame.kind {
                case .head: head = try frame.meta()
                case .record: records.append(try Record(frame))
                case .note: notes.append(try frame.meta())
                case .end: end = try frame.meta()
                case .abort:
                    abort = try frame.meta()
                    return
                }
            }
        } catch {
            self.error = error
        }
    }

    var isWhole: Bool { error == nil && end != nil && abort == nil }
}

/// A stream taken apart into frames, to be put together differently.
func frames(of stream: [UInt8]) -> [TestFrame] {
    func number(_ at: Int, _ count: Int) -> UInt64 { (0..<count).reduce(0) { $0 | UInt64(stream[at + $1]) << UInt64(8 * $1) } }
    var frames: [TestFrame] = []
    var at = 0
    while at + 64 <= stream.count {
        let payload = Int(number(at + 24, 8))
        let meta = Int(number(at + 32, 4))
        let payloadStart = at + 64 + (meta + 63) / 64 * 64
        var frame = TestFrame(UInt16(number(at + 10, 2)), Int(number(at + 16, 8)), "")
        frame.meta = Array(stream[at + 64..<at + 64 + meta])
        frame.payload = Array(stream[payloadStart..<payloadStart + payload])
        frames.append(frame)
        at = payloadStart + (payload + 63) / 64 * 64
    }
    return frames
}
