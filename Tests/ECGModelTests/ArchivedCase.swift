// SPDX-License-Identifier: GPL-3.0-or-later
import ECGModel
import TestSupport
import Testing

/// A case of an archive that a script of Tests/Oracles wrote (operators.py says how): words, a model, what goes in and what comes out.
struct ArchivedCase {
    let title: [String]
    let model: [UInt8]
    let inputs: [ECGModel.Tensor]
    let outputs: [ECGModel.Tensor]

    /// The folder of the fixtures of this module.
    static let folder: String = {
        let here = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        return "/\(here)/Fixtures"
    }()

    static func read(_ file: String) throws -> [ArchivedCase] {
        let bytes = try #require(Npy.bytes("\(folder)/\(file)"), "\(file) is missing")
        var at = 0
        func number() -> Int {
            defer { at += 4 }
            return (0..<4).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
        }
        func section() -> [UInt8] {
            let count = number()
            defer { at += count }
            return Array(bytes[at..<at + count])
        }
        func tensors() throws -> [ECGModel.Tensor] {
            // A count is a section of four bytes.
            _ = number()
            return try (0..<number()).map { _ in try ECGModel.Tensor.read(section()) }
        }
        var cases: [ArchivedCase] = []
        while at < bytes.count {
            let title = String(decoding: section(), as: UTF8.self).split(separator: " ").map(String.init)
            cases.append(ArchivedCase(title: title, model: section(), inputs: try tensors(), outputs: try tensors()))
        }
        return cases
    }
}
