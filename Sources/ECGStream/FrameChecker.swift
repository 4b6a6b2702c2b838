// SPDX-License-Identifier: GPL-3.0-or-later
import ECGDeflate

/// Checks a frame by itself: its sums, its paddings, its meta, the places of its tensors.
final class FrameChecker {
    private var table = TensorTable()

    /// The frame of a header and the bytes after it, or `nil` for a kind that may be skipped.
    func frame(_ header: FrameHeader, body bytes: Bytes, at start: UInt64) throws(StreamError) -> Frame? {
        let metaLength = Int(header.metaLength)
        let payloadLength = Int(header.payloadLength)
        try bytes.withUnsafeBytes { all throws(StreamError) in
            let metaPart = UnsafeRawBufferPointer(rebasing: all[..<FrameHeader.padded(metaLength)])
            let payloadPart = UnsafeRawBufferPointer(rebasing: all[metaPart.count...])
            guard CRC32.of(metaPart) == header.metaCRC else { throw StreamError(.damaged, "the frame's meta is damaged (CRC-32 differs)") }
            guard CRC32.of(payloadPart) == header.payloadCRC else {
                throw StreamError(.damaged, "the frame's payload is damaged (CRC-32 differs)")
            }
            for byte in metaPart[metaLength...] where byte != 0x20 {
                throw StreamError(.damaged, "the padding of the frame's meta is not spaces")
            }
            for byte in payloadPart[payloadLength...] where byte != 0 {
                throw StreamError(.damaged, "the padding of the frame's payload is not zero")
            }
            let kind = FrameKind(rawValue: header.kind)
            do throws(JSONError) {
                try checkMeta(
                    UnsafeRawBufferPointer(rebasing: metaPart[..<metaLength]), kind: kind,
                    payload: UnsafeRawBufferPointer(rebasing: payloadPart[..<payloadLength]))
            } catch {
                throw StreamError(.damaged, "the frame's meta: \(error.description)")
            }
        }
        guard let kind = FrameKind(rawValue: header.kind) else { return nil }
        return Frame(
            kind: kind, number: header.number, offset: start, body: bytes, metaLength: metaLength, payloadLength: payloadLength,
            metaCRC: header.metaCRC, payloadCRC: header.payloadCRC)
    }

    /// Checks what every frame of a kind must say.
    static func checkContent(_ frame: Frame) throws(StreamError) {
        switch frame.kind {
        case .record, .note: return
        case .head:
            let meta = try frame.meta()
            guard meta["format"]?.string == "ecg-stream" else {
                throw StreamError(.damaged, "HEAD does not say that this is an ecg-stream")
            }
            guard meta["prov"]?.array != nil else { throw StreamError(.damaged, "HEAD without 'prov'") }
        case .end:
            guard try frame.meta()["records"]?.int != nil else { throw StreamError(.damaged, "END without a count of records") }
        case .abort:
            guard try frame.meta()["error"]?.object != nil else { throw StreamError(.damaged, "ABORT without 'error'") }
        }
        guard frame.payloadLength == 0 else { throw StreamError(.damaged, "\(frame.kind.name) with a payload") }
    }

    /// Checks the meta's text, and for a record that it has a key and that its tensors lie in its payload.
    private func checkMeta(_ meta: UnsafeRawBufferPointer, kind: FrameKind?, payload: UnsafeRawBufferPointer) throws(JSONError) {
        var scanner = JSONScanner(meta)
        var names = MemberNames()
        var hasKey = false
        var tensors: Range<Int>?
        try scanner.eachMember { scanner throws(JSONError) in
            let start = scanner.offset + 1
            let escaped = try scanner.string()
            let range = start..<scanner.offset - 1
            try names.insert(range, escaped: escaped, scanner)
            try scanner.expect(UInt8(ascii: ":"), "':'")
            scanner.skipSpace()
            let valueStart = scanner.offset
            try scanner.value(depth: 1)
            guard kind == .record else { return }
            if scanner.holds("key", at: range) {
                guard scanner.base[valueStart] == UInt8(ascii: "\"") else { throw scanner.fail("the record's key is not a string") }
                hasKey = true
            } else if scanner.holds("tensors", at: range) {
                tensors = valueStart..<scanner.offset
            }
        }
        guard scanner.peek() == 0, scanner.offset == scanner.end else { throw scanner.fail("more than one value") }
        guard kind == .record else { return }
        guard hasKey else { throw scanner.fail("a record without a key") }
        guard let tensors else { throw scanner.fail("a record without 'tensors'") }
        do throws(JSONError) {
            try table.check(UnsafeRawBufferPointer(rebasing: meta[tensors]), payload: payload)
        } catch {
            // The table counts from its own start.
            throw JSONError(message: error.message, offset: error.offset + tensors.lowerBound)
        }
    }
}

/// The names of an object's members, to see that none occurs twice; without allocation while they are few and plain.
private struct MemberNames {
    private var ranges = [Range<Int>]()
    private var set: NameSet?

    mutating func insert(_ range: Range<Int>, escaped: Bool, _ scanner: JSONScanner) throws(JSONError) {
        if set == nil, escaped || ranges.count == 24 {
            var names = NameSet()
            for earlier in ranges { _ = names.insert(scanner.text(from: earlier.lowerBound, to: earlier.upperBound)) }
            set = names
        }
        if set != nil {
            let name = scanner.unescaped(from: range.lowerBound, to: range.upperBound)
            guard set?.insert(name) == true else { throw scanner.fail("the name '\(name)' twice in one object") }
            return
        }
        for earlier in ranges where earlier.count == range.count {
            if (0..<range.count).allSatisfy({ scanner.base[earlier.lowerBound + $0] == scanner.base[range.lowerBound + $0] }) {
                throw scanner.fail("the name '\(scanner.text(from: range.lowerBound, to: range.upperBound))' twice in one object")
            }
        }
        ranges.append(range)
    }
}
