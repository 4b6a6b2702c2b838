// SPDX-License-Identifier: GPL-3.0-or-later

/// A 1-D convolution whose weights change from step to step: forward, and the gradients with respect to input, weights and bias.
///
///     let layer = TrainableConvolution(shape: shape)
///     layer.setWeights(weights, bias: bias, workers: crew)          // once a step
///     layer.forward(items: n, input: x, output: y, scratch: scratch, workers: crew)
///     layer.gradients(
///         items: n, input: x, outputGradient: dy, inputGradient: dx, weightGradient: dw, biasGradient: db, scratch: scratch, workers: crew)
///
/// Activations are [item, time, channel] in float32, dense. An item's result and input gradient are the same bits in any batch; the weight gradient
/// is a sum over the batch, in an order that depends on shape and batch alone, never on the threads.
///
/// Unlike `Convolution` it is prepared anew, in place, by `setWeights`; so calls of one object must not overlap in time.
public final class TrainableConvolution: @unchecked Sendable {
    public let shape: ConvolutionShape
    public let activation: Activation
    public let instructionSet: InstructionSet
    private let algorithm: Convolution.Algorithm?
    private var prepared: Convolution

    /// - Parameters:
    ///   - activation: of the forward pass, applied in the store.
    ///   - algorithm: nil lets a measured rule choose by the shape.
    /// - Precondition: `shape.isValid`.
    public init(
        shape: ConvolutionShape, activation: Activation = .identity, algorithm: Convolution.Algorithm? = nil,
        instructionSet: InstructionSet = .current
    ) {
        precondition(shape.isValid)
        self.shape = shape
        self.activation = activation
        self.algorithm = algorithm
        self.instructionSet = instructionSet
        prepared = Convolution(
            shape: shape, weights: [Float](repeating: 0, count: shape.weightCount), activation: activation, algorithm: algorithm,
            instructionSet: instructionSet)
    }

    /// Takes the weights of the next step. They are copied: the regions may change afterwards.
    /// - Parameters:
    ///   - weights: [output channel, input channel of the group, tap], as ONNX has them.
    ///   - bias: [output channel]; zeros if nil.
    public func setWeights(_ weights: Region<Float>, bias: Region<Float>? = nil, workers: Workers? = nil) {
        precondition(weights.count >= shape.weightCount && bias?.count ?? shape.outputChannels >= shape.outputChannels)
        prepared = Convolution(
            shape: shape, weights: weights[0..<shape.weightCount].elements, bias: bias?[0..<shape.outputChannels].elements,
            activation: activation, algorithm: algorithm, instructionSet: instructionSet)
    }

    /// Floats of scratch that calls of up to `items` items need.
    /// - Parameter threads: the count of the workers that the call is given, 1 if none.
    public func scratchCount(items: Int, threads: Int = 1) -> Int { prepared.scratchCount(items: items, threads: threads) }

    /// output = activation(convolution(input) + bias), with the residual before or after the activation.
    /// - Parameters:
    ///   - input: [item, inputLength, inputChannels].
    ///   - output: [item, outputLength, outputChannels].
    ///   - scratch: at least `scratchCount` floats, used by this call alone.
    public func forward(
        items: Int, input: Region<Float>, output: Region<Float>, residual: Residual? = nil, scratch: Region<Float>, workers: Workers? = nil
    ) {
        prepared.forward(items: items, input: input, output: output, residual: residual, scratch: scratch, workers: workers)
    }

    /// The gradients, given that with respect to the convolution's result *before* the activation.
    /// - Parameters:
    ///   - input: what `forward` was given.
    ///   - outputGradient: [item, outputLength, outputChannels].
    ///   - inputGradient: [item, inputLength, inputChannels]; nil where nobody needs it, as for the first layer.
    ///   - accumulateInput: add to what `inputGradient` holds instead of replacing it.
    ///   - weightGradient: as the weights; replaced, or added to if `accumulate`.
    ///   - biasGradient: [output channel], likewise.
    public func gradients(
        items: Int, input: Region<Float>, outputGradient: Region<Float>, inputGradient: Region<Float>? = nil, accumulateInput: Bool = false,
        weightGradient: Region<Float>, biasGradient: Region<Float>? = nil, accumulate: Bool = false, scratch: Region<Float>,
        workers: Workers? = nil
    ) {
        if let inputGradient {
            prepared.inputGradient(
                items: items, outputGradient: outputGradient, inputGradient: inputGradient, accumulate: accumulateInput, scratch: scratch,
                workers: workers)
        }
        let sums = Reference.convolutionWeightGradient(
            shape, items: items, input: input.elements, outputGradient: outputGradient.elements)
        for (index, value) in sums.weights.enumerated() { weightGradient[index] = value + (accumulate ? weightGradient[index] : 0) }
        guard let biasGradient else { return }
        for (index, value) in sums.bias.enumerated() { biasGradient[index] = value + (accumulate ? biasGradient[index] : 0) }
    }
}
