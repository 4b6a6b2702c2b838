// SPDX-License-Identifier: GPL-3.0-or-later
import ECGFormats
import Testing

/// Whatever stands in a file: an error or values, never a crash, and never memory by a lie.
@Suite struct FuzzTests {
    /// A small generator, so that a failure can be repeated.
    private struct Chance: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
    }

    private static let absurd = [
        "0", "-1", "1000000", "2147483648", "4294967296", "999999999999", "9223372036854775807", "-9223372036854775808",
        "18446744073709551616",
        "1e308", "nan", "x", "",
    ]

    private func mutated(_ bytes: [UInt8], _ chance: inout Chance) -> [UInt8] {
        var bytes = bytes
        switch Int.random(in: 0..<4, using: &chance) {
        case 0: return Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &chance)))
        case 1:
            for _ in 0..<Int.random(in: 1...4, using: &chance) where !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &chance)] = UInt8.random(in: 0...255, using: &chance)
            }
            return bytes
        default:
            // A number becomes an absurd one.
            let digits = bytes.indices.filter { (0x30...0x39).contains(bytes[$0]) }
            guard let at = digits.randomElement(using: &chance) else { return bytes }
            var end = at
            while end < bytes.count, (0x30...0x39).contains(bytes[end]) { end += 1 }
            let number = Array((FuzzTests.absurd.randomElement(using: &chance) ?? "0").utf8)
            return Array(bytes[..<at]) + number + Array(bytes[end...])
        }
    }

    private func readAll(_ record: WFDBRecord) throws {
        try record.check(0..<record.length)
        var start = 0
        // A record of gaps alone may be long: its first parts show all there is to see.
        while start < min(record.length, 10_000) {
            let end = min(start + 777, record.length)
            _ = try record.read(start..<end)
            start = end
        }
    }

    @Test(arguments: 1...8) func headersMayHoldAnything(_ seed: UInt64) {
        var chance = Chance(state: seed &* 0x9E37_79B9_7F4A_7C15)
        let folder = TestFolder()
        folder.write(Encoder.bytes(.packed12, Encoder.samples(.packed12, 400)), "a.dat")
        folder.write(Encoder.bytes(.packed10, Encoder.samples(.packed10, 300)), "b.dat")
        folder.write([UInt8](repeating: 3, count: 300), "c.dat")
        let single =
            "r 5 250/500(3) 100 1:02:03 1/2/2003\na.dat 212 200(5)/mV 12 0 3 4 0 I\na.dat 212x3:2+0 200\nb.dat 310x2 1/V\nb.dat 310 1e2(3)\nc.dat 8:1 0\n"
        let master = "m/4 2 250 150\nl 0\n~ 50\nr 100\n~ 0\n"
        folder.write("l 2 250 0\n~ 0 1/mV 0 0 0 0 0 I\n~ 0 1/mV 0 0 0 0 0 II\n", "l.hea")
        for round in 0..<150 {
            let isMaster = round % 3 == 0
            folder.write(isMaster ? Array(single.utf8) : mutated(Array(single.utf8), &chance), "r.hea")
            folder.write(isMaster ? mutated(Array(master.utf8), &chance) : Array(master.utf8), "m.hea")
            for name in ["r", "m"] {
                for dense in [false, true] {
                    do {
                        try readAll(WFDBRecord(path: folder.record(name), highResolution: dense))
                    } catch {
                        #expect(error is FormatError)
                    }
                }
            }
        }
    }

    @Test(arguments: 1...4) func annotationsMayHoldAnything(_ seed: UInt64) throws {
        var chance = Chance(state: seed &* 0xD1B5_4A32_D192_ED03)
        let list = AnnotationList(
            (0..<40).map {
                Annotation(sample: $0 * 700, code: AnnotationCode(UInt8(1 + $0 % 41)), subtype: 2, channel: UInt8($0 % 3), aux: "(N\($0)")
            },
            resolution: 360)
        let good = try list.bytes()
        for cut in 0..<good.count { _ = try? AnnotationList(Array(good[..<cut]), place: "x") }
        for _ in 0..<500 {
            do {
                _ = try AnnotationList(mutated(good, &chance), place: "x")
            } catch {
                #expect(error.kind == .damaged)
            }
        }
    }

    @Test(arguments: 1...4) func arraysMayHoldAnything(_ seed: UInt64) {
        var chance = Chance(state: seed &* 0xA076_1D64_78BD_642F)
        let folder = TestFolder()
        let good = ArrayTests.npy("<f4", "(2, 3, 4)", [UInt8](repeating: 7, count: 96), fortran: seed % 2 == 0)
        for _ in 0..<300 {
            folder.write(mutated(good, &chance), "x.npy")
            do {
                let array = try ArrayRecording(path: folder.record("x.npy"))
                guard array.items > 0, array.leads > 0 else { continue }
                _ = try array.read(item: array.items - 1, leads: [array.leads - 1], samples: 0..<array.length)
            } catch {
                #expect(error.kind != .inputOutput)
            }
        }
    }
}
