// SPDX-License-Identifier: GPL-3.0-or-later
import ECGFormats
import Testing

@Suite struct AnnotationTests {
    private func parse(_ words: [UInt16]) throws -> AnnotationList {
        try AnnotationList(words.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }, place: "x.atr")
    }
    private func word(_ code: UInt16, _ data: UInt16) -> UInt16 { code << 10 | data }

    @Test func fieldsBelongToTheAnnotationBeforeThem() throws {
        // N at 18 with a text, V at 118 with subtype, channel and number, A at 128: channel and number stay, the subtype doesn't.
        let list = try parse([
            word(1, 18), word(63, 3), 0x4E28, 0x0058, word(5, 100), word(61, 0x3FF), word(62, 2), word(60, 7), word(8, 10), 0,
        ])
        #expect(
            list.annotations == [
                Annotation(sample: 18, code: .normal, aux: "(NX"),
                Annotation(sample: 118, code: AnnotationCode(5), subtype: -1, channel: 2, number: 7),
                Annotation(sample: 128, code: AnnotationCode(8), channel: 2, number: 7),
            ])
        #expect(list.annotations.map(\.code.symbol) == Array("NVA".utf8))
    }

    @Test func skipsAddUpAndMayGoBack() throws {
        let far = try parse([word(59, 0), 0x0001, 0x86A0, word(59, 0), 0x7FFF, 0xFFFF, word(1, 5), 0])
        #expect(far.annotations.map(\.sample) == [100_000 + 2_147_483_647 + 5])
        let back = try parse([word(1, 1000), word(59, 0), 0xFFFF, 0xFF9C, word(1, 1), 0])
        #expect(back.annotations.map(\.sample) == [1000, 901])
        let error = #expect(throws: FormatError.self) { try parse([word(59, 0), 0xFFFF, 0xFF9C, word(1, 1), 0]) }
        #expect(error?.message.contains("before the start") == true)
    }

    @Test func whatFollowsTheEndMarkIsIgnoredAndTheMarkIsNeeded() throws {
        #expect(try parse([word(1, 5), 0, word(1, 5)]).annotations.count == 1)
        #expect(try parse([0]).annotations.isEmpty)
        let cut = #expect(throws: FormatError.self) { try parse([word(1, 5)]) }
        #expect(cut?.message == "the annotations end without their end mark")
        #expect(throws: FormatError.self) { try parse([word(1, 5), word(63, 200), 0x4141]) }
        #expect(throws: FormatError.self) { try AnnotationList([], place: "x") }
    }

    @Test func aFilesOwnDefinitionsAreKnown() throws {
        let list = AnnotationList(
            [Annotation(sample: 0, code: AnnotationCode(42)), Annotation(sample: 9, code: .note, aux: "odd")], resolution: 250.5,
            definitions: [AnnotationDefinition(code: AnnotationCode(42), symbol: "Xy", description: "something else")])
        let read = try AnnotationList(list.bytes(), place: "x")
        #expect(read == list)
        #expect(read.annotations[0].code.symbol == 128 + 42 && AnnotationCode(symbol: 128 + 42) == AnnotationCode(42))
    }

    @Test func whatIsWrittenReadsBack() throws {
        var list = AnnotationList()
        var sample = 0
        for index in 0..<500 {
            sample += index % 7 == 0 ? 5000 * index : index
            list.annotations.append(
                Annotation(
                    sample: sample, code: AnnotationCode(UInt8(1 + index % 41)), subtype: Int8(truncatingIfNeeded: index % 5 - 2),
                    channel: UInt8(index % 3), number: Int8(truncatingIfNeeded: index % 4 - 1),
                    aux: index % 11 == 0 ? String(repeating: "é", count: index % 60 + 1) : nil))
        }
        list.annotations.append(Annotation(sample: sample + 3_000_000_000, code: .rhythm, aux: "(AFIB"))
        #expect(try AnnotationList(list.bytes(), place: "x") == list)
        list.annotations.append(Annotation(sample: 5, code: .normal))
        #expect(throws: FormatError.self) { try list.bytes() }
        #expect(throws: FormatError.self) {
            try AnnotationList([Annotation(sample: 1, code: .note, aux: String(repeating: "x", count: 256))]).bytes()
        }
        #expect(throws: FormatError.self) { try AnnotationList([Annotation(sample: 1, code: AnnotationCode(59))]).bytes() }
    }

    @Test func filesOfTheAmericanHeartAssociationAreRead() throws {
        let one: [UInt8] = [0, 0x56, 1, 0, 0x02, 0, 1, 0, 0, 0, 0x68, 0x69, 0, 0, 0, 0]
        let list = try AnnotationList(one + [UInt8](repeating: 0xFF, count: 16), place: "x")
        #expect(list.annotations == [Annotation(sample: 65538, code: AnnotationCode(5), aux: "hi")])
    }

    @Test func positionsBecomeSamplesOfTheRecord() throws {
        let folder = TestFolder()
        folder.write(Encoder.bytes(.signed16, Array(0..<20)), "r.dat")
        folder.write("r 1 100 10\nr.dat 16x2 1\n", "r.hea")
        let dense = try WFDBRecord(path: folder.record("r"), highResolution: true)
        let plain = try WFDBRecord(path: folder.record("r"))
        let frames = AnnotationList([Annotation(sample: 7, code: .normal), Annotation(sample: 3, code: .normal)])
        #expect(try frames.inSamples(of: dense, place: "x").map(\.sample) == [6, 14])
        #expect(try frames.inSamples(of: plain, place: "x").map(\.sample) == [3, 7])
        let ticks = AnnotationList([Annotation(sample: 5, code: .normal)], resolution: 1000)
        #expect(try ticks.inSamples(of: plain, place: "x").map(\.sample) == [1])
        let late = AnnotationList([Annotation(sample: 10, code: .normal)])
        let error = #expect(throws: FormatError.self) { try late.inSamples(of: plain, place: "x") }
        #expect(error?.message == "annotation at sample 10 is outside the record of 10 samples")
    }
}
