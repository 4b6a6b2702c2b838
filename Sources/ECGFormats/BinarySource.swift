// SPDX-License-Identifier: GPL-3.0-or-later

/// A signal file of any format but FLAC.
final class BinarySource: SampleSource {
    private let file: ByteFile
    private let format: SignalFormat
    private let byteOffset: Int
    private let samplesPerFrame: Int
    private var bytes: [UInt8] = []
    private var differences: DifferenceState?

    var path: String { file.path }
    var frameCount: Int? { format.samples(bytes: file.size - byteOffset) / samplesPerFrame }

    /// - Parameter signals: the signals of this file, in their order.
    init(path: String, signals: [WFDBHeader.Signal]) throws(FormatError) {
        file = try ByteFile(path: path)
        format = signals[0].format
        byteOffset = signals[0].byteOffset
        samplesPerFrame = signals.reduce(0) { $0 + $1.samplesPerFrame }
        if format == .differences8 { differences = DifferenceState(signals) }
    }

    func read(frames: Range<Int>, into samples: inout [Int32]) throws(FormatError) {
        guard var state = differences else { return try decode(frames: frames, into: &samples) }
        // A value is the sum of all differences before it: run through what lies between.
        defer { differences = state }
        if frames.lowerBound < state.frame { state.restart() }
        while state.frame < frames.lowerBound {
            let end = min(frames.lowerBound, state.frame + 4096)
            try decode(frames: state.frame..<end, into: &samples)
            state.accumulate(&samples, frames: end - state.frame)
        }
        try decode(frames: frames, into: &samples)
        state.accumulate(&samples, frames: frames.count)
    }

    /// Whether pairs of samples never straddle frames, so that a signal's bytes come at a fixed stride (format 212 with an even frame).
    var isPaired: Bool { format == .packed12 && samplesPerFrame % 2 == 0 }

    /// Bytes of a frame of such a file.
    var pairedStride: Int { samplesPerFrame / 2 * 3 }

    /// The bytes of whole frames of a paired file, at the start of `bytes`.
    func readPairs(frames: Range<Int>, into bytes: inout [UInt8]) throws(FormatError) {
        let stride = pairedStride
        let (start, overflow) = frames.lowerBound.multipliedReportingOverflow(by: stride)
        guard !overflow else { throw .damaged(path, "sample \(frames.lowerBound) is too far for any file") }
        let got = try file.read(at: byteOffset + start, count: frames.count * stride, into: &bytes)
        guard got == frames.count * stride else { throw shortage(have: (start + got) / stride, frames) }
    }

    private func shortage(have: Int, _ frames: Range<Int>) -> FormatError {
        .damaged(path, "ends after \(have) samples of each signal, where \(frames.upperBound) or more were announced")
    }

    private func decode(frames: Range<Int>, into samples: inout [Int32]) throws(FormatError) {
        let count = frames.count * samplesPerFrame
        if samples.count < count { samples = [Int32](repeating: 0, count: count) }
        // A file can be entered at a block only: the samples before the first one wanted are decoded and dropped.
        let first = frames.lowerBound * samplesPerFrame
        let lead = first % format.samplesPerBlock
        guard let start = format.bytes(samples: first - lead), let needed = format.bytes(samples: lead + count) else {
            throw .damaged(path, "sample \(first) is too far for any file")
        }
        let got = try file.read(at: byteOffset + start, count: needed, into: &bytes)
        guard got == needed else { throw shortage(have: format.samples(bytes: got + start) / samplesPerFrame, frames) }
        SampleDecoder.decode(format, bytes: bytes, skipping: lead, count: count, into: &samples)
    }
}

/// Running sums of format 8, one for each signal of the file.
private struct DifferenceState {
    private let spans: [(samples: Int, initial: Int32)]
    private var values: [Int32]
    private(set) var frame = 0

    init(_ signals: [WFDBHeader.Signal]) {
        spans = signals.map { ($0.samplesPerFrame, Int32(truncatingIfNeeded: $0.initialValue)) }
        values = spans.map(\.initial)
    }

    mutating func restart() {
        frame = 0
        values = spans.map(\.initial)
    }

    mutating func accumulate(_ samples: inout [Int32], frames: Int) {
        var index = 0
        for _ in 0..<frames {
            for (signal, span) in spans.enumerated() {
                for _ in 0..<span.samples {
                    values[signal] &+= samples[index]
                    samples[index] = values[signal]
                    index += 1
                }
            }
        }
        frame += frames
    }
}
