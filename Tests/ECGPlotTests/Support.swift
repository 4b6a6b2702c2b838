// SPDX-License-Identifier: GPL-3.0-or-later
import ECGPlot

/// What a document's bytes are.
func bytes(_ figures: [any Figure], _ form: DocumentForm, _ style: Style = Style()) throws -> [UInt8] {
    var bytes: [UInt8] = []
    let document = Document(form) { bytes += $0 }
    for figure in figures { try document.add(try figure.page(style)) }
    try document.finish()
    return bytes
}

/// The paths of an SVG as points in its own units, and its size.
struct SVG {
    let text: String
    var paths: [[Point]] = []
    var viewBox: [Double] = []

    init(_ bytes: [UInt8]) {
        text = String(decoding: bytes, as: UTF8.self)
        viewBox = Self.attribute("viewBox", in: text[...])?.split(separator: " ").compactMap { Double($0) } ?? []
        // Letters are symbols, before the page itself.
        let body = text.range(of: "id=\"surface") ?? text.startIndex..<text.startIndex
        var rest = text[body.lowerBound...]
        while let path = rest.range(of: " d=\"") {
            rest = rest[path.upperBound...]
            let d = rest.prefix { $0 != "\"" }
            var line: [Point] = []
            var numbers: [Double] = []
            for word in d.split(separator: " ") {
                if word == "M", !line.isEmpty {
                    paths.append(line)
                    line = []
                }
                if let number = Double(word) {
                    numbers.append(number)
                    if numbers.count == 2 {
                        line.append(Point(numbers[0], numbers[1]))
                        numbers = []
                    }
                }
            }
            if !line.isEmpty { paths.append(line) }
        }
    }

    /// The text without the number of its surface.
    var withoutNumbers: String {
        guard let start = text.range(of: "surface") else { return text }
        return String(text[..<start.upperBound] + text[start.upperBound...].drop { $0.isNumber })
    }

    static func attribute(_ name: String, in text: Substring) -> Substring? {
        guard let start = text.range(of: " \(name)=\"") else { return nil }
        return text[start.upperBound...].prefix { $0 != "\"" }
    }
}

extension StringProtocol where SubSequence == Substring {
    /// The first place of a text; the standard library has no such search without Foundation's.
    func range(of needle: String) -> Range<String.Index>? {
        var at = startIndex
        let first = needle.first
        while at < endIndex {
            if self[at] == first, self[at...].hasPrefix(needle) { return at..<index(at, offsetBy: needle.count) }
            at = index(after: at)
        }
        return nil
    }
}

/// Twelve leads with a beat a second: spikes of so many millivolts, one sample wide, on zero.
func spikes(_ names: [String], fs: Double = 500, seconds: Double = 10, height: Float = 1) -> [Lead] {
    names.map { name in
        var samples = [Float](repeating: 0, count: Int(fs * seconds))
        for beat in stride(from: Int(fs / 2), to: samples.count, by: Int(fs)) { samples[beat] = height }
        return Lead(name, unit: "mV", samples: samples)
    }
}

let twelve = ["I", "II", "III", "AVR", "AVL", "AVF", "V1", "V2", "V3", "V4", "V5", "V6"]

/// A smooth wave that is different in every lead.
func waves(_ names: [String], count: Int, unit: String = "mV") -> [Lead] {
    names.enumerated().map { lead, name in
        Lead(name, unit: unit, samples: (0..<count).map { Float($0 % 97) / 97 - Float(($0 + lead) % 31) / 60 })
    }
}

func maps(_ names: [String], leads: Int, count: Int) -> [HeatMap] {
    names.enumerated().map { map, name in
        HeatMap(
            name,
            values: (0..<leads).map { lead in (0..<count).map { Float(($0 * (map + 1) + lead) % 41) / 41 - (map % 2 == 0 ? 0 : 0.5) } })
    }
}
