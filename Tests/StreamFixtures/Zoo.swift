// SPDX-License-Identifier: GPL-3.0-or-later
import ECGStream

/// The golden streams: small ones, good and broken in every way we know, each with what a reader must make of it.
///
/// They lie as files in Tests/StreamFixtures/zoo, for readers in other languages too; a test holds the files and this list together, and
/// ECGPIPE_REWRITE=1 writes the files anew.
public enum Zoo {
    public struct Specimen: Sendable {
        public let name: String
        public let bytes: [UInt8]
    }

    /// Streams that every reader must take as whole, with their count of records.
    public static let good: [(specimen: Specimen, records: Int)] = [
        (stream("empty", []), 0),
        (stream("one-record", [record(1)]), 1),
        (stream("beats", (1...5).map { beat($0) }), 5),
        (stream("parts", (1...3).map { part($0, of: 3) }), 3),
        (stream("note", [record(1), TestFrame(5, 2, #"{"prov":[{"tool":"other"}]}"#), record(3)]), 2),
        (stream("skippable-kind", [TestFrame(0x8009, 1, "{}", payload: [1, 2, 3]), record(2)]), 1),
        (
            stream(
                "higher-minor",
                [
                    record(1).with {
                        $0.minor = 7
                        $0.reserved[3] = 1
                    }
                ]), 1
        ),
        (stream("high-flags", [record(1).with { $0.flags = 0xABCD_0000 }]), 1),
        (stream("unknown-members", [unknown(1)]), 1),
        (stream("json-corners", [TestFrame.record(1, key: "a", members: corners)]), 1),
        (stream("no-tensors", [TestFrame(2, 1, #"{"key":"x","tensors":[]}"#)]), 1),
        (stream("all-dtypes", [dtypes(1)]), 1),
        (stream("empty-tensor", [tensors(1, #"{"name":"a","dtype":"<f4","shape":[2,0],"axes":["lead","time"],"at":0}"#, [])]), 1),
        (stream("scalar", [tensors(1, entry("a", "<f4", "", "", 0), [0, 0, 0, 0])]), 1),
        (stream("tensors-out-of-order", [tensors(1, entry("b", "|u1", "1", "n", 64) + "," + entry("a", "|u1", "1", "n", 0), ones(65))]), 1),
        (stream("skipped", [record(1)], end: #"{"records":1,"skipped":{"longer than 430 samples":2},"first_skipped":["a/1","a/2"]}"#), 1),
        (Specimen(name: "concatenated", bytes: testStream(records: 2) + testStream(records: 0) + testStream(records: 1)), 3),
    ]

    /// Streams that no reader may take as whole, with the reason it must find.
    public static let broken: [(specimen: Specimen, kind: StreamError.Kind)] = headers + order + metas + tables

    private static let headers: [(Specimen, StreamError.Kind)] = [
        (Specimen(name: "zero-bytes", bytes: []), .truncated),
        (Specimen(name: "not-a-stream", bytes: Array(String(repeating: "lead,time\n", count: 20).utf8)), .damaged),
        (Specimen(name: "short-not-a-stream", bytes: Array("hello".utf8)), .damaged),
        (Specimen(name: "only-magic", bytes: TestFrame.head.magic), .truncated),
        (Specimen(name: "only-head", bytes: TestFrame.head.bytes), .truncated),
        (stream("magic", [record(1).with { $0.magic[0] = 0x88 }]), .damaged),
        (stream("magic-after-text-mode", [record(1).with { $0.magic[4] = 0x0A }]), .damaged),
        (stream("higher-major", [record(1).with { $0.major = 2 }]), .unsupported),
        (stream("major-zero", [record(1).with { $0.major = 0 }]), .unsupported),
        (stream("unknown-flag", [record(1).with { $0.flags = 1 }]), .unsupported),
        (stream("unknown-flag-15", [record(1).with { $0.flags = 0x8000 }]), .unsupported),
        (stream("unknown-kind", [TestFrame(9, 1, "{}"), record(2)]), .unsupported),
        (stream("kind-zero", [TestFrame(0, 1, "{}"), record(2)]), .unsupported),
        (stream("reserved", [record(1).with { $0.reserved[15] = 1 }]), .damaged),
        (stream("header-sum", [record(1).with { $0.headerSumError = 1 }]), .damaged),
        (stream("meta-sum", [record(1).with { $0.metaSumError = 1 << 31 }]), .damaged),
        (stream("payload-sum", [record(1).with { $0.payloadSumError = 1 }]), .damaged),
        (stream("skippable-kind-damaged", [TestFrame(0x8009, 1, "{}", payload: [1]).with { $0.payloadSumError = 1 }]), .damaged),
        (stream("meta-padding", [record(1).with { $0.metaPad = 0 }]), .damaged),
        (stream("payload-padding", [record(1).with { $0.payloadPad = 1 }]), .damaged),
        (stream("huge-payload", [record(1).with { $0.payloadLength = 1 << 62 }]), .tooLarge),
        (stream("negative-payload", [record(1).with { $0.payloadLength = .max }]), .tooLarge),
        (stream("huge-meta", [record(1).with { $0.metaLength = .max }]), .tooLarge),
        (stream("meta-over-limit", [record(1).with { $0.metaLength = (16 << 20) + 1 }]), .tooLarge),
        (stream("payload-longer-than-file", [record(1).with { $0.payloadLength = 1 << 29 }]), .truncated),
    ]

    private static let order: [(Specimen, StreamError.Kind)] = [
        (Specimen(name: "no-end", bytes: TestFrame.head.bytes + record(1).bytes), .truncated),
        (Specimen(name: "no-head", bytes: record(0).bytes + TestFrame.end(1, records: 1).bytes), .damaged),
        (stream("second-head", [TestFrame.head.with { $0.number = 1 }]), .damaged),
        (stream("restarted", [record(1), TestFrame.head]), .damaged),
        (stream("lost-frame", [record(1), record(3)]), .damaged),
        (stream("doubled-frame", [record(1), record(1)]), .damaged),
        (stream("swapped-frames", [record(2), record(1)]), .damaged),
        (stream("foreign-frame", [record(1), record(17)]), .damaged),
        (stream("end-counts-more", [record(1)], end: #"{"records":2}"#), .damaged),
        (stream("end-counts-fewer", [record(1), record(2)], end: #"{"records":1}"#), .damaged),
        (stream("end-without-count", [record(1)], end: "{}"), .damaged),
        (stream("end-count-is-text", [record(1)], end: #"{"records":"1"}"#), .damaged),
        (Specimen(name: "record-after-end", bytes: testStream(records: 1) + record(3).bytes), .damaged),
        (Specimen(name: "text-after-end", bytes: testStream(records: 1) + Array("\n".utf8)), .damaged),
        (Specimen(name: "zeros-after-end", bytes: testStream(records: 1) + [UInt8](repeating: 0, count: 64)), .damaged),
        (Specimen(name: "second-stream-cut", bytes: testStream(records: 1) + TestFrame.head.bytes), .truncated),
        (Specimen(name: "second-stream-header-cut", bytes: testStream(records: 1) + TestFrame.head.bytes.prefix(40)), .truncated),
    ]

    private static let metas: [(Specimen, StreamError.Kind)] = [
        (Specimen(name: "head-of-another-format", bytes: TestFrame(1, 0, #"{"format":"egg","prov":[]}"#).bytes), .damaged),
        (Specimen(name: "head-without-prov", bytes: TestFrame(1, 0, #"{"format":"ecg-stream"}"#).bytes), .damaged),
        (Specimen(name: "head-prov-no-array", bytes: TestFrame(1, 0, #"{"format":"ecg-stream","prov":{}}"#).bytes), .damaged),
        (stream("end-with-payload", [], endPayload: [1]), .damaged),
        (stream("meta-empty", [TestFrame(2, 1, "")]), .damaged),
        (stream("meta-array", [TestFrame(2, 1, "[]")]), .damaged),
        (stream("meta-two-values", [TestFrame(2, 1, #"{"key":"a","tensors":[]} {}"#)]), .damaged),
        (stream("meta-open", [TestFrame(2, 1, #"{"key":"a","tensors":[]"#)]), .damaged),
        (stream("meta-open-string", [TestFrame(2, 1, #"{"key":"a","tensors":[],"x":"#)]), .damaged),
        (stream("meta-comma", [TestFrame(2, 1, #"{"key":"a","tensors":[],}"#)]), .damaged),
        (stream("meta-nan", [TestFrame(2, 1, #"{"key":"a","tensors":[],"fs":NaN}"#)]), .damaged),
        (stream("meta-leading-zero", [TestFrame(2, 1, #"{"key":"a","tensors":[],"fs":0360}"#)]), .damaged),
        (stream("meta-plus", [TestFrame(2, 1, #"{"key":"a","tensors":[],"fs":+1}"#)]), .damaged),
        (stream("meta-point", [TestFrame(2, 1, #"{"key":"a","tensors":[],"fs":1.}"#)]), .damaged),
        (stream("meta-single-quotes", [TestFrame(2, 1, "{'key':'a','tensors':[]}")]), .damaged),
        (stream("meta-control", [TestFrame(2, 1, "{\"key\":\"a\u{1}\",\"tensors\":[]}")]), .damaged),
        (stream("meta-escape", [TestFrame(2, 1, #"{"key":"a\x41","tensors":[]}"#)]), .damaged),
        (stream("meta-not-utf8", [TestFrame(2, 1, #"{"key":"a_","tensors":[]}"#).with { $0.meta[9] = 0xFF }]), .damaged),
        (
            stream(
                "meta-overlong-utf8",
                [
                    TestFrame(2, 1, #"{"key":"a__","tensors":[]}"#).with {
                        $0.meta[9] = 0xC0
                        $0.meta[10] = 0x80
                    }
                ]), .damaged
        ),
        (stream("meta-name-twice", [TestFrame(2, 1, #"{"key":"a","tensors":[],"key":"b"}"#)]), .damaged),
        (stream("meta-name-twice-escaped", [TestFrame(2, 1, #"{"key":"a","tensors":[],"\u006bey":"b"}"#)]), .damaged),
        (
            stream(
                "meta-deep",
                [
                    TestFrame(
                        2, 1,
                        #"{"key":"a","tensors":[],"x":"# + String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000) + "}")
                ]), .damaged
        ),
        (stream("no-key", [TestFrame(2, 1, #"{"tensors":[]}"#)]), .damaged),
        (stream("key-is-number", [TestFrame(2, 1, #"{"key":100,"tensors":[]}"#)]), .damaged),
        (stream("no-table", [TestFrame(2, 1, #"{"key":"a"}"#)]), .damaged),
    ]

    private static let tables: [(Specimen, StreamError.Kind)] = [
        ("table-is-object", "{}", 0), ("entry-is-number", "[1]", 0),
        ("tensor-leaves-payload", "[" + entry("a", "<f4", "17", "n", 0) + "]", 64),
        ("tensor-starts-outside", "[" + entry("a", "<f4", "1", "n", 128) + "]", 64),
        ("tensor-misaligned", "[" + entry("a", "<f4", "1", "n", 4) + "]", 8),
        ("tensor-negative-start", "[" + entry("a", "<f4", "1", "n", -64) + "]", 64),
        ("tensors-overlap", "[" + entry("a", "<f4", "32", "n", 0) + "," + entry("b", "<f4", "16", "n", 64) + "]", 128),
        ("tensors-share", "[" + entry("a", "<f4", "16", "n", 0) + "," + entry("b", "<f4", "16", "n", 0) + "]", 64),
        ("tensors-of-one-name", "[" + entry("a", "|u1", "64", "n", 0) + "," + entry("a", "|u1", "64", "n", 64) + "]", 128),
        ("payload-of-nobody", "[" + entry("a", "|u1", "64", "n", 0) + "]", 256), ("payload-without-tensors", "[]", 64),
        ("gap-not-zero", "[" + entry("a", "|u1", "3", "n", 0) + "," + entry("b", "|u1", "1", "n", 64) + "]", 65),
        ("dtype-unknown", "[" + entry("a", "<f2", "32", "n", 0) + "]", 64),
        ("dtype-big-endian", "[" + entry("a", ">f4", "16", "n", 0) + "]", 64),
        ("shape-overflows", "[" + entry("a", "<f8", "4294967296,4294967296", "n\",\"m", 0) + "]", 64),
        ("shape-huge-number", "[" + entry("a", "<f8", "99999999999999999999", "n", 0) + "]", 64),
        ("shape-negative", "[" + entry("a", "<f8", "-1", "n", 0) + "]", 64),
        ("shape-fraction", "[" + entry("a", "<f8", "8.0", "n", 0) + "]", 64),
        ("axes-too-few", "[" + entry("a", "<f4", "4,4", "n", 0) + "]", 64),
        ("axes-too-many", "[" + entry("a", "<f4", "16", "n\",\"m", 0) + "]", 64),
        ("entry-without-at", #"[{"name":"a","dtype":"|u1","shape":[64],"axes":["n"]}]"#, 64),
        ("entry-without-name", #"[{"dtype":"|u1","shape":[64],"axes":["n"],"at":0}]"#, 64),
        ("entry-member-twice", #"[{"name":"a","name":"a","dtype":"|u1","shape":[64],"axes":["n"],"at":0}]"#, 64),
    ].map { name, table, payload in
        (stream(name, [TestFrame(2, 1, "{\"key\":\"a\",\"tensors\":\(table)}", payload: ones(payload))]), .damaged)
    }

    /// Streams that end with ABORT.
    public static let aborted: [Specimen] = [
        Specimen(name: "aborted", bytes: TestFrame.head.bytes + record(1).bytes + TestFrame.abort(2, records: 1).bytes),
        Specimen(name: "aborted-at-once", bytes: TestFrame.head.bytes + TestFrame.abort(1, records: 0).bytes),
        Specimen(
            name: "aborted-then-more",
            bytes: TestFrame.head.bytes + TestFrame.abort(1, records: 0).bytes + testStream(records: 1) + Array("rubbish".utf8)),
        Specimen(name: "second-aborted", bytes: testStream(records: 2) + TestFrame.head.bytes + TestFrame.abort(1, records: 0).bytes),
    ]

    // MARK: How they are made

    private static func stream(_ name: String, _ frames: [TestFrame], end: String? = nil, endPayload: [UInt8] = []) -> Specimen {
        let records = frames.filter { $0.kind == 2 }.count
        let last = TestFrame(3, frames.count + 1, end ?? "{\"records\":\(records)}", payload: endPayload)
        return Specimen(name: name, bytes: TestFrame.head.bytes + frames.flatMap(\.bytes) + last.bytes)
    }

    private static func record(_ number: Int) -> TestFrame { .record(number, key: "100/\(number * 300)") }

    private static func beat(_ number: Int) -> TestFrame {
        let sample = number * 300
        let label = ["N", "V", "N", "A", "N"][(number - 1) % 5]
        let members =
            ",\"record\":\"100\",\"sample\":\(sample),\"r\":4,\"length\":8,\"label\":\"\(label)\",\"rr_before\":0.81,\"rr_after\":0.79"
        return .record(number, key: "100/\(sample)", members: members)
    }

    private static func part(_ number: Int, of count: Int) -> TestFrame {
        .record(number, key: "100", members: ",\"start\":\((number - 1) * 10)" + (number < count ? ",\"more\":true" : ""))
    }

    private static let corners =
        #","n":[-0,0,1e5,1E-5,0.10,123456789012345678901234567890],"s":["","\"\\\/\b\f\n\r\t","\u00e9\ud83d\ude00","é😀","\ud800"],"#
        + "\n\t "
        + #""o" : { "a" : { } , "b" : [ ] },"t":[true,false,null]"#

    private static func unknown(_ number: Int) -> TestFrame {
        let table =
            #"[{"name":"first","dtype":"|u1","shape":[1],"axes":["x"],"at":0,"lens":"wide"},{"name":"signal","dtype":"<f4","shape":[1,2],"#
            + #""axes":["lead","time"],"at":64},{"name":"weird/one","dtype":"<i2","shape":[2],"axes":["q"],"at":128}]"#
        let meta =
            #"{"zebra" : [1.50, 2e0],"key":"u","fs":360,"leads":["MLII"],"units":["mV"],"tensors":"# + table + #","later":{"x":null}}"#
        var payload = [UInt8](repeating: 0, count: 132)
        payload[0] = 7
        payload[67] = 0x3F
        payload[128] = 9
        return TestFrame(2, number, meta, payload: payload)
    }

    private static func dtypes(_ number: Int) -> TestFrame {
        let names = ["<f4", "<f8", "<i2", "<i4", "<i8", "|u1"]
        return tensors(
            number, names.enumerated().map { entry("t\($0)", $1, "2", "n", $0 * 64) }.joined(separator: ","),
            [UInt8](repeating: 0, count: 322))
    }

    private static func tensors(_ number: Int, _ entries: String, _ payload: [UInt8]) -> TestFrame {
        var payload = payload
        // What lies between two small tensors must be zero.
        if payload.count == 65 { for index in 1..<64 { payload[index] = 0 } }
        return TestFrame(2, number, "{\"key\":\"t\",\"tensors\":[\(entries)]}", payload: payload)
    }

    private static func entry(_ name: String, _ dtype: String, _ shape: String, _ axes: String, _ at: Int) -> String {
        let axes = axes.isEmpty ? "" : "\"\(axes)\""
        return "{\"name\":\"\(name)\",\"dtype\":\"\(dtype)\",\"shape\":[\(shape)],\"axes\":[\(axes)],\"at\":\(at)}"
    }

    private static func ones(_ count: Int) -> [UInt8] { [UInt8](repeating: 1, count: count) }
}
