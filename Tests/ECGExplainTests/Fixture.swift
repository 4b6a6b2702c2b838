// SPDX-License-Identifier: GPL-3.0-or-later
import TestSupport
import Testing

/// Lines of a file in the Fixtures folder: words, by the words that begin them.
struct Fixture {
    private let lines: [[String]]

    init(_ name: String, here: String = #filePath) throws {
        let folder = here.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/Fixtures/"
        let bytes = try #require(Npy.bytes(folder + name), "no fixture \(name)")
        lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    }

    /// The numbers of every line that begins with these words.
    func rows(_ words: String...) -> [[Double]] {
        lines.filter { Array($0.prefix(words.count)) == words }.map { $0.dropFirst(words.count).compactMap { Double($0) } }
    }

    func row(_ first: String, _ second: String) throws -> [Double] { try #require(rows(first, second).first) }
}

/// A trained network as PyTorch wrote it.
let exampleModel: String = {
    let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
    return root + "/Tests/Models/mitbih-cnn.onnx"
}()
