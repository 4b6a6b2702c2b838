// SPDX-License-Identifier: GPL-3.0-or-later
import TestSupport
import Testing

/// The lines of Fixtures/training.txt, which Tests/Oracles/training.py made with PyTorch in double precision.
struct Oracle {
    struct Line {
        let words: [String]
        /// The words from `first` on, as numbers.
        func numbers(_ first: Int) throws -> [Double] { try words[first...].map { try #require(Double($0)) } }
    }

    let lines: [Line]

    init() throws {
        let path = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        let bytes = try #require(Npy.bytes("/\(path)/Fixtures/training.txt"))
        lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { Line(words: $0.split(separator: " ").map(String.init)) }
    }

    func lines(_ kind: String) -> [Line] { lines.filter { $0.words[0] == kind } }

    /// Numbers in ±0.5 that a name and a place decide, as in the oracle.
    static func formula(_ name: String, _ count: Int) -> [Double] {
        var seed: UInt32 = 0x811C_9DC5
        for byte in name.utf8 { seed = (seed ^ UInt32(byte)) &* 0x0100_0193 }
        return (0..<count).map { place in
            var u = UInt32(truncatingIfNeeded: place) &* 2_654_435_761 &+ seed
            u ^= u >> 15
            u &*= 2_246_822_519
            u ^= u >> 13
            return Double(u >> 8) / 0x1p24 - 0.5
        }
    }

    /// A parameter or running statistic in ONNX's order.
    static func weight(_ name: String, _ shape: [Int]) -> [Float] {
        let values = formula(name, shape.reduce(1, *))
        if name.hasSuffix("running_var") || (name.hasSuffix("weight") && shape.count == 1) { return values.map { Float(1 + 0.5 * $0) } }
        if shape.count == 1 || name == "lstm.bias" {
            let scale = name == "lstm.bias" ? 2 * (3.0 / Double(shape[1])).squareRoot() : 0.2
            return values.map { Float(scale * $0) }
        }
        let lstm = name.hasPrefix("lstm.")
        let fan = Double(lstm ? shape[1] * shape[2] : shape.dropFirst().reduce(1, *))
        return values.map { Float($0 * 2 * (3 / fan).squareRoot()) }
    }
}
