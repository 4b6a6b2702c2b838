// SPDX-License-Identifier: GPL-3.0-or-later
import ECGFormats
import Testing

/// Every sample of real recordings as wfdb-python 4.3.1 reads them; Tests/Oracles/recordings.py made the sums and compares all of them.
@Suite struct WFDBPythonTests {
    static let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    private static let data = root + "/../shared/data"

    @Test func samplesAreThoseOfWFDBPython() throws {
        guard ByteFile.exists(WFDBPythonTests.data + "/mitdb/100.hea") else {
            print("skipped: no recordings beside the repository")
            return
        }
        let fixture = try ByteFile.contents(of: WFDBPythonTests.root + "/Tests/ECGFormatsTests/Fixtures/wfdb-python.txt")
        var last: (path: String, record: WFDBRecord, values: [Float])?
        for line in String(decoding: fixture, as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: " ").map(String.init)
            let lead = try #require(Int(fields[1]))
            let length = try #require(Int(fields[2]))
            if last?.path != fields[0] {
                let record = try WFDBRecord(path: WFDBPythonTests.data + "/" + fields[0])
                last = (fields[0], record, try record.read(0..<record.length))
            }
            let current = try #require(last)
            #expect(current.record.length == length, "\(fields[0])")
            var sum: UInt64 = 0
            for (index, value) in current.values[(lead * length)..<((lead + 1) * length)].enumerated() {
                sum &+= UInt64(value.isNaN ? 0x7FC0_0000 : value.bitPattern) &* UInt64(index + 1)
            }
            #expect(sum == UInt64(fields[3]), "\(fields[0]), lead \(lead)")
        }
    }
}
