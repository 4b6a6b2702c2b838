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
    public static func scratchCount(rows: Int, channels: Int) -> Int { 2 * channels * (blocks(rows) + 2) }

    /// Rows that are summed together, while they are in the cache.
    static let blockRows = 256

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
        for c in 0..<channels {
            var sum = 0.0
            for row in 0..<rows { sum += Double(input[row * channels + c]) }
            let mean = sum / Double(rows)
            var squares = 0.0
            for row in 0..<rows { squares += (Double(input[row * channels + c]) - mean) * (Double(input[row * channels + c]) - mean) }
            statistics[c] = Float(mean)
            statistics[channels + c] = 1 / (Float(squares / Double(rows)) + epsilon).squareRoot()
            if let running {
                running.mean[c] += running.momentum * (Float(mean) - running.mean[c])
                running.variance[c] += running.momentum * (Float(squares / Double(max(1, rows - 1))) - running.variance[c])
            }
            let gain = statistics[channels + c] * scale[c]
            for row in 0..<rows {
                let at = row * channels + c
                output[at] = activation((input[at] - statistics[c]) * gain + shift[c])
            }
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
        for c in 0..<channels {
            let (mean, inverse) = (statistics[c], statistics[channels + c])
            func upstream(_ at: Int) -> Float {
                let y = (input[at] - mean) * (inverse * scale[c]) + shift[c]
                return activation == .identity || y > 0 ? outputGradient[at] : outputGradient[at] * activation.slope
            }
            var sum = 0.0
            var product = 0.0
            for row in 0..<rows {
                let at = row * channels + c
                sum += Double(upstream(at))
                product += Double(upstream(at)) * Double((input[at] - mean) * inverse)
            }
            let (average, slope) = (Float(sum / Double(rows)), Float(product / Double(rows)))
            for row in 0..<rows {
                let at = row * channels + c
                inputGradient[at] = (upstream(at) - average - (input[at] - mean) * inverse * slope) * (inverse * scale[c])
            }
            scaleGradient[c] = Float(product) + (accumulate ? scaleGradient[c] : 0)
            shiftGradient[c] = Float(sum) + (accumulate ? shiftGradient[c] : 0)
        }
    }
}
