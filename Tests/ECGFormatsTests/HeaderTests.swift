// SPDX-License-Identifier: GPL-3.0-or-later
import ECGFormats
import Testing

@Suite struct HeaderTests {
    private func header(_ text: String) throws -> WFDBHeader { try WFDBHeader(Array(text.utf8), place: "x.hea") }

    @Test func everyFieldIsRead() throws {
        let header = try header(
            """
            #wfdb 10.7
            # made by hand

            rec_1 2 62.5/999.5(-3.5) 1000 9:15:02.250 26/10/1994
            a.dat 16x4:3+24 1.25e2(-7)/mmHg 14 2 -9 -30000 0 ABP with blanks
            b.dat 212
            # 69 M
            """)
        #expect(header.name == "rec_1")
        #expect(header.frequency == 62.5 && header.counterFrequency == 999.5 && header.baseCounter == -3.5)
        #expect(header.length == 1000 && header.baseTime == "9:15:02.250" && header.baseDate == "26/10/1994")
        let first = header.signals[0]
        #expect(first.format == .signed16 && first.samplesPerFrame == 4 && first.skew == 3 && first.byteOffset == 24)
        #expect(first.gain == 125 && first.baseline == -7 && first.units == "mmHg" && first.adcResolution == 14)
        #expect(first.adcZero == 2 && first.initialValue == -9 && first.checksum == -30000 && first.name == "ABP with blanks")
        #expect(header.comments == ["wfdb 10.7", "made by hand", "69 M"])
    }

    @Test func fieldsLeftOutHaveTheirDefaults() throws {
        let header = try header("r 1\nr.dat 212\n")
        #expect(header.frequency == 250 && header.length == nil)
        let signal = header.signals[0]
        #expect(signal.gain == 200 && signal.baseline == 0 && signal.units == "mV" && signal.samplesPerFrame == 1)
        #expect(signal.checksum == nil && signal.name == "record r, signal 0" && signal.adcResolution == 12)
    }

    @Test func baselineAndInitialValueFollowTheZero() throws {
        let signal = try header("r 1 360 5\nr.dat 212 0 11 1024\n").signals[0]
        #expect(signal.baseline == 1024 && signal.initialValue == 1024 && signal.gain == 200)
    }

    @Test func linesMayEndInAnyWayAndNamesMayBeLatin1() throws {
        let bytes = Array("r 1 360 5\r\nr.dat 16 100/".utf8) + [0xB5] + Array("V 16 0 0 0 0 II\r".utf8)
        let header = try WFDBHeader(bytes, place: "x")
        #expect(header.signals[0].units == "µV" && header.signals[0].name == "II")
        #expect(PhysicalScale(header.signals[0]).units == "mV")
    }

    @Test func segmentsAndLayoutsAreTold() throws {
        let header = try header("m/3 2 125 300\nlayout 0\n~ 100\nseg_1 200\n")
        #expect(header.hasVariableLayout && header.segments?[1].isGap == true && header.segments?[2].length == 200)
    }

    @Test(arguments: [
        ("", "empty"), ("# only a comment\n", "empty"), ("r\n", "obsolete"), ("r x\n", "number of signals"),
        ("r -1\n", "number of signals"),
        ("r 99999999999999999999\n", "number of signals"), ("r 2 360\nr.dat 16\n", "2 signal lines announced"),
        ("r 1 0\nr.dat 16\n", "sampling frequency"), ("r 1 nan\nr.dat 16\n", "sampling frequency"),
        ("r 1 360 -5\nr.dat 16\n", "number of samples"),
        ("r 1 360 5\nr.dat\n", "no format"), ("r 1 360 5\nr.dat 17\n", "unknown signal format 17"),
        ("r 1 360 5\nr.dat 16z3\n", "not a signal format"),
        ("r 1 360 5\nr.dat 16 abc\n", "not a gain"), ("r 1 360 5\nr.dat 16 200(x)\n", "baseline"),
        ("r 1 360 5\nr.dat 16 200 q\n", "ADC resolution"),
        ("r 2 360 5\nr.dat 16\nr.dat 212\n", "one format"), ("r/0 1 360 5\n", "number of segments"),
        ("r/2 1 360 5\na x\nb 3\n", "no valid length"),
        ("r/9 1 360 5\na 1\n", "9 segment lines announced"),
    ])
    func badHeadersSayWhatIsWrong(_ text: String, _ cause: String) {
        let error = #expect(throws: FormatError.self) { try header(text) }
        #expect(error?.message.contains(cause) == true, "\(error?.message ?? "") should say \(cause)")
        #expect(error?.kind == .damaged)
    }
}
