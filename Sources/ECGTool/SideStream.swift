// SPDX-License-Identifier: GPL-3.0-or-later
import ECGStream

/// A stream that a tool writes beside its output, with this stage's entry in the provenance. The file appears only when it is whole.
///
///     let side = try SideStream(stage, path: heldOut)
///     try side.pass(frame)
///     try side.end()
public final class SideStream {
    private let file: OutputFile
    private let writer: StreamWriter

    /// - Precondition: the first record was read, so that the input's HEAD is known.
    public init(_ stage: Stage, path: String) throws {
        file = try OutputFile(path: path)
        writer = StreamWriter(file.bytes, limits: stage.limits)
        try writer.begin(upstream: stage.head, entry: try stage.ownEntry)
    }

    /// Writes a RECORD frame that was read, byte for byte.
    public func pass(_ frame: Frame) throws { try writer.pass(frame) }

    /// Ends the stream and makes the file appear.
    public func end() throws {
        try writer.end()
        try file.commit()
    }
}
