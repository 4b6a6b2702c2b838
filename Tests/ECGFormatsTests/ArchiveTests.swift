// SPDX-License-Identifier: GPL-3.0-or-later
import ECGFormats
import Testing

/// Archives of numpy.savez and numpy.savez_compressed (Tests/Oracles/archives.py).
@Suite struct ArchiveTests {
    private static func bytes(_ name: String) throws -> [UInt8] {
        try ByteFile.contents(of: WFDBPythonTests.root + "/Tests/ECGFormatsTests/Fixtures/\(name).npz", limit: 1 << 20)
    }

    private static func file(_ bytes: [UInt8]) throws -> NPZFile {
        let folder = TestFolder()
        folder.write(bytes, "x.npz")
        return try NPZFile(path: folder.record("x.npz"))
    }

    @Test(arguments: ["stored", "deflated"]) func arraysAreWhatNumPySaved(_ name: String) throws {
        let file = try Self.file(Self.bytes(name))
        #expect(file.names == ["empty", "ramp"])
        let ramp = try #require(try file.array("ramp"))
        #expect(ramp.shape == [2, 300] && ramp.values == (0..<600).map(Double.init))
        let empty = try #require(try file.array("empty"))
        #expect(empty.shape == [0, 3] && empty.values.isEmpty)
        #expect(try file.array("none") == nil)
    }

    @Test(arguments: ["stored", "deflated"]) func noFlippedBitOfAnArrayIsRead(_ name: String) throws {
        let whole = try Self.bytes(name)
        // the members' names and packed bytes lie before the directory
        let directory = try #require((0..<whole.count - 4).first { Array(whole[$0..<$0 + 4]) == [0x50, 0x4B, 1, 2] })
        var refused = 0
        for at in 0..<directory {
            var bytes = whole
            bytes[at] ^= 1 << UInt8(at % 8)
            do {
                let file = try Self.file(bytes)
                // a flip in a local header's copy of the directory says nothing of the data
                #expect(try file.array("ramp")?.values == (0..<600).map(Double.init), "byte \(at)")
                #expect(try file.array("empty")?.shape == [0, 3], "byte \(at)")
            } catch is FormatError { refused += 1 }
        }
        #expect(refused > directory / 2)
    }

    @Test(arguments: ["stored", "deflated"]) func cutArchivesAreRefused(_ name: String) throws {
        let whole = try Self.bytes(name)
        for length in stride(from: 0, to: whole.count, by: 7) {
            #expect(throws: FormatError.self) { _ = try Self.file(Array(whole[..<length])) }
        }
    }
}
