// SPDX-License-Identifier: GPL-3.0-or-later
import ECGStream
import Testing

@Suite struct JSONTests {
    @Test(arguments: [
        "null", "true", "false", "0", "-0", "1.50", "1E+2", "\"\"", "[]", "{}", "[1,[2,{\"a\":[]}]]", #"{"b":1,"a":2}"#,
        "123456789012345678901234567890", #""é😀""#,
    ]) func textPassesUnchanged(_ text: String) throws { #expect(try JSON(parsing: text).text == text) }

    @Test(arguments: [
        "", " ", "nul", "truex", "01", "-", "1.", ".5", "1e", "+1", "NaN", "Infinity", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}",
        "{a:1}",
        "{\"a\":1,}", "\"\\x\"", "\"\\u12g4\"", "\"\n\"", "\"abc", "[", "{", "1 2", "'a'", #"{"a":1,"a":2}"#, "\u{FEFF}1",
    ]) func whatIsNotJSONIsRefused(_ text: String) { #expect(throws: JSONError.self) { try JSON(parsing: text) } }

    @Test func escapesAreResolved() throws {
        #expect(try JSON(parsing: #""\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00""#) == .string("\"\\/\u{8}\u{c}\n\r\tAé😀"))
        #expect(try JSON(parsing: #""\ud800x""#) == .string("\u{FFFD}x"))
        #expect(JSON.string("a\"\\\n\u{1}é").text == #""a\"\\\n\u0001é""#)
    }

    @Test func longStringsAreScannedToTheirEnd() throws {
        for length in 0..<40 {
            for special in ["", "é", #"\n"#, "\u{7F}", "~"] {
                let text = "\"" + String(repeating: "a", count: length) + special + String(repeating: "b", count: 40 - length) + "\""
                #expect(try JSON(parsing: text).text == text)
            }
            let bad = "\"" + String(repeating: "a", count: length) + "\u{1F}" + String(repeating: "b", count: 40) + "\""
            #expect(throws: JSONError.self) { try JSON(parsing: bad) }
        }
    }

    @Test func numbersAreShortestAndFinite() {
        #expect(JSON(360.0).text == "360")
        #expect(JSON(0.1).text == "0.1")
        #expect(JSON(Float(0.1)).text == "0.1")
        #expect(JSON(-0.0).text == "-0.0")
        #expect(JSON(1e300).text == "1e+300")
        #expect(JSON(Double.nan) == .null)
        #expect(JSON(Float.infinity) == .null)
        #expect(JSON.number("3e0").int == 3)
        #expect(JSON.number("3.5").int == nil)
        #expect(JSON.number("1e999").double == nil)
    }

    @Test func nestingIsLimited() {
        let fits = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
        #expect(throws: Never.self) { try JSON(parsing: fits) }
        #expect(throws: JSONError.self) { try JSON(parsing: "[" + fits + "]") }
        #expect(throws: JSONError.self) { try JSON(parsing: String(repeating: "[", count: 1_000_000)) }
    }

    @Test func untouchedMembersKeepTheirText() throws {
        var meta = try Meta(parsing: #"{ "a" : 1.50 , "\u0062": [ 1, 2 ],"c":null}"#)
        meta["d"] = "new"
        meta["c"] = 3
        #expect(meta.text == #"{"a":1.50,"\u0062":[ 1, 2 ],"c":3,"d":"new"}"#)
        #expect(meta["b"]?.ints == [1, 2])
        meta["a"] = nil
        #expect(meta.names == ["b", "c", "d"])
    }
}
