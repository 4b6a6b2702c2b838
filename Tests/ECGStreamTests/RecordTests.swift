// SPDX-License-Identifier: GPL-3.0-or-later
import ECGStream
import Glibc
import StreamFixtures
import Testing

/// Writes a stream through the writer and gives its bytes.
func written(_ body: (StreamWriter) throws -> Void) throws -> [UInt8] {
    var template = Array("/tmp/ecg-stream-test.XXXXXX".utf8CString)
    let file = mkstemp(&template)
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer {
        close(file)
        unlink(path)
    }
    let output = ByteOutput(descriptor: file, name: path)
    try body(StreamWriter(output))
    try output.flush()
    var bytes = [UInt8](repeating: 0, count: Int(output.count))
    let count = bytes.withUnsafeMutableBytes { pread(file, $0.baseAddress, $0.count, 0) }
    #expect(count == bytes.count)
    return bytes
}

@Suite struct RecordTests {
    @Test func tensorsOfEveryTypeComeBack() throws {
        var record = Record(key: "a/1")
        record["f4"] = Tensor("f4", [Float(1), .nan, -3, 4, 5, 6], shape: [2, 3], axes: ["lead", "time"])
        record["f8"] = Tensor("f8", [0.1, 0.2], axis: "n")
        record["i2"] = Tensor("i2", [Int16.min, .max], axis: "n")
        record["i4"] = Tensor("i4", [Int32.min, .max], axis: "n")
        record["i8"] = Tensor("i8", [Int64.min, .max], axis: "n")
        record["u1"] = Tensor("u1", [UInt8(0), 255], axis: "n")
        record["none"] = Tensor("none", [Float](), shape: [0, 7], axes: ["a", "b"])
        record["scalar"] = Tensor("scalar", [Float(2)], shape: [], axes: [])
        let bytes = try written { writer in
            try writer.begin()
            try writer.write(record)
            try writer.end()
        }
        #expect(bytes.count % 64 == 0)
        let back = try #require(try readAll(bytes).records.first)
        #expect(back.tensors.map(\.name) == ["f4", "f8", "i2", "i4", "i8", "u1", "none", "scalar"])
        for (before, after) in zip(record.tensors, back.tensors) {
            #expect(
                before.shape == after.shape && before.axes == after.axes && before.dtype == after.dtype && before.payload == after.payload)
        }
        #expect(back["i8"]?.ints() == [Int.min, .max])
        #expect(back["f8"]?.doubles() == [0.1, 0.2])
        #expect(back["f4"]?.floats()[1].isNaN == true)
    }

    /// More pieces than the system takes at a time, into a pipe that takes some bytes now and some later.
    @Test func manyPiecesReachASlowReader() async throws {
        let values = (0..<400_000).map { Float($0) }
        let pieces = stride(from: 0, to: values.count, by: 200).map { (values: values, range: $0..<$0 + 200) }
        var record = Record(key: "a")
        record["x"] = Tensor("x", pieces: pieces, shape: [values.count], axes: ["n"])
        record["y"] = Tensor("y", [UInt8(1), 2, 3], axis: "n")
        func write(_ writer: StreamWriter) throws {
            try writer.begin()
            try writer.write(record)
            try writer.end()
        }
        let whole = try written(write)
        let back = try #require(try readAll(whole).records.first)
        #expect(back["x"]?.floats() == values)

        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        let flags = fcntl(writing, F_GETFL)
        _ = fcntl(writing, F_SETFL, flags | O_NONBLOCK)
        let reader = Task.detached {
            var bytes: [UInt8] = []
            var part = [UInt8](repeating: 0, count: 70_001)
            while true {
                let count = read(reading, &part, part.count)
                if count <= 0 { return bytes }
                bytes += part[..<count]
                usleep(100)
            }
        }
        let output = ByteOutput(descriptor: writing, name: "a pipe")
        try write(StreamWriter(output))
        try output.flush()
        close(writing)
        #expect(output.count == UInt64(whole.count))
        #expect(await reader.value == whole)
        close(reading)
    }

    @Test func whatIsNotTouchedKeepsItsText() throws {
        let unknown = try #require(Zoo.good.first { $0.specimen.name == "unknown-members" }).specimen.bytes
        var record = try #require(try readAll(unknown).records.first)
        record.meta["label"] = "V"
        record["logits"] = Tensor("logits", [Float(1), 2], axis: "class")
        let bytes = try written { writer in
            try writer.begin()
            try writer.write(record)
            try writer.end()
        }
        let back = try #require(try readAll(bytes).records.first)
        #expect(back.meta.names == ["zebra", "key", "fs", "leads", "units", "tensors", "later", "label"])
        #expect(back.meta.text(of: "zebra") == "[1.50, 2e0]")
        #expect(back.tensors.map(\.name) == ["first", "signal", "weird/one", "logits"])
        #expect(back.meta.text(of: "tensors")?.contains(#""lens":"wide""#) == true)
        #expect(back["first"]?.payload == record["first"]?.payload)
    }

    @Test func unchangedRecordsPassByteForByte() throws {
        for (specimen, _) in Zoo.good where ["unknown-members", "json-corners", "tensors-out-of-order"].contains(specimen.name) {
            let records = try readAll(specimen.bytes).records
            let bytes = try written { writer in
                try writer.begin()
                for record in records { try writer.write(record) }
                try writer.end()
            }
            // Everything between HEAD and END.
            #expect(Array(bytes[128..<bytes.count - 128]) == Array(specimen.bytes[128..<specimen.bytes.count - 128]), "\(specimen.name)")
        }
    }

    @Test func provenanceGrowsByOneEntry() throws {
        let head = try Meta(parsing: #"{"x":1,"format":"ecg-stream","prov":[ {"tool" : "a"} ]}"#)
        let bytes = try written { writer in
            try writer.begin(upstream: head, entry: ["tool": "b"])
            try writer.end()
        }
        #expect(String(decoding: bytes, as: UTF8.self).contains(#"{"x":1,"format":"ecg-stream","prov":[ {"tool" : "a"} ,{"tool":"b"}]}"#))
        let first = try written { writer in
            try writer.begin(entry: ["tool": "b"])
            try writer.end()
        }
        #expect(String(decoding: first, as: UTF8.self).contains(#""prov":[{"tool":"b"}]"#))
    }

    @Test func endCountsWhatWasLeftOut() throws {
        let bytes = try written { writer in
            try writer.begin()
            writer.add(end: try Meta(parsing: #"{"records":9,"skipped":{"too long":2},"first_skipped":["a/1","a/2"],"extra":[1, 2]}"#))
            for index in 0..<150 { writer.skip(reason: "other class", key: "b/\(index)") }
            try writer.end()
        }
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains(#"{"records":0,"skipped":{"too long":2,"other class":150},"first_skipped":["a/1","a/2","b/0","#))
        #expect(text.contains(#""b/97"],"extra":[1, 2]}"#))
    }

    @Test func framesOverTheLimitAreRefused() throws {
        #expect(throws: StreamError.self) {
            _ = try readAll(testStream(records: 1), limits: StreamLimits(payload: 64))
        }
        #expect(throws: StreamError.self) {
            _ = try written { writer in
                try writer.begin()
                try writer.write(Record(key: String(repeating: "k", count: 17 << 20)))
            }
        }
    }

    @Test func recordingsNameIsFoundInKeys() {
        var beat = Record(key: "a/b/100/1234")
        #expect(beat.recordName == "a/b/100/1234")
        beat.meta["sample"] = 1234
        #expect(beat.recordName == "a/b/100")
        beat.meta["record"] = "100"
        #expect(beat.recordName == "100")
    }
}
