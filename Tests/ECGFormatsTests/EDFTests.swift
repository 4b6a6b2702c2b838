// SPDX-License-Identifier: GPL-3.0-or-later
import ECGFormats
import Testing

@Suite struct EDFTests {
    /// A signal of an EDF file: its samples go round the data records.
    private struct Signal {
        var label: String
        var unit = "mV"
        var physical = ("-1", "1")
        var digital = ("-2048", "2047")
        var samples: [[Int]]
    }

    private func file(_ signals: [Signal], kind: String = "EDF+C", duration: String = "1") -> [UInt8] {
        func field(_ text: String, _ width: Int) -> [UInt8] { Array(text.utf8) + [UInt8](repeating: 32, count: width - text.utf8.count) }
        let records = signals[0].samples.count
        var bytes = field("0", 8) + field("X", 80) + field("Startdate", 80) + field("01.02.03", 8) + field("04.05.06", 8)
        bytes += field("\((signals.count + 1) * 256)", 8) + field(kind, 44) + field("\(records)", 8) + field(duration, 8)
        bytes += field("\(signals.count)", 4)
        let columns: [(Int, (Signal) -> String)] = [
            (16, { $0.label }), (80, { _ in "" }), (8, { $0.unit }), (8, { $0.physical.0 }), (8, { $0.physical.1 }),
            (8, { $0.digital.0 }), (8, { $0.digital.1 }), (80, { _ in "" }), (8, { "\($0.samples[0].count)" }), (32, { _ in "" }),
        ]
        for (width, text) in columns { for signal in signals { bytes += field(text(signal), width) } }
        for record in 0..<records {
            for signal in signals { bytes += Encoder.bytes(.signed16, signal.samples[record]) }
        }
        return bytes
    }

    private func record(_ bytes: [UInt8], in folder: TestFolder, selection: [String]? = nil) throws -> WFDBRecord {
        folder.write(bytes, "x.edf")
        return try WFDBRecord(edf: folder.record("x.edf"), selection: selection)
    }

    @Test func allSamplesAreKept() throws {
        let folder = TestFolder()
        let read = try record(
            file([Signal(label: "I", samples: [[1, 2, 3, 4], [5, 6, 7, 8]]), Signal(label: "II", samples: [[10, 20], [30, 40]])]),
            in: folder)
        #expect(read.frequency == 4 && read.length == 8)
        let values = try read.read(0..<8)
        let held: [Double] = [10, 10, 20, 20, 30, 30, 40, 40]
        let expected: [Float] = held.map { Float(($0 + 0.5) / 2047.5) }
        #expect(Array(values[8...]) == expected)
    }

    /// −1 to 1 over −2048 to 2047 puts 0 between two samples.
    @Test func valuesAreThoseOfTheExtremes() throws {
        let folder = TestFolder()
        let signals = [
            Signal(label: "I", samples: [[-2048, 2047, 0]]),
            Signal(label: "V", unit: "uV", physical: ("-500", "1500"), samples: [[-2048, 2047, 100]]),
        ]
        let values = try record(file(signals), in: folder).read(0..<3)
        let expected: [Double] = [-1, 1, 1 / 4095, -0.5, 1.5, -0.5 + 2148 * 2 / 4095]
        for (value, exact) in zip(values, expected) { #expect(abs(Double(value) - exact) < 1e-6) }
    }

    @Test func annotationsAreNoLead() throws {
        let folder = TestFolder()
        let bytes = file([
            Signal(label: "EDF Annotations", samples: [[Int](repeating: 0x142B, count: 7)]), Signal(label: "I", samples: [[1, 2, 3]]),
        ])
        let read = try record(bytes, in: folder)
        #expect(read.leads == ["I"] && read.frequency == 3 && read.length == 3)
        #expect(try record(bytes, in: folder, selection: ["I"]).read(0..<3) == read.read(0..<3))
    }

    @Test func recordingsWithGapsAreRefused() {
        let folder = TestFolder()
        let error = #expect(throws: FormatError.self) {
            try record(file([Signal(label: "I", samples: [[1, 2, 3]])], kind: "EDF+D"), in: folder)
        }
        #expect(error?.message.contains("EDF+D") == true)
    }
}
