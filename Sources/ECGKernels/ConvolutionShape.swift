// SPDX-License-Identifier: GPL-3.0-or-later

/// The shape of a 1-D convolution: everything a kernel is chosen and prepared by, except the weights.
///
/// Activations are [item, time, channel]. Output row t sums over taps j the input rows `t·stride − padLeft + j·dilation`;
/// rows before the first and after the last count as zero.
public struct ConvolutionShape: Hashable, Sendable {
    public var inputChannels: Int
    public var outputChannels: Int
    /// Output channel o sees the input channels of group `o / (outputChannels / groups)` alone.
    public var groups: Int
    /// Taps.
    public var kernel: Int
    public var stride: Int
    public var dilation: Int
    /// Zero rows before the first input row and after the last.
    public var padLeft: Int
    public var padRight: Int
    /// Rows of an item.
    public var inputLength: Int

    /// - Precondition: `isValid`; callers that take shapes from a file check it first.
    public init(
        inputChannels: Int, outputChannels: Int, groups: Int = 1, kernel: Int, stride: Int = 1, dilation: Int = 1,
        padLeft: Int = 0, padRight: Int = 0, inputLength: Int
    ) {
        self.inputChannels = inputChannels
        self.outputChannels = outputChannels
        self.groups = groups
        self.kernel = kernel
        self.stride = stride
        self.dilation = dilation
        self.padLeft = padLeft
        self.padRight = padRight
        self.inputLength = inputLength
    }

    /// Counts positive, channels divisible by groups, paddings not negative, at least one output row, and nothing beyond 2^40,
    /// so that no index of a kernel can overflow.
    public var isValid: Bool {
        let counts = [inputChannels, outputChannels, groups, kernel, stride, dilation, inputLength]
        let limit = 1 << 40
        guard counts.allSatisfy({ $0 > 0 && $0 < limit }), padLeft >= 0, padRight >= 0, padLeft < limit, padRight < limit else {
            return false
        }
        guard inputChannels % groups == 0, outputChannels % groups == 0 else { return false }
        let (reach, overflow) = (kernel - 1).multipliedReportingOverflow(by: dilation)
        guard !overflow, reach < limit else { return false }
        let padded = inputLength + padLeft + padRight
        for (a, b) in [(padded, inputChannels), (padded, outputChannels)] {
            let (area, overflow) = a.multipliedReportingOverflow(by: b)
            if overflow || area >= limit { return false }
        }
        let (ends, tooFar) = kernel.multipliedReportingOverflow(by: inputChannels / groups)
        guard !tooFar, !ends.multipliedReportingOverflow(by: outputChannels).overflow else { return false }
        return padded > reach
    }

    /// Input rows that one output row sees, gaps included.
    public var span: Int { (kernel - 1) * dilation + 1 }

    public var outputLength: Int { (inputLength + padLeft + padRight - span) / stride + 1 }

    /// Weights are [output channel, input channel of the group, tap].
    public var weightCount: Int { outputChannels * (inputChannels / groups) * kernel }

    /// Floating-point operations of the direct algorithm for one item, a multiply-add counted as two, padding included.
    public var operations: Int { 2 * outputLength * weightCount }
}
