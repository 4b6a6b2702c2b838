// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Testing

/// SplitMix64: the same shapes and values in every run.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

func randomFloats(_ count: Int, _ range: ClosedRange<Float> = -1...1, using generator: inout SeededGenerator) -> [Float] {
    (0..<count).map { _ in .random(in: range, using: &generator) }
}

/// The largest difference, relative to the largest expected magnitude (at least 1e-3); infinity where one is NaN and the other is not.
func relativeError(_ values: [Float], _ expected: [Double]) -> Double {
    guard values.count == expected.count else { return .infinity }
    let scale = max(1e-3, expected.lazy.filter(\.isFinite).map(abs).max() ?? 0)
    var worst = 0.0
    for (a, b) in zip(values, expected) {
        if a.isNaN != b.isNaN { return .infinity }
        if a.isNaN || Double(a) == b { continue }
        worst = max(worst, abs(Double(a) - b) / scale)
    }
    return worst
}

func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }
