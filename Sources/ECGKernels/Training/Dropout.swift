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
    ///   - count: values of an item, below 2^32; the regions are [items, count].
    ///   - gate: for the reverse through an activation before the dropout: what the activation gave. Where that is not positive, the result is
    ///     multiplied by the slope, 0 for a ReLU.
    ///   - output: may be the input.
    public func apply(
        step: Int, firstItem: Int = 0, items: Int, count: Int, input: Region<Float>,
        gate: (output: Region<Float>, activation: Activation)? = nil, residual: Region<Float>? = nil, output: Region<Float>,
        instructionSet: InstructionSet = .current, workers: Workers? = nil
    ) {
        precondition(items >= 0 && count >= 0 && count < 1 << 32)
        precondition(items * count <= min(input.count, output.count, residual?.count ?? .max, gate?.output.count ?? .max))
        let stepKey = Self.mix(key ^ UInt64(truncatingIfNeeded: step))
        let signs = gate?.activation == .identity ? nil : gate?.output
        let slope = gate?.activation.slope ?? 1
        let (gain, threshold) = (gain, threshold)
        // A run of positions of one item is a task: whatever computes a value, it is the same.
        let parts = max(1, (count + Self.longest - 1) / Self.longest)
        let body: @Sendable (Int, Int) -> Void = { task, _ in
            let (item, part) = task.quotientAndRemainder(dividingBy: parts)
            let range = count * part / parts..<count * (part + 1) / parts
            let itemKey = Self.mix(stepKey &+ UInt64(truncatingIfNeeded: firstItem + item))
            let at = item * count + range.lowerBound
            instructionSet.trainingKernels.pointee.dropout(
                UInt(range.lowerBound), range.count, UInt32(truncatingIfNeeded: itemKey), UInt32(itemKey >> 32), threshold, gain,
                input.pointer + at, signs.map { UnsafePointer($0.pointer + at) }, slope, residual.map { UnsafePointer($0.pointer + at) },
                output.pointer + at)
        }
        if let workers { workers.run(items * parts, body) } else { for task in 0..<items * parts { body(task, 0) } }
    }

    /// Whether the value at a position of an item stays: what `apply` does, one by one.
    public func keeps(step: Int, item: Int, position: Int) -> Bool {
        let itemKey = Self.mix(Self.mix(key ^ UInt64(truncatingIfNeeded: step)) &+ UInt64(truncatingIfNeeded: item))
        let place = UInt32(truncatingIfNeeded: position) ^ UInt32(truncatingIfNeeded: itemKey)
        return Self.round(Self.round(place) ^ UInt32(itemKey >> 32)) >= threshold
    }

    /// Positions of a task.
    private static let longest = 1 << 16

    private var gain: Float { 1 / (1 - rate) }
    /// Hashes below it are dropped.
    private var threshold: UInt32 { UInt32((Double(rate) * 0x1p32).rounded()) }

    /// A mixer of 32 bits (C. Wellons, "lowbias32"); two rounds, each with half of the key before it.
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
