// SPDX-License-Identifier: GPL-3.0-or-later
import ECGDeflate

/// What a frame is. The numbers are those of the stream.
public enum FrameKind: UInt16, Sendable {
    case head = 1
    case record = 2
    case end = 3
    case abort = 4
    case note = 5

    public var name: String {
        switch self {
        case .head: "HEAD"
        case .record: "RECORD"
        case .end: "END"
        case .abort: "ABORT"
        case .note: "NOTE"
        }
    }
}

/// A frame of a stream whose every check has passed: its sums, its paddings, its meta, the places of its tensors.
public struct Frame: Sendable {
    public let kind: FrameKind
    /// Number in its stream; HEAD is 0.
    public let number: UInt64
    /// Byte of the input at which it starts.
    public let offset: UInt64
    /// Meta and payload with their paddings, as they stand in the stream.
    let body: Bytes
    let metaLength: Int
    let payloadLength: Int
    let metaCRC: UInt32
    let payloadCRC: UInt32

    /// The meta's JSON text without padding.
    public var metaBytes: Bytes { body[0..<metaLength] }
    /// The payload without padding.
    public var payload: Bytes {
        let start = FrameHeader.padded(metaLength)
        return body[start..<start + payloadLength]
    }

    /// The meta's members.
    public func meta() throws(StreamError) -> Meta {
        do throws(JSONError) {
            return try metaBytes.withUnsafeBytes { bytes throws(JSONError) in try Meta(parsing: bytes) }
        } catch {
            throw StreamError(.damaged, error.description, place: "frame \(number)")
        }
    }
}

/// Limits on what a reader believes and a writer writes.
public struct StreamLimits: Sendable {
    /// Bytes of a payload.
    public var payload: Int
    /// Bytes of a meta.
    public static let meta = 16 << 20
    public static let standard = StreamLimits(payload: 1 << 30)

    public init(payload: Int) { self.payload = payload }
}

/// The 64 bytes that every frame starts with.
struct FrameHeader {
    static let size = 64
    static let magic: [UInt8] = [0x89, 0x45, 0x43, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    /// The magic as one little-endian word.
    static let magicWord: UInt64 = 0x0A1A_0A0D_4743_4589
    static let major: UInt8 = 1
    static let minor: UInt8 = 0
    /// Set in a kind that a reader may skip if it doesn't know it.
    static let skippable: UInt16 = 0x8000

    var minor: UInt8 = Self.minor
    var kind: UInt16
    var number: UInt64
    var payloadLength: UInt64
    var metaLength: UInt32
    var metaCRC: UInt32
    var payloadCRC: UInt32

    /// A length rounded up to whole blocks of 64 bytes.
    static func padded(_ length: Int) -> Int { (length + 63) & ~63 }

    var bodyLength: Int { Self.padded(Int(metaLength)) + Self.padded(Int(payloadLength)) }

    /// Writes the 64 bytes.
    func encode(to target: UnsafeMutableRawPointer) {
        func store<Value: FixedWidthInteger>(_ value: Value, at offset: Int) {
            target.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
        }
        store(Self.magicWord, at: 0)
        store(Self.major, at: 8)
        store(Self.minor, at: 9)
        store(kind, at: 10)
        store(UInt32(0), at: 12)
        store(number, at: 16)
        store(payloadLength, at: 24)
        store(metaLength, at: 32)
        store(metaCRC, at: 36)
        store(payloadCRC, at: 40)
        store(UInt64(0), at: 44)
        store(UInt64(0), at: 52)
        store(CRC32.of(UnsafeRawBufferPointer(start: target, count: 60)), at: 60)
    }

    /// Reads and checks 64 bytes.
    ///
    /// - Throws: `damaged` for a wrong magic, sum or reserved byte, `unsupported` for another major version or an unknown flag or kind,
    ///   `tooLarge` for lengths over the limits.
    init(decoding source: UnsafeRawPointer, limits: StreamLimits) throws(StreamError) {
        func load<Value: FixedWidthInteger>(_ type: Value.Type, at offset: Int) -> Value {
            Value(littleEndian: source.loadUnaligned(fromByteOffset: offset, as: Value.self))
        }
        guard load(UInt64.self, at: 0) == Self.magicWord else { throw StreamError(.damaged, "no frame starts here (wrong magic bytes)") }
        guard load(UInt32.self, at: 60) == CRC32.of(UnsafeRawBufferPointer(start: source, count: 60)) else {
            throw StreamError(.damaged, "the frame's header is damaged (CRC-32 differs)")
        }
        let major = load(UInt8.self, at: 8)
        minor = load(UInt8.self, at: 9)
        guard major == Self.major else {
            throw StreamError(.unsupported, "version \(major).\(minor) of the stream; this program reads version \(Self.major)")
        }
        let flags = load(UInt32.self, at: 12)
        guard flags & 0xFFFF == 0 else { throw StreamError(.unsupported, "unknown flags 0x\(String(flags & 0xFFFF, radix: 16))") }
        kind = load(UInt16.self, at: 10)
        guard FrameKind(rawValue: kind) != nil || kind & Self.skippable != 0 else {
            throw StreamError(.unsupported, "a frame of unknown kind \(kind)")
        }
        // A later minor version may give these bytes a meaning; in this one they are zero.
        guard minor > Self.minor || (load(UInt64.self, at: 44) == 0 && load(UInt64.self, at: 52) == 0) else {
            throw StreamError(.damaged, "reserved bytes of the frame's header are not zero")
        }
        number = load(UInt64.self, at: 16)
        payloadLength = load(UInt64.self, at: 24)
        metaLength = load(UInt32.self, at: 32)
        metaCRC = load(UInt32.self, at: 36)
        payloadCRC = load(UInt32.self, at: 40)
        guard metaLength <= StreamLimits.meta else {
            throw StreamError(.tooLarge, "a meta of \(metaLength) bytes; the limit is \(StreamLimits.meta)")
        }
        guard payloadLength <= UInt64(limits.payload) else {
            throw StreamError(.tooLarge, "a payload of \(payloadLength) bytes; the limit is \(limits.payload) (--max-frame)")
        }
    }

    init(kind: FrameKind, number: UInt64, metaLength: Int, payloadLength: Int, metaCRC: UInt32, payloadCRC: UInt32) {
        self.kind = kind.rawValue
        self.number = number
        self.metaLength = UInt32(metaLength)
        self.payloadLength = UInt64(payloadLength)
        self.metaCRC = metaCRC
        self.payloadCRC = payloadCRC
    }
}
