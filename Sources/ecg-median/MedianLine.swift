// SPDX-License-Identifier: GPL-3.0-or-later
import ECGSignal
import ECGStream
import ECGTool

/// The records of a stream, gathered into one median after the other: parts of recordings, or beats that belong to the same one.
final class MedianLine {
    private let options: Median
    private let stage: Stage
    private var open: MedianSource?
    /// A recording whose remaining parts or beats are passed over.
    private var abandoned: String?

    init(options: Median, stage: Stage) {
        self.options = options
        self.stage = stage
    }

    func take(_ record: Record) throws {
        let isBeat = record.sample != nil && record.r != nil
        let name = isBeat ? record.recordName : record.key
        if abandoned == name { return }
        abandoned = nil
        if let source = open, source.name != name || source.isOfBeats != isBeat {
            open = nil
            guard source.isOfBeats else {
                throw ToolError.lastPartMissing(source.name)
            }
            try source.finish()
        }
        let source = try open ?? MedianSource(record, name: name, isOfBeats: isBeat, options: options, stage: stage)
        open = source
        if isBeat { try source.add(beat: record) } else { try source.add(part: record) }
        if !isBeat, !record.more {
            open = nil
            try source.finish()
        }
    }

    func giveUp(on record: Record) {
        open = nil
        abandoned = record.sample != nil ? record.recordName : record.more ? record.key : nil
    }

    func finish() throws {
        guard let source = open else { return }
        open = nil
        // A recording is ended by its last part, beats by whatever comes after them.
        guard source.isOfBeats else { throw ToolError.lastPartMissing(source.name) }
        do { try source.finish() } catch { try stage.failed(source.name, error) }
    }
}
