// SPDX-License-Identifier: GPL-3.0-or-later
import ECGFormats
import ECGScore
import ECGSignal
import Testing

/// The detector on the MIT-BIH Arrhythmia Database, where it is; pipelines/ec57 makes the whole table.
@Suite struct ArrhythmiaDatabaseTests {
    private static let folder: String = {
        let package = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        return "/" + package + "/../shared/data/mitdb/"
    }()

    /// Records that are easy, irregular, paced, of low voltage, noisy and with flutter.
    @Test func findsBeatsAsEC57Asks() throws {
        var found = 0
        var missed = 0
        var extra = 0
        for name in ["100", "106", "107", "108", "119", "200", "203", "207", "208", "222", "231"] {
            guard let record = try? WFDBRecord(path: Self.folder + name) else {
                print("skipped: no MIT-BIH Arrhythmia Database in ../shared/data/mitdb")
                return
            }
            var detector = QRSDetector(samplingFrequency: record.frequency, leadCount: record.leads.count)
            let beats = detector.push(try record.read(0..<record.length)) + detector.finish()
            let annotations = try AnnotationList(path: Self.folder + name + ".atr").annotations
            let reference = annotations.filter(\.code.isBeat).map { AnnotatedBeat(sample: $0.sample, beatClass: .normal) }
            let on = annotations.filter { $0.code.symbol == UInt8(ascii: "[") }.map(\.sample)
            let off = annotations.filter { $0.code.symbol == UInt8(ascii: "]") }.map(\.sample)
            let comparison = BeatComparison(
                reference: reference, test: beats.map { AnnotatedBeat(sample: $0.sample, beatClass: .normal) },
                excluded: zip(on, off).map { $0...$1 }, start: 108_000, end: record.length, window: 54)
            found += comparison.found
            missed += comparison.missedSamples.count
            extra += comparison.extraSamples.count
            #expect((comparison.meanAbsoluteError ?? .infinity) / 0.36 < 12, "\(name)")
        }
        #expect(Double(found) / Double(found + missed) > 0.997)
        #expect(Double(found) / Double(found + extra) > 0.997)
    }
}
