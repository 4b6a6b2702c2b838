// SPDX-License-Identifier: GPL-3.0-or-later

/// Plain loops over arrays, for float and double: what the kernels are compared with, and the path for anything they don't cover.
public enum Reference {}

extension Reference {
    /// Convolution of [item, time, channel] with weights [output channel, input channel of the group, tap].
    public static func convolution<Real: BinaryFloatingPoint>(
        _ shape: ConvolutionShape, items: Int, input: [Real], weights: [Real], bias: [Real]? = nil
    ) -> [Real] {
        let sources = shape.inputChannels / shape.groups
        let targets = shape.outputChannels / shape.groups
        var output = [Real](repeating: 0, count: items * shape.outputLength * shape.outputChannels)
        for item in 0..<items {
            for row in 0..<shape.outputLength {
                for channel in 0..<shape.outputChannels {
                    var sum = bias?[channel] ?? 0
                    for tap in 0..<shape.kernel {
                        let time = row * shape.stride - shape.padLeft + tap * shape.dilation
                        if time < 0 || time >= shape.inputLength { continue }
                        let source = (item * shape.inputLength + time) * shape.inputChannels + channel / targets * sources
                        for c in 0..<sources { sum += input[source + c] * weights[(channel * sources + c) * shape.kernel + tap] }
                    }
                    output[(item * shape.outputLength + row) * shape.outputChannels + channel] = sum
                }
            }
        }
        return output
    }

    /// The gradient of a convolution with respect to its input.
    public static func convolutionInputGradient<Real: BinaryFloatingPoint>(
        _ shape: ConvolutionShape, items: Int, outputGradient: [Real], weights: [Real]
    ) -> [Real] {
        let sources = shape.inputChannels / shape.groups
        let targets = shape.outputChannels / shape.groups
        var gradient = [Real](repeating: 0, count: items * shape.inputLength * shape.inputChannels)
        for item in 0..<items {
            for row in 0..<shape.outputLength {
                for channel in 0..<shape.outputChannels {
                    let value = outputGradient[(item * shape.outputLength + row) * shape.outputChannels + channel]
                    for tap in 0..<shape.kernel {
                        let time = row * shape.stride - shape.padLeft + tap * shape.dilation
                        if time < 0 || time >= shape.inputLength { continue }
                        let source = (item * shape.inputLength + time) * shape.inputChannels + channel / targets * sources
                        for c in 0..<sources { gradient[source + c] += value * weights[(channel * sources + c) * shape.kernel + tap] }
                    }
                }
            }
        }
        return gradient
    }
}
