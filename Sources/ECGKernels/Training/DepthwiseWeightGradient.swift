// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels

/// The gradient of the weights of a depthwise convolution: every channel has its own taps, so channels are the lanes.
final class DepthwiseWeightGradient: Sendable {
    private let shape: ConvolutionShape
    private let instructionSet: InstructionSet
    /// Runs of items that are summed apart and joined in order.
    private static let parts = 16

    init(_ shape: ConvolutionShape, _ instructionSet: InstructionSet) {
        self.shape = shape
        self.instructionSet = instructionSet
    }

    static func suits(_ shape: ConvolutionShape) -> Bool {
        shape.groups > 1 && shape.inputChannels == shape.groups && shape.outputChannels == shape.groups
    }

    /// Of a part: a row of channels for each tap, one for the bias, and one to work in.
    private var partCount: Int { (shape.kernel + 2) * shape.groups }

    func scratchCount(items: Int, threads: Int) -> Int { Self.parts * partCount }

    func run(
        items: Int, input: Region<Float>, outputGradient: Region<Float>, weightGradient: Region<Float>, biasGradient: Region<Float>?,
        accumulate: Bool, scratch: Region<Float>, workers: Workers?
    ) {
        precondition(scratch.count >= scratchCount(items: items, threads: 1))
        let shape = self.shape
        let (channels, taps, partCount) = (shape.groups, shape.kernel, partCount)
        let table = instructionSet
        let body: @Sendable (Int, Int) -> Void = { part, _ in
            let kernels = table.trainingKernels
            let sums = scratch.pointer + part * partCount
            sums.update(repeating: 0, count: partCount)
            let bias = sums + taps * channels
            for item in items * part / Self.parts..<items * (part + 1) / Self.parts {
                let x = input.pointer + item * shape.inputLength * channels
                let g = outputGradient.pointer + item * shape.outputLength * channels
                for tap in 0..<taps {
                    let offset = tap * shape.dilation - shape.padLeft
                    let first = offset >= 0 ? 0 : (-offset + shape.stride - 1) / shape.stride
                    let last = shape.inputLength - 1 - offset
                    let end = last < 0 ? 0 : min(shape.outputLength, last / shape.stride + 1)
                    if first >= end { continue }
                    kernels.pointee.depthwise(
                        end - first, channels, x + (first * shape.stride + offset) * channels, shape.stride * channels,
                        g + first * channels,
                        channels, sums + tap * channels)
                }
                kernels.pointee.columnSums(shape.outputLength, channels, g, bias + channels)
                for c in 0..<channels { bias[c] += bias[channels + c] }
            }
        }
        if let workers { workers.run(Self.parts, body) } else { for part in 0..<Self.parts { body(part, 0) } }
        for channel in 0..<channels {
            for tap in 0...taps {
                var sum: Float = 0
                for part in 0..<Self.parts { sum += scratch.pointer[part * partCount + tap * channels + channel] }
                guard let target = tap < taps ? weightGradient.pointer + channel * taps + tap : biasGradient.map({ $0.pointer + channel })
                else { continue }
                target.pointee = accumulate ? target.pointee + sum : sum
            }
        }
    }
}
