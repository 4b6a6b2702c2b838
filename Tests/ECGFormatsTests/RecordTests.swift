// SPDX-License-Identifier: GPL-3.0-or-later
import ECGFormats
import Testing

@Suite struct RecordTests {
    private func equal(_ left: [Float], _ right: [Float]) -> Bool {
        left.count == right.count && zip(left, right).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }
    }

    @Test func severalFilesAndOffsetsMakeOneRecord() throws {
        let folder = TestFolder()
        folder.write([9, 9, 9] + Encoder.bytes(.signed16, [1, 10, 2, 20]), "a.dat")
        folder.write(Encoder.bytes(.packed12, [100, 200]), "b.dat")
        folder.write("r 3 250 2\na.dat 16+3 1\na.dat 16+3 1\nb.dat 212 1\n", "r.hea")
        #expect(try WFDBRecord(path: folder.record("r.hea")).read(0..<2) == [1, 2, 10, 20, 100, 200])
    }

    @Test func aMissingLengthIsTheShortestFiles() throws {
        let folder = TestFolder()
        folder.write(Encoder.bytes(.signed16, [1, 2, 3, 4]), "a.dat")
        folder.write(Encoder.bytes(.packed12, [5, 6, 7]), "b.dat")
        folder.write("r 2 250\na.dat 16 1\nb.dat 212 1\n", "r.hea")
        let record = try WFDBRecord(path: folder.record("r"))
        #expect(record.length == 3)
        #expect(try record.read(0..<3) == [1, 2, 3, 5, 6, 7])
    }

    @Test func skewLinesSignalsUpAndItsEndIsMissing() throws {
        let folder = TestFolder()
        folder.write(Encoder.bytes(.signed16, [1, 10, 2, 20, 3, 30, 4, 40]), "r.dat")
        folder.write("r 2 250 4\nr.dat 16 1 0 0 0 10\nr.dat 16:2 1 0 0 0 100\n", "r.hea")
        // The samples before the skew count in the checksum too.
        #expect(equal(try WFDBRecord(path: folder.record("r")).read(0..<4), [1, 2, 3, 4, 30, 40, .nan, .nan]))
        let parts = try WFDBRecord(path: folder.record("r"))
        #expect(equal(try parts.read(0..<3), [1, 2, 3, 30, 40, .nan]))
        #expect(equal(try parts.read(3..<4), [4, .nan]))
    }

    @Test func framesAreAveragedToWholeUnitsOrKept() throws {
        let folder = TestFolder()
        // Two frames: four samples of a, two of b, one of c.
        folder.write(Encoder.bytes(.signed16, [1, 2, 3, 5, -1, -2, 7, -32768, 1, 1, 1, 8, 9, 6]), "r.dat")
        folder.write("r 3 10 2\nr.dat 16x4 1\nr.dat 16x2 1\nr.dat 16 1\n", "r.hea")
        let averaged = try WFDBRecord(path: folder.record("r"))
        // 11/4 and -3/2 lose their fraction as in the WFDB library; a frame with an invalid sample has none.
        #expect(equal(try averaged.read(0..<2), [2, .nan, -1, 8, 7, 6]))
        let dense = try WFDBRecord(path: folder.record("r"), highResolution: true)
        #expect(dense.frequency == 40 && dense.length == 8)
        let expected: [Float] = [1, 2, 3, 5, .nan, 1, 1, 1, -1, -1, -2, -2, 8, 8, 9, 9, 7, 7, 7, 7, 6, 6, 6, 6]
        #expect(equal(try dense.read(0..<8), expected))
        #expect(equal(try dense.read(3..<6), [5, .nan, 1, -2, 8, 8, 7, 6, 6]))
    }

    @Test func aWrongChecksumIsFoundBeforeTheLastPartIsHandedOut() throws {
        let folder = TestFolder()
        folder.write(Encoder.bytes(.signed16, [1, 2, 3, 4]), "r.dat")
        folder.write("r 1 250 4\nr.dat 16 1 16 0 1 11 0 II\n", "r.hea")
        let record = try WFDBRecord(path: folder.record("r"))
        #expect(try record.read(0..<3) == [1, 2, 3])
        let error = #expect(throws: FormatError.self) { try record.read(3..<4) }
        #expect(error?.message.contains("checksum of signal II is 10") == true)
        // A record that is not read whole has no checksum to compare.
        #expect(try WFDBRecord(path: folder.record("r")).read(1..<4) == [2, 3, 4])
    }

    @Test func aFileCutShortIsFoundBeforeAnythingIsRead() {
        let folder = TestFolder()
        folder.write(Encoder.bytes(.packed12, [1, 2, 3, 4, 5]), "r.dat")
        folder.write("r 1 250 6\nr.dat 212 1\n", "r.hea")
        let error = #expect(throws: FormatError.self) { try WFDBRecord(path: folder.record("r")) }
        #expect(error?.kind == .damaged && error?.message.contains("has 5 samples of each signal") == true)
    }

    @Test func whatIsMissingCannotBeOpened() {
        let folder = TestFolder()
        #expect(throws: FormatError(.cannotOpen, at: folder.record("r.hea"), "No such file or directory")) {
            try WFDBRecord(path: folder.record("r"))
        }
        folder.write("r 1 250 6\nr.dat 212 1\n", "r.hea")
        #expect(throws: FormatError(.cannotOpen, at: folder.record("r.dat"), "No such file or directory")) {
            try WFDBRecord(path: folder.record("r"))
        }
    }

    @Test func fixedSegmentsFollowEachOtherAndGapsAreMissing() throws {
        let folder = TestFolder()
        folder.write(Encoder.bytes(.signed16, [1, 2]), "a.dat")
        folder.write(Encoder.bytes(.signed16, [30, 40]), "b.dat")
        folder.write("a 1 250 2\na.dat 16 1 0 0 0 3 0 II\n", "a.hea")
        folder.write("b 1 250 2\nb.dat 16 10 0 0 0 70 0 II\n", "b.hea")
        folder.write("m/3 1 250 5\na 2\n~ 1\nb 2\n", "m.hea")
        let record = try WFDBRecord(path: folder.record("m"))
        #expect(record.leads == ["II"])
        #expect(equal(try record.read(0..<5), [1, 2, .nan, 3, 4]))
        #expect(equal(try record.read(1..<4), [2, .nan, 3]))
    }

    @Test func variableSegmentsAreFoundByName() throws {
        let folder = TestFolder()
        folder.write("l 3 250 0\n~ 0 100/mV 0 0 0 0 0 II\n~ 0 100/mV 0 0 0 0 0 V\n~ 0 1/mmHg 0 0 0 0 0 ABP\n", "l.hea")
        folder.write(Encoder.bytes(.signed16, [1, 10, 2, 20]), "a.dat")
        folder.write("a 2 250 2\na.dat 16 1/mV 0 0 0 3 0 V\na.dat 16 10/mV 0 0 0 30 0 II\n", "a.hea")
        folder.write("m/3 3 250 3\nl 0\na 2\n~ 1\n", "m.hea")
        let record = try WFDBRecord(path: folder.record("m"))
        #expect(record.leads == ["II", "V", "ABP"] && record.units == ["mV", "mV", "mmHg"])
        #expect(equal(try record.read(0..<3), [1, 2, .nan, 1, 2, .nan, .nan, .nan, .nan]))
        #expect(equal(try WFDBRecord(path: folder.record("m"), selection: ["V"]).read(0..<3), [1, 2, .nan]))
    }

    @Test(arguments: [
        ("m/2 1 250 9\na 2\nb 2\n", "its segments have 4"), ("m/2 1 300 4\na 2\nb 2\n", "250.0 Hz"),
        ("m/1 1 250 3\na 3\n", "has 2 samples"),
        ("m/2 1 250\nm 2\nb 2\n", "can't have segments"), ("m/2 2 250\na 2\nb 2\n", "says 2 signals"),
        ("m/2 1 250\na 2\n~ 99999999999\n", "a gap of"), ("m/2 1 250\na 2\n~ 9223372036854775807\n", "a gap of"),
    ])
    func segmentsThatContradictTheirMasterAreRefused(_ master: String, _ cause: String) throws {
        let folder = TestFolder()
        for name in ["a", "b"] {
            folder.write(Encoder.bytes(.signed16, [1, 2]), "\(name).dat")
            folder.write("\(name) 1 250 2\n\(name).dat 16 1 0 0 0 3 0 II\n", "\(name).hea")
        }
        folder.write(master, "m.hea")
        let error = #expect(throws: FormatError.self) {
            let record = try WFDBRecord(path: folder.record("m"))
            try record.check(0..<record.length)
        }
        #expect(error?.message.contains(cause) == true, "\(error?.message ?? "") should say \(cause)")
    }

    @Test func partsOfARecordingSayWhetherMoreFollows() throws {
        let folder = TestFolder()
        folder.write(Encoder.bytes(.signed16, Array(0..<10)), "r.dat")
        folder.write("r 1 250 10\nr.dat 16 1\n", "r.hea")
        let record = WFDBRecording(try WFDBRecord(path: folder.record("r")))
        var parts = try RecordingParts(record, from: 1, upTo: 9, size: 3)
        var seen: [(Int, Int, Bool)] = []
        while let part = try parts.next() { seen.append((part.start, part.count, part.hasMore)) }
        #expect(seen.map(\.0) == [1, 4, 7] && seen.map(\.1) == [3, 3, 2] && seen.map(\.2) == [true, true, false])
        let error = #expect(throws: FormatError.self) { try RecordingParts(record, from: 10, size: 3) }
        #expect(error?.message == "sample 10 is after the end: there are 10 samples")
    }

    @Test func whatWasWrittenIsReadBack() throws {
        let folder = TestFolder()
        for format in [WFDBWriter.Format.signed16, .packed12] {
            let leads = [
                WFDBWriter.Lead(name: "II", gain: 200), WFDBWriter.Lead(name: "V 1", gain: 100, baseline: 5), .init(name: "x", units: ""),
            ]
            let writer = try WFDBWriter(folder: folder.path + "/", name: "w", frequency: 360, leads: leads, format: format)
            let values: [Float] = [0.5, -1, .nan, 0.01, 0.02, 0.03, 1, 2, -2]
            try writer.append(values)
            try writer.append([0.1, 0.2, 0.3])
            try writer.finish(comments: ["a note"])
            let record = try WFDBRecord(path: folder.record("w"))
            #expect(record.header.comments == ["a note"] && record.leads == ["II", "V 1", "x"] && record.units[2] == "NU")
            let expected: [Float] = [0.5, -1, .nan, 0.1, 0.01, 0.02, 0.03, 0.2, 1, 2, -2, 0.3]
            let read = try record.read(0..<4)
            #expect(zip(read, expected).allSatisfy { abs($0 - $1) < 1e-6 || $0.isNaN && $1.isNaN })
        }
        let writer = try WFDBWriter(folder: folder.path + "/", name: "v", frequency: 360, leads: [.init(name: "II")])
        #expect(throws: FormatError.self) { try writer.append([33]) }
        #expect(throws: FormatError.self) { try WFDBWriter(folder: "", name: "a/b", frequency: 360, leads: []) }
    }
}
