// SPDX-License-Identifier: GPL-3.0-or-later

/// A convolution or its input gradient in the one form that the frequency domain knows: stride 1, taps that lie side by side.
///
/// A strided convolution gets there for nothing: `stride` rows of dense activations, read as one row of `stride` times the channels
/// (its phases), meet every tap at one whole row. Gaps of a dilated kernel become taps of zero. The input gradient is the same
/// operation with the taps mirrored and the channels exchanged.
///
/// Row t of the result sums input rows t − lead ..< t − lead + taps.
package struct FrequencyProblem: Sendable, Hashable {
    package let inputChannels: Int
    package let outputChannels: Int
    package let inputLength: Int
    package let outputLength: Int
    package let taps: Int
    package let lead: Int
    package let direction: Direction
    let shape: ConvolutionShape

    package enum Direction: Sendable { case forward, inputGradient }

    /// - Precondition: one group.
    package init(_ shape: ConvolutionShape, _ direction: Direction) {
        precondition(shape.groups == 1)
        self.shape = shape
        self.direction = direction
        let first = Self.row(of: 0, shape).row
        let last = Self.row(of: shape.kernel - 1, shape).row
        taps = last - first + 1
        let phases = shape.inputChannels * shape.stride
        let rows = (shape.inputLength + shape.stride - 1) / shape.stride
        switch direction {
        case .forward:
            (inputChannels, inputLength) = (phases, rows)
            (outputChannels, outputLength) = (shape.outputChannels, shape.outputLength)
            lead = -first
        case .inputGradient:
            (inputChannels, inputLength) = (shape.outputChannels, shape.outputLength)
            (outputChannels, outputLength) = (phases, rows)
            lead = last
        }
    }

    /// The row, relative to the result's, and the phase that tap `tap` of the original kernel meets.
    private static func row(of tap: Int, _ shape: ConvolutionShape) -> (row: Int, phase: Int) {
        let position = tap * shape.dilation - shape.padLeft
        let row = position >= 0 ? position / shape.stride : -((-position + shape.stride - 1) / shape.stride)
        return (row, position - row * shape.stride)
    }

    /// For every tap of the original kernel, the tap of this problem that it becomes and the phase that it meets.
    var places: [(tap: Int, phase: Int)] {
        (0..<shape.kernel).map { tap in
            let place = Self.row(of: tap, shape)
            return (direction == .forward ? place.row + lead : lead - place.row, place.phase)
        }
    }

    /// Writes the weights that leave an input channel to `values` [tap, output channel], which hold zeros, rows `width` apart.
    /// - Parameter weights: [output channel, input channel, tap] of the original convolution.
    func gather(
        from input: Int, _ weights: UnsafePointer<Float>, places: [(tap: Int, phase: Int)], into values: UnsafeMutablePointer<Double>,
        width: Int
    ) {
        let count = shape.inputChannels
        let kernel = shape.kernel
        switch direction {
        case .forward:
            let (phase, channel) = input.quotientAndRemainder(dividingBy: count)
            for output in 0..<shape.outputChannels {
                let source = weights + (output * count + channel) * kernel
                for tap in 0..<kernel where places[tap].phase == phase { values[places[tap].tap * width + output] = Double(source[tap]) }
            }
        case .inputGradient:
            for channel in 0..<count {
                let source = weights + (input * count + channel) * kernel
                for tap in 0..<kernel { values[places[tap].tap * width + places[tap].phase * count + channel] = Double(source[tap]) }
            }
        }
    }
}
