// SPDX-License-Identifier: GPL-3.0-or-later
import ECGDeflate

/// Writes one stream: HEAD, records and notes, then END or ABORT.
///
/// The writer numbers the frames, places the tensors, makes the sums and counts. END is the last thing it writes, and only its caller
/// knows that the output is safe after flushing and syncing it.
public final class StreamWriter {
    private let output: ByteOutput
    private let limits: StreamLimits
    private var number: UInt64 = 0
    /// Records written so far.
    public private(set) var records = 0
    /// What was left out, by reason, in the order the reasons first came up.
    public private(set) var skipped: [(reason: String, count: Int)] = []
    private var firstSkipped: [String] = []
    /// Members of ENDs that were read and that this program does not know.
    private var endExtras: [Meta.Member] = []
    public private(set) var hasBegun = false

    public init(_ output: ByteOutput, limits: StreamLimits = .standard) {
        self.output = output
        self.limits = limits
    }

    // MARK: Frames of the whole stream

    /// Writes HEAD.
    ///
    /// - Parameters:
    ///   - upstream: the HEAD that was read, whose members stay as they are; `nil` at the source of a stream.
    ///   - entry: what this stage did, appended to `prov`; `nil` leaves it out (`--no-prov`).
    public func begin(upstream: Meta? = nil, entry: JSON? = nil) throws(StreamError) {
        precondition(!hasBegun)
        hasBegun = true
        var meta = upstream ?? Meta([("format", "ecg-stream"), ("prov", [])])
        if let entry {
            // The entries that came keep their own text; the new one goes before the closing bracket.
            let before = (meta.text(of: "prov") ?? "[]").dropLast()
            let isFirst = !before.dropFirst().contains { !$0.isWhitespace }
            meta.setText(before + (isFirst ? "" : ",") + entry.text + "]", of: "prov")
        }
        try write(.head, meta)
    }

    /// Passes on a HEAD that came after the first one: as a NOTE that carries its `prov`.
    public func note(furtherHead head: Frame) throws(StreamError) {
        var meta = Meta()
        meta.setText(try head.meta().text(of: "prov") ?? "[]", of: "prov")
        try write(.note, meta)
    }

    /// Takes over what an END that was read counts as skipped, so that the last END of a pipeline tells all.
    public func add(end: Meta) {
        for (reason, count) in end["skipped"]?.object?.members ?? [] { count.int.map { tally(reason, $0) } }
        for key in end["first_skipped"]?.strings ?? [] where firstSkipped.count < 100 { firstSkipped.append(key) }
        for member in end.members where !["records", "skipped", "first_skipped"].contains(member.name) {
            if !endExtras.contains(where: { $0.name == member.name }) { endExtras.append(member) }
        }
    }

    /// Writes END and flushes. `further` members follow the count of records.
    public func end(further: [(String, JSON)] = []) throws(StreamError) {
        var meta = Meta([("records", JSON(records))])
        if !skipped.isEmpty {
            meta["skipped"] = .object(JSON.Object(skipped.map { ($0.reason, JSON($0.count)) }))
            meta["first_skipped"] = JSON(firstSkipped)
        }
        for (name, value) in further { meta[name] = value }
        for member in endExtras where meta.text(of: member.name) == nil { meta.setText(member.text, of: member.name) }
        try write(.end, meta)
        try output.flush()
    }

    /// Writes ABORT with an `error` object and flushes.
    public func abort(error: JSON) throws(StreamError) { try abort(errorText: error.text) }

    /// Passes on an ABORT that was read, its `error` as it came.
    public func abort(upstream: Meta) throws(StreamError) { try abort(errorText: upstream.text(of: "error") ?? "{}", members: upstream) }

    private func abort(errorText: String, members: Meta = Meta()) throws(StreamError) {
        var meta = members
        meta.setText(errorText, of: "error")
        meta["records"] = JSON(records)
        try write(.abort, meta)
        try output.flush()
    }

    // MARK: Records

    /// Writes a record; one that was read and not changed goes out as it came, byte for byte.
    public func write(_ record: Record) throws(StreamError) { try write(try record.sealed()) }

    /// The same for a record whose sum is known already.
    public func write(_ sealed: SealedRecord) throws(StreamError) {
        let record = sealed.record
        guard let text = sealed.text else { return try record.frame.map { frame throws(StreamError) in try pass(frame) } ?? () }
        guard text.length <= limits.payload else {
            throw StreamError(
                .tooLarge, "a payload of \(text.length) bytes; the limit is \(limits.payload) (--max-frame)", record: record.key)
        }
        try write(.record, metaText: text.meta, payloadLength: text.length, payloadCRC: text.crc, record: record.key)
        try record.withPieces(text.starts, text.length) { pieces throws(StreamError) in try output.write(gathering: pieces) }
        records += 1
    }

    /// Writes a RECORD or NOTE frame that was read, with its bytes and sums as they are.
    public func pass(_ frame: Frame) throws(StreamError) {
        precondition(frame.kind == .record || frame.kind == .note)
        try output.writeHeader(
            FrameHeader(
                kind: frame.kind, number: number, metaLength: frame.metaLength, payloadLength: frame.payloadLength,
                metaCRC: frame.metaCRC, payloadCRC: frame.payloadCRC))
        try output.write(frame.body)
        number += 1
        if frame.kind == .record { records += 1 }
    }

    /// Counts a record that an option leaves out, or that could not be read.
    public func skip(reason: String, key: String) {
        tally(reason, 1)
        if firstSkipped.count < 100 { firstSkipped.append(key) }
    }

    private func tally(_ reason: String, _ count: Int) {
        if let index = skipped.firstIndex(where: { $0.reason == reason }) {
            skipped[index].count += count
        } else {
            skipped.append((reason, count))
        }
    }

    // MARK: Bytes

    private func write(_ kind: FrameKind, _ meta: Meta) throws(StreamError) {
        var text: [UInt8] = []
        meta.write(to: &text)
        try write(kind, metaText: text, payloadLength: 0, payloadCRC: 0, record: nil)
    }

    private func write(
        _ kind: FrameKind, metaText: [UInt8], payloadLength: Int, payloadCRC: UInt32, record: String?
    ) throws(StreamError) {
        guard metaText.count <= StreamLimits.meta else {
            throw StreamError(.tooLarge, "a meta of \(metaText.count) bytes; the limit is \(StreamLimits.meta)", record: record)
        }
        var crc = CRC32()
        var padded = metaText
        padded.append(contentsOf: repeatElement(0x20, count: FrameHeader.padded(metaText.count) - metaText.count))
        crc.update(padded)
        try output.writeHeader(
            FrameHeader(
                kind: kind, number: number, metaLength: metaText.count, payloadLength: payloadLength, metaCRC: crc.value,
                payloadCRC: payloadCRC))
        try output.write(padded)
        number += 1
    }
}
