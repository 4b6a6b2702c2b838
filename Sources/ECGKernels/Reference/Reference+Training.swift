// SPDX-License-Identifier: GPL-3.0-or-later

extension Reference {
    /// The gradient of a convolution with respect to its weights [output channel, input channel of the group, tap] and its bias.
    public static func convolutionWeightGradient<Real: BinaryFloatingPoint>(
        _ shape: ConvolutionShape, items: Int, input: [Real], outputGradient: [Real]
    ) -> (weights: [Real], bias: [Real]) {
        let sources = shape.inputChannels / shape.groups
        let targets = shape.outputChannels / shape.groups
        var weights = [Real](repeating: 0, count: shape.weightCount)
        var bias = [Real](repeating: 0, count: shape.outputChannels)
        for item in 0..<items {
            for row in 0..<shape.outputLength {
                for channel in 0..<shape.outputChannels {
                    let value = outputGradient[(item * shape.outputLength + row) * shape.outputChannels + channel]
                    bias[channel] += value
                    for tap in 0..<shape.kernel {
                        let time = row * shape.stride - shape.padLeft + tap * shape.dilation
                        if time < 0 || time >= shape.inputLength { continue }
                        let source = (item * shape.inputLength + time) * shape.inputChannels + channel / targets * sources
                        for c in 0..<sources { weights[(channel * sources + c) * shape.kernel + tap] += value * input[source + c] }
                    }
                }
            }
        }
        return (weights, bias)
    }
}
