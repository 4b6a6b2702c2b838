// SPDX-License-Identifier: GPL-3.0-or-later
import ECGDeflate

/// A record with all that its frame needs but a number: the text of its meta, the places of its tensors, the sum of its payload. To find them can
/// take longer than to write them, and several threads can do it for several records.
public struct SealedRecord: Sendable {
    let record: Record
    /// nil where the record goes out as it was read.
    let text: Text?

    struct Text: Sendable {
        var meta: [UInt8]
        var starts: [Int]
        var length: Int
        var crc: UInt32
    }
}

extension Record {
    /// - Throws: `misuse` for two tensors of one name.
    public func sealed() throws(StreamError) -> SealedRecord {
        guard frame == nil else { return SealedRecord(record: self, text: nil) }
        let (meta, starts, length) = try layout()
        var crc = CRC32()
        withPieces(starts, length) { pieces in for piece in pieces { crc.update(piece) } }
        return SealedRecord(record: self, text: SealedRecord.Text(meta: meta, starts: starts, length: length, crc: crc.value))
    }

    /// The meta's text with the table of tensors in its place, where each tensor starts, and the payload's length.
    private func layout() throws(StreamError) -> (meta: [UInt8], starts: [Int], length: Int) {
        var table: [UInt8] = [UInt8(ascii: "[")]
        var starts: [Int] = []
        var length = 0
        for (index, tensor) in tensors.enumerated() {
            if tensors[..<index].contains(where: { $0.name == tensor.name }) {
                throw StreamError(.misuse, "two tensors of the name '\(tensor.name)'", record: key)
            }
            let start = FrameHeader.padded(length)
            starts.append(start)
            length = start + tensor.byteCount
            if index > 0 { table.append(UInt8(ascii: ",")) }
            tensor.writeEntry(start: start, to: &table)
        }
        table.append(UInt8(ascii: "]"))
        var text: [UInt8] = []
        text.reserveCapacity(512)
        var hasTable = false
        text.append(UInt8(ascii: "{"))
        for (index, var member) in meta.members.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            if member.name == "tensors" {
                member.text = String(decoding: table, as: UTF8.self)
                hasTable = true
            }
            member.write(to: &text)
        }
        if !hasTable {
            if text.count > 1 { text.append(UInt8(ascii: ",")) }
            text.append(contentsOf: #""tensors":"#.utf8)
            text.append(contentsOf: table)
        }
        text.append(UInt8(ascii: "}"))
        return (text, starts, length)
    }

    /// Calls `body` with the pieces of the payload in order, with the zeros between and after them; they are valid for the call alone.
    func withPieces<Failure: Error>(
        _ starts: [Int], _ length: Int, _ body: ([UnsafeRawBufferPointer]) throws(Failure) -> Void
    ) throws(Failure) {
        var pieces: [UnsafeRawBufferPointer] = []
        var end = 0
        for (tensor, start) in zip(tensors, starts) {
            if start > end { pieces.append(Self.zeros(start - end)) }
            pieces.append(contentsOf: tensor.pieces)
            end = start + tensor.byteCount
        }
        if FrameHeader.padded(length) > end { pieces.append(Self.zeros(FrameHeader.padded(length) - end)) }
        // The pieces lie in memory that the tensors hold.
        defer { withExtendedLifetime(self) {} }
        try body(pieces)
    }

    private static let padding = Block(zeros: FrameHeader.padded(1))

    private static func zeros(_ count: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: padding.base, count: count) }
}

extension Tensor {
    /// This tensor's entry in the table of the meta.
    func writeEntry(start: Int, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: #"{"name":"#.utf8)
        JSON.write(name, to: &bytes)
        bytes.append(contentsOf: #","dtype":""#.utf8)
        bytes.append(contentsOf: dtype.rawValue.utf8)
        bytes.append(contentsOf: #"","shape":["#.utf8)
        for (index, length) in shape.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: String(length).utf8)
        }
        bytes.append(contentsOf: #"],"axes":["#.utf8)
        for (index, axis) in axes.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            JSON.write(axis, to: &bytes)
        }
        bytes.append(contentsOf: "],\"at\":\(start)".utf8)
        for extra in extras {
            bytes.append(UInt8(ascii: ","))
            extra.write(to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
    }
}
