// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import Testing

/// Arrays of float32 that Tests/Oracles made with a reference library.
enum Fixture {
    static func floats(_ path: String) throws -> [Float] {
        let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        let file = try #require(fopen("/\(folder)/Fixtures/\(path).f4", "rb"), "no fixture \(path)")
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return stride(from: 0, to: count - 3, by: 4).map { at in
            Float(bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[at + $1]) << UInt32(8 * $1) })
        }
    }
}

/// The largest difference, as a share of the reference's range.
func difference(_ values: [Float], _ reference: [Float]) -> Float {
    guard values.count == reference.count, let low = reference.min(), let high = reference.max(), high > low else { return .infinity }
    var worst: Float = 0
    for (value, expected) in zip(values, reference) {
        let error = abs(value - expected) / (high - low)
        worst = error.isNaN ? .infinity : max(worst, error)
    }
    return worst
}
