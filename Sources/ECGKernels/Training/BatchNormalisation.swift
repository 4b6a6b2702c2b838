// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels

/// Batch normalisation in training, after Ioffe and Szegedy 2015, with PyTorch's conventions: y = (x − mean) / √(variance + ε) · scale + shift, with mean and
/// variance (divided by n) of a channel over all rows of the batch; running figures move by `momentum` towards those of the batch, the running
/// variance towards the unbiased one (divided by n − 1).
///
/// Activations are [row, channel], rows being items · time. A ReLU or leaky ReLU that follows is taken along in both directions.
/// Sums are taken over blocks of rows of a fixed length and joined in order: the same bits with any threads.
public enum BatchNormalisation {
    /// Floats of scratch that `forward` and `gradient` need.
    public static func scratchCount(rows: Int, channels: Int) -> Int { channels * (2 * blocks(rows) + 3) }

    /// Rows that are summed together, while they are in the cache.
    static let blockRows = 128

    static func blocks(_ rows: Int) -> Int { (rows + blockRows - 1) / blockRows }

    /// What a layer keeps between steps, for inference: updated by `forward`.
    public struct Running: Sendable {
        /// [channel] each.
        public var mean: Region<Float>
        public var variance: Region<Float>
        /// The share that a batch has in them: 0.1 in PyTorch, 1 − 0.99 in Keras.
        public var momentum: Float
        public init(mean: Region<Float>, variance: Region<Float>, momentum: Float = 0.1) {
            self.mean = mean
            self.variance = variance
            self.momentum = momentum
        }
    }

    /// output = activation((input − mean) / √(variance + ε) · scale + shift).
    /// - Parameters:
    ///   - scale, shift: [channel].
    ///   - output: [row, channel]; may be the input, but `gradient` needs that again.
    ///   - statistics: [2, channel]: mean and 1/√(variance + ε) of the batch, which `gradient` reads.
    ///   - scratch: `scratchCount` floats.
    public static func forward(
        rows: Int, channels: Int, input: Region<Float>, scale: Region<Float>, shift: Region<Float>, epsilon: Float,
        activation: Activation = .identity, output: Region<Float>, statistics: Region<Float>, running: Running? = nil,
        scratch: Region<Float>, instructionSet: InstructionSet = .current, workers: Workers? = nil
    ) {
        precondition(rows > 0 && channels > 0 && rows * channels <= min(input.count, output.count))
        precondition(channels <= min(scale.count, shift.count) && 2 * channels <= statistics.count)
        precondition(channels <= running?.mean.count ?? channels && channels <= running?.variance.count ?? channels)
        precondition(scratch.count >= scratchCount(rows: rows, channels: channels))
        let blocks = self.blocks(rows)
        let (means, squares) = (scratch[0..<blocks * channels], scratch[blocks * channels..<2 * blocks * channels])
        share(rows, workers) { block, range in
            instructionSet.trainingKernels.pointee.moments(
                range.count, channels, input.pointer + range.lowerBound * channels, means.pointer + block * channels,
                squares.pointer + block * channels)
        }
        let gains = scratch[2 * blocks * channels..<(2 * blocks + 1) * channels]
        let population = Double(rows)
        for c in 0..<channels {
            // Blocks are joined after Chan, Golub and LeVeque 1983.
            var sum = 0.0
            for block in 0..<blocks { sum += Double(means.pointer[block * channels + c]) * Double(length(block, rows)) }
            let mean = sum / population
            var spread = 0.0
            for block in 0..<blocks {
                let distance = Double(means.pointer[block * channels + c]) - mean
                spread += Double(squares.pointer[block * channels + c]) + Double(length(block, rows)) * distance * distance
            }
            let inverse = Float(1 / (spread / population + Double(epsilon)).squareRoot())
            statistics.pointer[c] = Float(mean)
            statistics.pointer[channels + c] = inverse
            gains.pointer[c] = inverse * scale.pointer[c]
            if let running {
                running.mean.pointer[c] += running.momentum * (Float(mean) - running.mean.pointer[c])
                running.variance.pointer[c] += running.momentum * (Float(spread / max(1, population - 1)) - running.variance.pointer[c])
            }
        }
        share(rows, workers) { _, range in
            let at = range.lowerBound * channels
            instructionSet.trainingKernels.pointee.normalise(
                range.count, channels, input.pointer + at, statistics.pointer, gains.pointer, shift.pointer, output.pointer + at,
                activation.code, activation.slope)
        }
    }

    /// The gradients, given that with respect to what `forward` gave, behind its activation.
    /// - Parameters:
    ///   - input, scale, shift, activation, statistics: as `forward` had and left them.
    ///   - inputGradient: [row, channel]; may be `outputGradient`.
    ///   - scaleGradient, shiftGradient: [channel]; replaced, or added to if `accumulate`.
    public static func gradient(
        rows: Int, channels: Int, input: Region<Float>, scale: Region<Float>, shift: Region<Float>, activation: Activation = .identity,
        statistics: Region<Float>, outputGradient: Region<Float>, inputGradient: Region<Float>, scaleGradient: Region<Float>,
        shiftGradient: Region<Float>, accumulate: Bool = false, scratch: Region<Float>, instructionSet: InstructionSet = .current,
        workers: Workers? = nil
    ) {
        precondition(rows > 0 && channels > 0 && rows * channels <= min(input.count, outputGradient.count, inputGradient.count))
        precondition(channels <= min(scale.count, shift.count, scaleGradient.count, shiftGradient.count))
        precondition(2 * channels <= statistics.count && scratch.count >= scratchCount(rows: rows, channels: channels))
        let blocks = self.blocks(rows)
        let (sums, products) = (scratch[0..<blocks * channels], scratch[blocks * channels..<2 * blocks * channels])
        let rest = scratch[2 * blocks * channels..<(2 * blocks + 3) * channels]
        let (gains, averages, trends) = (rest[0..<channels], rest[channels..<2 * channels], rest[2 * channels..<3 * channels])
        for c in 0..<channels { gains.pointer[c] = statistics.pointer[channels + c] * scale.pointer[c] }
        share(rows, workers) { block, range in
            let at = range.lowerBound * channels
            instructionSet.trainingKernels.pointee.normaliseSums(
                range.count, channels, input.pointer + at, statistics.pointer, gains.pointer, shift.pointer, outputGradient.pointer + at,
                activation.code, activation.slope, sums.pointer + block * channels, products.pointer + block * channels)
        }
        for c in 0..<channels {
            var sum = 0.0
            var product = 0.0
            for block in 0..<blocks {
                sum += Double(sums.pointer[block * channels + c])
                product += Double(products.pointer[block * channels + c])
            }
            let inverse = Double(statistics.pointer[channels + c])
            averages.pointer[c] = Float(sum / Double(rows))
            trends.pointer[c] = Float(product * inverse * inverse / Double(rows))
            scaleGradient.pointer[c] = Float(product * inverse) + (accumulate ? scaleGradient.pointer[c] : 0)
            shiftGradient.pointer[c] = Float(sum) + (accumulate ? shiftGradient.pointer[c] : 0)
        }
        share(rows, workers) { _, range in
            let at = range.lowerBound * channels
            instructionSet.trainingKernels.pointee.normaliseGradient(
                range.count, channels, input.pointer + at, statistics.pointer, gains.pointer, shift.pointer, outputGradient.pointer + at,
                activation.code, activation.slope, averages.pointer, trends.pointer, inputGradient.pointer + at)
        }
    }

    /// Rows of a block.
    private static func length(_ block: Int, _ rows: Int) -> Int { min(blockRows, rows - block * blockRows) }

    private static func share(_ rows: Int, _ workers: Workers?, _ body: @Sendable (_ block: Int, _ rows: Range<Int>) -> Void) {
        let blocks = self.blocks(rows)
        @Sendable func run(_ block: Int) { body(block, block * blockRows..<block * blockRows + length(block, rows)) }
        guard let workers, blocks >= 4 else {
            for block in 0..<blocks { run(block) }
            return
        }
        workers.run(blocks) { block, _ in run(block) }
    }
}
