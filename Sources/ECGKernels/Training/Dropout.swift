// SPDX-License-Identifier: GPL-3.0-or-later

/// Dropout (Srivastava et al. 2014): each value is zero with probability `rate`, and divided by 1 − rate otherwise.
///
/// Whether a value stays is a function of seed, layer, step, item and position, and of nothing else: not of batch, threads or instruction set. No
/// mask is kept; the reverse is the same function of the gradient.
public struct Dropout: Hashable, Sendable {
    public let rate: Float
    private let key: UInt64

    /// - Parameters:
    ///   - rate: the share that becomes zero, at least 0 and below 1.
    ///   - layer: tells the layers of a network apart.
    public init(rate: Float, seed: UInt64, layer: Int) {
        precondition(rate >= 0 && rate < 1)
        self.rate = rate
        key = Self.mix(Self.mix(seed &+ 0x9E37_79B9_7F4A_7C15) ^ UInt64(truncatingIfNeeded: layer))
    }

    /// output = dropout(input) + residual.
    /// - Parameters:
    ///   - step: of the training.
    ///   - firstItem: the number of the first item in the step's batch, where a batch is worked off in parts.
    ///   - count: values of an item; the regions are [items, count].
    ///   - output: may be the input.
    public func apply(
        step: Int, firstItem: Int = 0, items: Int, count: Int, input: Region<Float>, residual: Region<Float>? = nil, output: Region<Float>,
        instructionSet: InstructionSet = .current, workers: Workers? = nil
    ) {
        precondition(items >= 0 && count >= 0 && items * count <= min(input.count, output.count, residual?.count ?? .max))
        let stepKey = Self.mix(key ^ UInt64(truncatingIfNeeded: step))
        for item in 0..<items {
            let itemKey = Self.mix(stepKey &+ UInt64(truncatingIfNeeded: firstItem + item))
            for position in 0..<count {
                let at = item * count + position
                let value = keeps(itemKey, position) ? input[at] * gain : 0
                output[at] = value + (residual?[at] ?? 0)
            }
        }
    }

    private var gain: Float { 1 / (1 - rate) }
    /// Hashes below it are dropped.
    private var threshold: UInt32 { UInt32((Double(rate) * 0x1p32).rounded()) }

    private func keeps(_ itemKey: UInt64, _ position: Int) -> Bool {
        Self.hash(UInt32(truncatingIfNeeded: position) ^ UInt32(truncatingIfNeeded: itemKey), UInt32(itemKey >> 32)) >= threshold
    }

    /// Two rounds of a mixer of 32 bits (C. Wellons, "lowbias32"), with half of the key before each.
    static func hash(_ value: UInt32, _ second: UInt32) -> UInt32 { round(round(value) ^ second) }

    private static func round(_ value: UInt32) -> UInt32 {
        var h = value
        h ^= h >> 16
        h &*= 0x7FEB_352D
        h ^= h >> 15
        h &*= 0x846C_A68B
        h ^= h >> 16
        return h
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
