// SPDX-License-Identifier: GPL-3.0-or-later
import ECGFormats
import Testing

@Suite struct SignalTests {
    static let binary: [SignalFormat] = [
        .differences8, .signed16, .signed24, .signed32, .swapped16, .offset8, .offset16, .packed12, .packed10, .packed10Dense,
    ]

    @Test(arguments: binary, [1, 2, 3, 5, 999, 1000, 1001])
    func samplesComeBackAsTheyWereStored(_ format: SignalFormat, _ count: Int) throws {
        let folder = TestFolder()
        let samples = Encoder.samples(format, count)
        folder.write(Encoder.bytes(format, samples), "r.dat")
        let sum = samples.reduce(0, +) & 0xFFFF
        folder.write("r 1 360 \(count)\nr.dat \(format.rawValue) 4(1)/x 0 0 0 \(sum) 0 a\n", "r.hea")
        let record = try WFDBRecord(path: folder.record("r"))
        let values = try record.read(0..<count)
        for (value, sample) in zip(values, samples) {
            if let invalid = format.invalidSample, sample == invalid {
                #expect(value.isNaN)
            } else {
                #expect(value == Float((Double(sample) - 1) / 4))
            }
        }
    }

    @Test(arguments: binary, [1, 2, 3, 4, 7])
    func partsOfAnySizeGiveTheSameAsTheWhole(_ format: SignalFormat, _ signals: Int) throws {
        let folder = TestFolder()
        let count = 200
        let samples = Encoder.samples(format, count * signals)
        var stored = samples
        if format == .differences8 {
            // Each signal has differences of its own.
            for signal in 0..<signals {
                for frame in stride(from: count - 1, to: 0, by: -1) {
                    stored[frame * signals + signal] = samples[frame * signals + signal] - samples[(frame - 1) * signals + signal]
                }
            }
            folder.write(stored.map { UInt8(truncatingIfNeeded: $0) }, "r.dat")
        } else {
            folder.write(Encoder.bytes(format, samples), "r.dat")
        }
        var header = "r \(signals) 360 \(count)\n"
        for signal in 0..<signals { header += "r.dat \(format.rawValue) 10/x 0 0 0\(signal < 0 ? "" : "")\n" }
        folder.write(header, "r.hea")
        let whole = try WFDBRecord(path: folder.record("r")).read(0..<count)
        for size in [1, 7, 64, 199] {
            let record = try WFDBRecord(path: folder.record("r"))
            var start = 0
            while start < count {
                let end = min(start + size, count)
                let part = try record.read(start..<end)
                for signal in 0..<signals {
                    let expected = whole[(signal * count + start)..<(signal * count + end)]
                    let got = part[(signal * (end - start))..<((signal + 1) * (end - start))]
                    #expect(zip(expected, got).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN })
                }
                start = end
            }
        }
        // Also from the middle, and only one signal.
        let one = try WFDBRecord(path: folder.record("r"), selection: ["\(signals - 1)"]).read(101..<107)
        #expect(zip(one, whole[((signals - 1) * count + 101)...]).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN })
    }

    @Test func aSignalsNumberCountsFromZeroAndItsNameComesFirst() throws {
        let folder = TestFolder()
        folder.write(Encoder.bytes(.signed16, [1, 2, 3]), "r.dat")
        folder.write("r 3 360 1\nr.dat 16 1 0 0 0 1 0 II\nr.dat 16 1 0 0 0 2 0 0\nr.dat 16 1 0 0 0 3 0 V1\n", "r.hea")
        #expect(try WFDBRecord(path: folder.record("r"), selection: ["V1", "0", "II"]).read(0..<1) == [3, 2, 1])
        let error = #expect(throws: FormatError.self) { try WFDBRecord(path: folder.record("r"), selection: ["V9"]) }
        #expect(error?.message == "no lead V9; there are II, 0, V1")
    }

    @Test func voltagesBecomeMillivoltsAndOtherUnitsStay() throws {
        let folder = TestFolder()
        folder.write(Encoder.bytes(.signed16, [500, 500, 500, 500]), "r.dat")
        folder.write("r 4 360 1\nr.dat 16 1000/V\nr.dat 16 1/uV\nr.dat 16 1/nV\nr.dat 16 1/mmHg\n", "r.hea")
        let record = try WFDBRecord(path: folder.record("r"))
        #expect(record.units == ["mV", "mV", "mV", "mmHg"])
        #expect(try record.read(0..<1) == [500, 0.5, 0.0005, 500])
    }

    @Test func theMostSamplesThatAFileHoldsAreCounted() {
        for format in SignalTests.binary {
            for count in 0..<20 {
                let bytes = Encoder.bytes(format, Encoder.samples(format, count)).count
                #expect(format.bytes(samples: count) == bytes, "\(format) \(count)")
                #expect(format.samples(bytes: bytes) >= count)
                #expect(bytes == 0 || format.samples(bytes: bytes - 1) < count)
            }
        }
        #expect(SignalFormat.signed32.bytes(samples: .max) == nil)
    }
}
