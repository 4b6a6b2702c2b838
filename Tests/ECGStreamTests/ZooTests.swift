// SPDX-License-Identifier: GPL-3.0-or-later
import ECGStream
import Glibc
import StreamFixtures
import Testing

/// Reads a stream from memory, through a file as a tool would.
func readAll(_ bytes: [UInt8], limits: StreamLimits = .standard) throws -> (records: [Record], kinds: [FrameKind]) {
    var template = Array("/tmp/ecg-stream-test.XXXXXX".utf8CString)
    let file = mkstemp(&template)
    let path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    defer {
        close(file)
        unlink(path)
    }
    bytes.withUnsafeBytes { _ = write(file, $0.baseAddress, $0.count) }
    let reader = try StreamReader([.file(path)], limits: limits)
    var records: [Record] = []
    var kinds: [FrameKind] = []
    while let frame = try reader.nextFrame() {
        kinds.append(frame.kind)
        if frame.kind == .record { records.append(try Record(frame)) }
        if frame.kind == .abort { throw StreamError(.aborted, "aborted", abort: try frame.meta()) }
    }
    return (records, kinds)
}

@Suite struct ZooTests {
    @Test(arguments: Zoo.good.indices) func goodStreamIsReadWhole(_ index: Int) throws {
        let (specimen, count) = Zoo.good[index]
        let (records, _) = try readAll(specimen.bytes)
        #expect(records.count == count, "\(specimen.name)")
    }

    @Test(arguments: Zoo.broken.indices) func brokenStreamIsRefusedForItsReason(_ index: Int) {
        let (specimen, kind) = Zoo.broken[index]
        do {
            _ = try readAll(specimen.bytes)
            Issue.record("\(specimen.name) was taken as whole")
        } catch let error as StreamError {
            #expect(error.kind == kind, "\(specimen.name): \(error)")
            #expect(error.place != nil, "\(specimen.name): \(error)")
        } catch {
            Issue.record("\(specimen.name): \(error)")
        }
    }

    @Test(arguments: Zoo.aborted.indices) func abortedStreamTellsWho(_ index: Int) {
        #expect(throws: StreamError.self) { try readAll(Zoo.aborted[index].bytes) }
    }

    @Test func filesOfTheZooAreTheseStreams() throws {
        let folder =
            #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/") + "/StreamFixtures/zoo"
        let specimens =
            Zoo.good.map { ("good", $0.specimen) } + Zoo.broken.map { ("broken", $0.specimen) } + Zoo.aborted.map { ("aborted", $0) }
        #expect(Set(specimens.map { $0.0 + $0.1.name }).count == specimens.count)
        for (kind, specimen) in specimens {
            let path = "\(folder)/\(kind)/\(specimen.name).ecgs"
            if getenv("ECGPIPE_REWRITE") != nil {
                mkdir(folder, 0o777)
                mkdir("\(folder)/\(kind)", 0o777)
                let file = try #require(fopen(path, "w"))
                fwrite(specimen.bytes, 1, specimen.bytes.count, file)
                fclose(file)
                continue
            }
            let file = try #require(fopen(path, "r"), "\(path)")
            defer { fclose(file) }
            var stored = [UInt8](repeating: 0, count: specimen.bytes.count + 1)
            let count = fread(&stored, 1, stored.count, file)
            #expect(Array(stored[..<count]) == specimen.bytes, "\(path)")
        }
    }

    @Test func everyCutIsSeen() throws {
        let bytes = testStream(records: 3)
        for count in 0..<bytes.count {
            #expect(throws: StreamError.self, "cut after \(count) bytes") { try readAll(Array(bytes[..<count])) }
        }
        #expect(try readAll(bytes).records.count == 3)
    }

    @Test func everyFlippedBitIsSeen() throws {
        let bytes = testStream(records: 2)
        for bit in 0..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: StreamError.self, "bit \(bit)") { try readAll(flipped) }
        }
    }

    @Test func everyFrameLostIsSeen() throws {
        let frames = [TestFrame.head] + (1...4).map { TestFrame.record($0, key: "a/\($0)") } + [TestFrame.end(5, records: 4)]
        for lost in frames.indices {
            var rest = frames
            rest.remove(at: lost)
            #expect(throws: StreamError.self) { try readAll(rest.flatMap(\.bytes)) }
        }
    }
}
