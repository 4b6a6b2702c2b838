// SPDX-License-Identifier: GPL-3.0-or-later
import ECGFormats
import Testing

@Suite struct ArrayTests {
    /// A file as NumPy writes it.
    static func npy(_ descriptor: String, _ shape: String, _ data: [UInt8], fortran: Bool = false, version: UInt8 = 1) -> [UInt8] {
        var header = Array("{'descr': '\(descriptor)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': \(shape), }".utf8)
        let prefix = version == 1 ? 10 : 12
        while (header.count + prefix + 1) % 64 != 0 { header.append(0x20) }
        header.append(0x0A)
        let length = header.count
        let size: [UInt8] =
            version == 1
            ? [UInt8(length & 0xFF), UInt8(length >> 8)] : [UInt8(length & 0xFF), UInt8(length >> 8), 0, 0]
        return [0x93] + Array("NUMPY".utf8) + [version, 0] + size + header + data
    }

    static func little(_ values: [Int], _ size: Int) -> [UInt8] {
        values.flatMap { value in (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    }

    @Test(arguments: [("<i2", 2), ("<i4", 4), ("<i8", 8), ("|i1", 1)])
    func itemsLeadsAndTimesAreFound(_ descriptor: String, _ size: Int) throws {
        let folder = TestFolder()
        // Two items, three leads, four samples: value 100 item + 10 lead + time, minus 50.
        let values = (0..<2).flatMap { item in (0..<3).flatMap { lead in (0..<4).map { 100 * item + 10 * lead + $0 - 50 } } }
        folder.write(ArrayTests.npy(descriptor, "(2, 3, 4)", ArrayTests.little(values, size)), "x.npy")
        let array = try ArrayRecording(path: folder.record("x.npy"))
        #expect(array.items == 2 && array.leads == 3 && array.length == 4)
        #expect(try array.read(item: 1, leads: [2, 0], samples: 1..<3) == [71, 72, 51, 52])
    }

    @Test(arguments: [UInt8(1), 2, 3]) func fortranOrderAndAllVersionsAreRead(_ version: UInt8) throws {
        let folder = TestFolder()
        var values: [Int] = []
        for time in 0..<4 { for lead in 0..<3 { for item in 0..<2 { values.append(100 * item + 10 * lead + time) } } }
        folder.write(ArrayTests.npy("<i2", "(2, 3, 4)", ArrayTests.little(values, 2), fortran: true, version: version), "x.npy")
        let array = try ArrayRecording(path: folder.record("x.npy"))
        #expect(try array.read(item: 1, leads: [0, 1, 2], samples: 0..<4) == [100, 101, 102, 103, 110, 111, 112, 113, 120, 121, 122, 123])
        #expect(try array.read(item: 0, leads: [1], samples: 2..<4) == [12, 13])
        folder.write(ArrayTests.npy("<i2", "(3, 4)", ArrayTests.little((0..<12).map { 10 * ($0 % 3) + $0 / 3 }, 2), fortran: true), "y.npy")
        #expect(try ArrayRecording(path: folder.record("y.npy")).read(item: 0, leads: [2, 0], samples: 1..<3) == [21, 22, 1, 2])
    }

    @Test func floatsOfAllSizesAndOrdersAreRead() throws {
        let folder = TestFolder()
        func bits(_ value: UInt64, _ size: Int, big: Bool = false) -> [UInt8] {
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
            return big ? bytes.reversed() : bytes
        }
        let values: [(String, [UInt8])] = [
            ("<f4", bits(UInt64(Float(-1.5).bitPattern), 4)), (">f4", bits(UInt64(Float(-1.5).bitPattern), 4, big: true)),
            ("<f8", bits((-1.5).bitPattern, 8)), (">f8", bits((-1.5).bitPattern, 8, big: true)), ("<f2", bits(0xBE00, 2)),
        ]
        for (descriptor, bytes) in values {
            folder.write(ArrayTests.npy(descriptor, "(1, 1)", bytes), "x.npy")
            #expect(try ArrayRecording(path: folder.record("x.npy")).read(item: 0, leads: [0], samples: 0..<1) == [-1.5], "\(descriptor)")
        }
        folder.write(ArrayTests.npy("<f2", "(1, 3)", [0x00, 0x7C, 0x01, 0x00, 0x00, 0x7E]), "x.npy")
        let odd = try ArrayRecording(path: folder.record("x.npy")).read(item: 0, leads: [0], samples: 0..<3)
        #expect(odd[0] == .infinity && odd[1] == 0x1p-24 && odd[2].isNaN)
    }

    @Test func labelsAreNumbersOrTexts() throws {
        let folder = TestFolder()
        folder.write(ArrayTests.npy("<i8", "(3,)", ArrayTests.little([2, -1, 0], 8)), "i.npy")
        #expect(try ItemLabels.read(path: folder.record("i.npy")) == ["2", "-1", "0"])
        folder.write(ArrayTests.npy("<U2", "(2,)", ArrayTests.little([0x4E, 0, 0x2F, 0xB5], 4)), "u.npy")
        #expect(try ItemLabels.read(path: folder.record("u.npy")) == ["N", "/µ"])
        folder.write(ArrayTests.npy("|S2", "(2,)", Array("N\0VV".utf8)), "s.npy")
        #expect(try ItemLabels.read(path: folder.record("s.npy")) == ["N", "VV"])
        folder.write("N\nV\r\n/ \n", "l.txt")
        #expect(try ItemLabels.read(path: folder.record("l.txt")) == ["N", "V", "/"])
    }

    @Test func damagedArraysAreRefused() throws {
        let folder = TestFolder()
        let good = ArrayTests.npy("<f4", "(2, 3)", [UInt8](repeating: 0, count: 24))
        for cut in 0..<good.count {
            folder.write(Array(good[..<cut]), "x.npy")
            #expect(throws: FormatError.self) { try ArrayRecording(path: folder.record("x.npy")) }
        }
        for shape in ["(4611686018427387904, 4611686018427387904)", "(-1, 3)", "(1e9, 2)", "(2, 3", "()", "(5,)", "(1, 1, 1, 1)"] {
            folder.write(ArrayTests.npy("<f4", shape, [UInt8](repeating: 0, count: 24)), "x.npy")
            #expect(throws: FormatError.self, "\(shape)") { try ArrayRecording(path: folder.record("x.npy")) }
        }
        for type in ["<c8", "|O", "<M8", "f4", "<f3", "|V4", "<U2"] {
            folder.write(ArrayTests.npy(type, "(1, 1)", [UInt8](repeating: 0, count: 24)), "x.npy")
            #expect(throws: FormatError.self, "\(type)") { try ArrayRecording(path: folder.record("x.npy")) }
        }
    }

    @Test func csvRowsBecomeLeads() throws {
        let folder = TestFolder()
        folder.write("\u{FEFF}II, \"V1, left\" ,x\r\n1,2,3\r\n-4.5e0,,nan\n\n7,8,9", "a.csv")
        let file = try CSVRecording(path: folder.record("a.csv"))
        #expect(file.leads == ["II", "V1, left", "x"])
        let signal = try CSVSignal(file, frequency: 100, units: ["uV", "mV", "mmHg"], selection: ["x", "II"])
        #expect(signal.units == ["mmHg", "mV"])
        var parts = try RecordingParts(signal, size: 2)
        let first = try #require(try parts.next())
        #expect(first.values[0] == 3 && first.values[1].isNaN && first.values[2] == 0.001 && first.values[3] == -0.0045 && first.hasMore)
        let second = try #require(try parts.next())
        #expect(second.values == [9, 0.007] && second.start == 2 && !second.hasMore)
        #expect(try parts.next() == nil)
    }

    @Test(arguments: [
        ("", "is empty"), ("1,2\n3,4\n", "the first line holds numbers"), ("a,a\n1,2\n", "two columns"), ("a,\n1,2\n", "no lead name"),
    ])
    func csvHeadersAreChecked(_ text: String, _ cause: String) {
        let folder = TestFolder()
        folder.write(text, "a.csv")
        let error = #expect(throws: FormatError.self) { try CSVRecording(path: folder.record("a.csv")) }
        #expect(error?.message.contains(cause) == true)
    }

    @Test func csvCellsAreChecked() throws {
        let folder = TestFolder()
        folder.write("a,b\n1,2\n1,x\n", "a.csv")
        let file = try CSVRecording(path: folder.record("a.csv"))
        let error = #expect(throws: FormatError.self) { try file.next(10, leads: [0, 1]) }
        #expect(error?.description.hasSuffix("a.csv:3: \"x\" is not a number") == true)
        folder.write("a,b\n1,2,3\n", "b.csv")
        #expect(throws: FormatError.self) { try CSVRecording(path: folder.record("b.csv")).next(1, leads: [0]) }
    }
}

extension RecordingPart: Equatable {
    public static func == (left: RecordingPart, right: RecordingPart) -> Bool { left.start == right.start && left.values == right.values }
}
