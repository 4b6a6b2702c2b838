// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels

/// The shape of a pooling over time, of activations [item, time, channel].
public struct PoolShape: Hashable, Sendable {
    public var channels: Int
    public var kernel: Int
    public var stride: Int
    public var dilation: Int
    public var padLeft: Int
    public var padRight: Int
    /// Round the number of output rows up; a window that would start in the right padding is left out.
    public var ceilMode: Bool
    public var inputLength: Int

    public init(
        channels: Int, kernel: Int, stride: Int, dilation: Int = 1, padLeft: Int = 0, padRight: Int = 0, ceilMode: Bool = false,
        inputLength: Int
    ) {
        self.channels = channels
        self.kernel = kernel
        self.stride = stride
        self.dilation = dilation
        self.padLeft = padLeft
        self.padRight = padRight
        self.ceilMode = ceilMode
        self.inputLength = inputLength
    }

    /// The same conditions as for a convolution with one input channel a group.
    public var isValid: Bool {
        ConvolutionShape(
            inputChannels: channels, outputChannels: channels, groups: channels, kernel: kernel, stride: stride, dilation: dilation,
            padLeft: padLeft, padRight: padRight, inputLength: inputLength
        ).isValid && inputLength < Int(Int32.max)
    }

    public var outputLength: Int {
        let room = inputLength + padLeft + padRight - (kernel - 1) * dilation - 1
        var length = (ceilMode ? (room + stride - 1) / stride : room / stride) + 1
        if ceilMode && (length - 1) * stride >= inputLength + padLeft { length -= 1 }
        return length
    }

    package func call(countPadding: Bool) -> ecg_pool {
        ecg_pool(
            channels: channels, inputLength: inputLength, outputLength: outputLength, kernel: kernel, stride: stride, dilation: dilation,
            pad: padLeft, padRight: padRight, countPadding: countPadding ? 1 : 0)
    }
}

/// Pooling over time, dense [item, time, channel]. Each item is a task where workers are given.
public enum Pooling {
    /// The maximum of each window; padding never wins, NaN always does.
    /// - Parameter indices: if given, the input row (within the item) of each maximum, the first of equal ones, for the reverse.
    public static func maximum(
        _ shape: PoolShape, items: Int, input: Region<Float>, output: Region<Float>, indices: Region<Int32>? = nil,
        instructionSet: InstructionSet = .current, workers: Workers? = nil
    ) {
        let (from, to) = counts(shape, items, input, output)
        precondition(indices.map { $0.count >= items * to } ?? true)
        forEach(items, workers) { item in
            var call = shape.call(countPadding: false)
            instructionSet.kernels.pointee.maxPool(
                &call, input.pointer + item * from, output.pointer + item * to, indices.map { $0.pointer + item * to })
        }
    }

    /// Sends each output's gradient to the input that was the maximum.
    public static func maximumGradient(
        _ shape: PoolShape, items: Int, upstream: Region<Float>, indices: Region<Int32>, gradient: Region<Float>, accumulate: Bool = false,
        instructionSet: InstructionSet = .current, workers: Workers? = nil
    ) {
        let (from, to) = counts(shape, items, gradient, upstream)
        precondition(indices.count >= items * to)
        forEach(items, workers) { item in
            var call = shape.call(countPadding: false)
            instructionSet.kernels.pointee.maxPoolGradient(
                &call, upstream.pointer + item * to, indices.pointer + item * to, gradient.pointer + item * from, accumulate ? 1 : 0)
        }
    }

    /// The mean of each window, with padding counted as zeros or left out of the count.
    public static func average(
        _ shape: PoolShape, countIncludesPadding: Bool, items: Int, input: Region<Float>, output: Region<Float>,
        instructionSet: InstructionSet = .current, workers: Workers? = nil
    ) {
        let (from, to) = counts(shape, items, input, output)
        forEach(items, workers) { item in
            var call = shape.call(countPadding: countIncludesPadding)
            instructionSet.kernels.pointee.averagePool(&call, input.pointer + item * from, output.pointer + item * to)
        }
    }

    public static func averageGradient(
        _ shape: PoolShape, countIncludesPadding: Bool, items: Int, upstream: Region<Float>, gradient: Region<Float>,
        accumulate: Bool = false, instructionSet: InstructionSet = .current, workers: Workers? = nil
    ) {
        let (from, to) = counts(shape, items, gradient, upstream)
        forEach(items, workers) { item in
            var call = shape.call(countPadding: countIncludesPadding)
            instructionSet.kernels.pointee.averagePoolGradient(
                &call, upstream.pointer + item * to, gradient.pointer + item * from, accumulate ? 1 : 0)
        }
    }

    /// The mean over time of each channel: [item, length, channels] → [item, channels].
    public static func globalAverage(
        items: Int, length: Int, channels: Int, input: Region<Float>, output: Region<Float>, instructionSet: InstructionSet = .current,
        workers: Workers? = nil
    ) {
        precondition(length > 0 && items * length * channels <= input.count && items * channels <= output.count)
        let shape = PoolShape(channels: channels, kernel: length, stride: 1, inputLength: length)
        forEach(items, workers) { item in
            var call = shape.call(countPadding: false)
            instructionSet.kernels.pointee.averagePool(
                &call, input.pointer + item * length * channels, output.pointer + item * channels)
        }
    }

    public static func globalAverageGradient(
        items: Int, length: Int, channels: Int, upstream: Region<Float>, gradient: Region<Float>, accumulate: Bool = false,
        instructionSet: InstructionSet = .current, workers: Workers? = nil
    ) {
        precondition(length > 0 && items * length * channels <= gradient.count && items * channels <= upstream.count)
        forEach(items, workers) { item in
            let kernels = instructionSet.kernels
            let first = gradient.pointer + item * length * channels
            let source = upstream.pointer + item * channels
            withUnsafeTemporaryAllocation(of: Float.self, capacity: channels) { share in
                guard let share = share.baseAddress else { return }
                kernels.pointee.binaryScalar(BinaryFunction.divide.code, channels, source, Float(length), 0, share)
                for row in 0..<length {
                    let target = first + row * channels
                    if accumulate {
                        kernels.pointee.binary(BinaryFunction.add.code, channels, target, share, target, 0)
                    } else {
                        target.update(from: share, count: channels)
                    }
                }
            }
        }
    }

    /// The maximum over time of each channel, as a pool whose window is the whole item.
    public static func globalMaximumShape(length: Int, channels: Int) -> PoolShape {
        PoolShape(channels: channels, kernel: length, stride: 1, inputLength: length)
    }

    private static func counts(_ shape: PoolShape, _ items: Int, _ input: Region<Float>, _ output: Region<Float>) -> (Int, Int) {
        let from = shape.inputLength * shape.channels
        let to = shape.outputLength * shape.channels
        precondition(items * from <= input.count && items * to <= output.count)
        return (from, to)
    }

    static func forEach(_ items: Int, _ workers: Workers?, _ body: @Sendable (Int) -> Void) {
        guard let workers else {
            for item in 0..<items { body(item) }
            return
        }
        workers.run(items) { item, _ in body(item) }
    }
}
