// SPDX-License-Identifier: GPL-3.0-or-later
import Synchronization

/// A 1-D convolution with constant weights, prepared once and run for any number of items, by any number of threads at a time.
///
/// Activations are [item, time, channel] in float32. The result for an item is the same bits whatever the other items, the batch,
/// the threads and the division of work. Bias, activation and residual are applied in the store.
///
/// Either many items are shared out over threads by the caller, and each call is given no workers; or the call is given workers and
/// divides its own work over them.
public final class Convolution: Sendable {
    public enum Algorithm: Sendable { case direct, frequency }

    public let shape: ConvolutionShape
    public let activation: Activation
    public let instructionSet: InstructionSet
    /// What runs it: a function of the shape alone.
    public let algorithm: Algorithm

    private let weights: [Float]
    private let bias: [Float]?
    private let forward: DirectConvolution
    private let reverse = Mutex<DirectGradient?>(nil)

    /// - Parameters:
    ///   - weights: [output channel, input channel of the group, tap], as ONNX has them.
    ///   - bias: [output channel].
    ///   - algorithm: nil lets a measured rule choose by the shape.
    ///   - instructionSet: the widest that this processor has, unless forced.
    /// - Precondition: `shape.isValid`, and the counts of weights and bias are those of the shape.
    public init(
        shape: ConvolutionShape, weights: [Float], bias: [Float]? = nil, activation: Activation = .identity,
        algorithm: Algorithm? = nil, instructionSet: InstructionSet = .current
    ) {
        precondition(shape.isValid && weights.count == shape.weightCount && bias?.count ?? shape.outputChannels == shape.outputChannels)
        self.shape = shape
        self.activation = activation
        self.instructionSet = instructionSet
        self.algorithm = .direct
        self.weights = weights
        self.bias = bias
        forward = DirectConvolution(
            shape: shape, weights: weights, bias: bias, activation: activation, instructionSet: instructionSet)
    }

    /// Floats of scratch that `forward` and `inputGradient` need at most, for calls of up to `items` items.
    /// - Parameter threads: the count of the workers that the call is given, 1 if none.
    public func scratchCount(items: Int, threads: Int = 1) -> Int {
        max(forward.scratchCount * threads, DirectGradient.scratchCount(shape) * threads)
    }

    /// output = activation(convolution(input) + bias), with the residual before or after the activation.
    /// - Parameters:
    ///   - input: [item, inputLength, inputChannels], rows `inputRowStride` floats apart (dense if nil), items `inputLength` rows apart.
    ///   - output: [item, outputLength, outputChannels], rows `outputRowStride` floats apart: a wider stride leaves room for the
    ///     other inputs of a channel concatenation.
    ///   - scratch: at least `scratchCount` floats, used by this call alone.
    public func forward(
        items: Int, input: Region<Float>, inputRowStride: Int? = nil, output: Region<Float>, outputRowStride: Int? = nil,
        residual: Residual? = nil, scratch: Region<Float>, workers: Workers? = nil
    ) {
        forward.run(
            items: items, input: input, inputRowStride: inputRowStride ?? shape.inputChannels, output: output,
            outputRowStride: outputRowStride ?? shape.outputChannels, residual: residual, scratch: scratch, workers: workers)
    }

    /// The gradient with respect to the input, given that with respect to the convolution's result *before* the activation.
    /// - Parameters:
    ///   - outputGradient: [item, outputLength, outputChannels], rows `outputRowStride` floats apart.
    ///   - inputGradient: [item, inputLength, inputChannels], rows `inputRowStride` floats apart.
    ///   - accumulate: add to what `inputGradient` holds instead of replacing it.
    public func inputGradient(
        items: Int, outputGradient: Region<Float>, outputRowStride: Int? = nil, inputGradient: Region<Float>, inputRowStride: Int? = nil,
        accumulate: Bool = false, scratch: Region<Float>, workers: Workers? = nil
    ) {
        let gradient = reverse.withLock { prepared in
            if let prepared { return prepared }
            let made = DirectGradient(shape: shape, weights: weights, instructionSet: instructionSet)
            prepared = made
            return made
        }
        gradient.run(
            items: items, outputGradient: outputGradient, outputRowStride: outputRowStride ?? shape.outputChannels,
            inputGradient: inputGradient, inputRowStride: inputRowStride ?? shape.inputChannels, accumulate: accumulate,
            scratch: scratch, workers: workers)
    }
}
