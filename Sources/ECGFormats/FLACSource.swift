// SPDX-License-Identifier: GPL-3.0-or-later
import CFLAC
import Glibc

/// A FLAC signal file (formats 508, 516, 524): the overlay of libFLAC.
///
/// A channel is a signal; the samples of a signal within a frame follow each other in its channel.
final class FLACSource: SampleSource {
    let path: String
    private let decoder: UnsafeMutablePointer<FLAC__StreamDecoder>
    private let sink: Sink
    private let samplesPerFrame: Int
    private let offset: Int
    private(set) var frameCount: Int?
    /// The sample of each channel that the decoder will deliver next.
    private var position = 0

    /// What libFLAC's callbacks write to; a class of its own, because they hold an unretained reference.
    private final class Sink {
        var channels: [[Int32]] = []
        var first = 0
        var problem: String?
        var bits = 0
        var channelCount = 0
        var total = 0
    }

    init(path: String, signals: [WFDBHeader.Signal]) throws(FormatError) {
        self.path = path
        samplesPerFrame = signals[0].samplesPerFrame
        offset = signals[0].byteOffset
        sink = Sink()
        guard signals.allSatisfy({ $0.samplesPerFrame == signals[0].samplesPerFrame }) else {
            throw .damaged(path, "signals of one FLAC file must have the same number of samples a frame")
        }
        // Opened first for a clear message: libFLAC says only that it failed.
        _ = try ByteFile(path: path)
        guard let decoder = FLAC__stream_decoder_new() else { throw FormatError(.inputOutput, at: path, "libFLAC: out of memory") }
        self.decoder = decoder
        let status = FLAC__stream_decoder_init_file(
            decoder, path, FLACSource.write, FLACSource.metadata, FLACSource.error, Unmanaged.passUnretained(sink).toOpaque())
        guard status == FLAC__STREAM_DECODER_INIT_STATUS_OK, FLAC__stream_decoder_process_until_end_of_metadata(decoder) != 0,
            sink.problem == nil, sink.channelCount > 0
        else { throw .damaged(path, sink.problem ?? "is not a FLAC file") }
        guard sink.channelCount == signals.count else {
            throw .damaged(path, "has \(sink.channelCount) channels, the header names \(signals.count) signals")
        }
        guard sink.bits <= signals[0].format.bits else {
            throw .damaged(path, "has samples of \(sink.bits) bits, format \(signals[0].format.rawValue) allows \(signals[0].format.bits)")
        }
        if sink.total > 0 { frameCount = max(sink.total - offset, 0) / samplesPerFrame }
    }

    deinit { FLAC__stream_decoder_delete(decoder) }

    func read(frames: Range<Int>, into samples: inout [Int32]) throws(FormatError) {
        let channels = sink.channelCount
        let count = frames.count * samplesPerFrame
        if samples.count < count * channels { samples = [Int32](repeating: 0, count: count * channels) }
        let (first, overflow) = (frames.lowerBound * samplesPerFrame).addingReportingOverflow(offset)
        guard !overflow, first >= 0 else { throw .damaged(path, "sample \(frames.lowerBound) is too far for any file") }
        try seek(to: first)
        var done = 0
        while done < count {
            let have = sink.channels.first.map { $0.count - (first + done - sink.first) } ?? 0
            if have <= 0 {
                try decodeNext(needed: frames)
                continue
            }
            let take = min(have, count - done)
            let from = first + done - sink.first
            for channel in 0..<channels {
                // Within a frame a signal's samples stand together: [frame][channel][sample in frame].
                for index in 0..<take {
                    let (frame, place) = (done + index).quotientAndRemainder(dividingBy: samplesPerFrame)
                    samples[(frame * channels + channel) * samplesPerFrame + place] = sink.channels[channel][from + index]
                }
            }
            done += take
        }
        position = first + count
    }

    /// Makes `sample` the next one in the sink, or leaves the decoder before it.
    private func seek(to sample: Int) throws(FormatError) {
        let held = sink.channels.first?.count ?? 0
        if sample >= sink.first && sample < sink.first + held { return }
        if sample == sink.first + held { return }
        sink.channels = []
        if FLAC__stream_decoder_seek_absolute(decoder, UInt64(sample)) != 0 { return try checkProblem() }
        // Streams without a seek table or length may refuse: run through from the start.
        sink.problem = nil
        guard FLAC__stream_decoder_reset(decoder) != 0 else { throw .damaged(path, "can't be read from its start again") }
        sink.channels = []
        sink.first = 0
        while sink.first + (sink.channels.first?.count ?? 0) <= sample { try decodeNext(needed: sample..<(sample + 1)) }
    }

    private func decodeNext(needed frames: Range<Int>) throws(FormatError) {
        let before = sink.first + (sink.channels.first?.count ?? 0)
        let state = FLAC__stream_decoder_get_state(decoder)
        guard state != FLAC__STREAM_DECODER_END_OF_STREAM, FLAC__stream_decoder_process_single(decoder) != 0 else {
            try checkProblem()
            let have = max(before - offset, 0) / samplesPerFrame
            throw .damaged(path, "ends after \(have) samples of each signal, where \(frames.upperBound) or more were announced")
        }
        try checkProblem()
    }

    private func checkProblem() throws(FormatError) {
        if let problem = sink.problem { throw .damaged(path, problem) }
    }

    private static let write: FLAC__StreamDecoderWriteCallback = { _, frame, buffers, client in
        guard let frame, let buffers, let client else { return FLAC__STREAM_DECODER_WRITE_STATUS_ABORT }
        let sink = Unmanaged<Sink>.fromOpaque(client).takeUnretainedValue()
        let header = frame.pointee.header
        guard Int(header.channels) == sink.channelCount, header.bits_per_sample <= UInt32(sink.bits) else {
            sink.problem = "a FLAC frame differs from the stream's own description"
            return FLAC__STREAM_DECODER_WRITE_STATUS_ABORT
        }
        if header.number_type == FLAC__FRAME_NUMBER_TYPE_SAMPLE_NUMBER {
            sink.first = Int(clamping: header.number.sample_number)
        } else {
            sink.first += sink.channels.first?.count ?? 0
        }
        sink.channels = (0..<sink.channelCount).map { channel in
            guard let start = buffers[channel] else { return [] }
            return [Int32](UnsafeBufferPointer(start: start, count: Int(header.blocksize)))
        }
        return FLAC__STREAM_DECODER_WRITE_STATUS_CONTINUE
    }

    private static let metadata: FLAC__StreamDecoderMetadataCallback = { _, block, client in
        guard let block, let client, block.pointee.type == FLAC__METADATA_TYPE_STREAMINFO else { return }
        let sink = Unmanaged<Sink>.fromOpaque(client).takeUnretainedValue()
        let info = block.pointee.data.stream_info
        sink.bits = Int(info.bits_per_sample)
        sink.channelCount = Int(info.channels)
        sink.total = Int(clamping: info.total_samples)
    }

    private static let error: FLAC__StreamDecoderErrorCallback = { _, status, client in
        guard let client else { return }
        let sink = Unmanaged<Sink>.fromOpaque(client).takeUnretainedValue()
        guard sink.problem == nil else { return }
        sink.problem =
            switch status {
            case FLAC__STREAM_DECODER_ERROR_STATUS_LOST_SYNC: "the FLAC stream lost its frames (damaged or cut)"
            case FLAC__STREAM_DECODER_ERROR_STATUS_BAD_HEADER: "a FLAC frame header is damaged"
            case FLAC__STREAM_DECODER_ERROR_STATUS_FRAME_CRC_MISMATCH: "the check sum of a FLAC frame is wrong"
            default: "the FLAC stream can't be parsed"
            }
    }
}
