// SPDX-License-Identifier: GPL-3.0-or-later
import ECGDeflate
import ECGStream

/// A frame to be built byte by byte, right or wrong; independent of the writer that the tests are about.
public struct TestFrame: Sendable {
    public var magic: [UInt8] = [0x89, 0x45, 0x43, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    public var major: UInt8 = 1
    public var minor: UInt8 = 0
    public var kind: UInt16
    public var flags: UInt32 = 0
    public var number: UInt64
    public var meta: [UInt8]
    public var payload: [UInt8]
    public var metaPad: UInt8 = 0x20
    public var payloadPad: UInt8 = 0
    public var reserved = [UInt8](repeating: 0, count: 16)
    /// Lengths that lie.
    public var payloadLength: UInt64?
    public var metaLength: UInt32?
    /// Flipped into the sums.
    public var metaSumError: UInt32 = 0
    public var payloadSumError: UInt32 = 0
    public var headerSumError: UInt32 = 0

    public init(_ kind: UInt16, _ number: Int, _ meta: String, payload: [UInt8] = []) {
        self.kind = kind
        self.number = UInt64(number)
        self.meta = Array(meta.utf8)
        self.payload = payload
    }

    /// The same frame with something changed.
    public func with(_ change: (inout TestFrame) -> Void) -> TestFrame {
        var frame = self
        change(&frame)
        return frame
    }

    public var bytes: [UInt8] {
        func little<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
        func padded(_ bytes: [UInt8], _ pad: UInt8) -> [UInt8] { bytes + [UInt8](repeating: pad, count: (64 - bytes.count % 64) % 64) }
        func sum(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { CRC32.of($0) } }
        let meta = padded(meta, metaPad)
        let payload = padded(payload, payloadPad)
        var header = magic + [major, minor] + little(kind) + little(flags) + little(number)
        header += little(payloadLength ?? UInt64(self.payload.count)) + little(metaLength ?? UInt32(self.meta.count))
        header += little(sum(meta) ^ metaSumError) + little(sum(payload) ^ payloadSumError) + reserved
        return header + little(sum(header) ^ headerSumError) + meta + payload
    }
}

extension TestFrame {
    public static let head = TestFrame(1, 0, #"{"format":"ecg-stream","prov":[{"tool":"test","version":"1"}]}"#)

    public static func end(_ number: Int, records: Int) -> TestFrame { TestFrame(3, number, "{\"records\":\(records)}") }

    public static func abort(_ number: Int, records: Int) -> TestFrame {
        let error = #"{"tool":"ecg-infer","record":"100/1234","message":"no such lead","exit":65}"#
        return TestFrame(4, number, "{\"error\":\(error),\"records\":\(records)}")
    }

    /// A record of one tensor `signal` [lead,time] of float32 with two leads; `members` goes into the meta as it is.
    public static func record(_ number: Int, key: String, samples: Int = 10, members: String = "") -> TestFrame {
        let values = (0..<2 * samples).map { Float($0) / 8 }
        let table = "[{\"name\":\"signal\",\"dtype\":\"<f4\",\"shape\":[2,\(samples)],\"axes\":[\"lead\",\"time\"],\"at\":0}]"
        let meta = "{\"key\":\"\(key)\",\"fs\":360,\"leads\":[\"MLII\",\"V5\"],\"units\":[\"mV\",\"mV\"]\(members),\"tensors\":\(table)}"
        return TestFrame(2, number, meta, payload: values.withUnsafeBytes { Array($0) })
    }
}

/// A whole stream of some records.
public func testStream(records: Int = 3) -> [UInt8] {
    var bytes = TestFrame.head.bytes
    for number in 0..<records { bytes += TestFrame.record(number + 1, key: "100/\(number)").bytes }
    return bytes + TestFrame.end(records + 1, records: records).bytes
}
