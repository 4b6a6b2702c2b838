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
    /// What runs each of the three passes: functions of the shape alone.
    public let forwardAlgorithm, inputGradientAlgorithm, weightGradientAlgorithm: Convolution.Algorithm
    private let forwardTiling, reverseTiling: FrequencyTiling?
    private var forward: Forward
    /// Made when it is first needed: a first layer's never is. Spectra are kept from step to step, and taken anew where they are not current.
    private var reverse: Reverse?
    private let weightGradient: WeightGradient
    private var weights: [Float]

    private enum Forward {
        case direct(DirectConvolution)
        case frequency(FrequencyConvolution)
    }

    private enum Reverse {
        case direct(DirectGradient)
        case frequency(FrequencyConvolution, isCurrent: Bool)
    }

    private enum WeightGradient {
        case direct(DirectWeightGradient)
        case depthwise(DepthwiseWeightGradient)
        case frequency(FrequencyWeightGradient)
    }

    /// - Parameters:
    ///   - activation: of the forward pass, applied in the store.
    ///   - algorithm: nil lets a measured rule choose by the shape; the frequency domain takes what `Convolution` says.
    /// - Precondition: `shape.isValid`.
    public init(
        shape: ConvolutionShape, activation: Activation = .identity, algorithm: Convolution.Algorithm? = nil,
        instructionSet: InstructionSet = .current
    ) {
        precondition(shape.isValid)
        self.shape = shape
        self.activation = activation
        self.instructionSet = instructionSet
        weights = [Float](repeating: 0, count: shape.weightCount)
        forwardTiling = FrequencyCost.tiling(shape, .forward, algorithm: algorithm, instructionSet)
        reverseTiling = FrequencyCost.tiling(shape, .inputGradient, algorithm: algorithm, instructionSet)
        let sumTiling = FrequencyCost.weightGradientTiling(shape, algorithm: algorithm, instructionSet)
        forwardAlgorithm = forwardTiling == nil ? .direct : .frequency
        inputGradientAlgorithm = reverseTiling == nil ? .direct : .frequency
        weightGradientAlgorithm = sumTiling == nil ? .direct : .frequency
        forward =
            if let forwardTiling {
                .frequency(
                    FrequencyConvolution(
                        shape, .forward, tiling: forwardTiling, weights: weights, activation: activation, instructionSet: instructionSet))
            } else {
                .direct(
                    DirectConvolution(
                        shape: shape, weights: weights, bias: nil, activation: activation, instructionSet: instructionSet))
            }
        weightGradient =
            if let sumTiling {
                .frequency(FrequencyWeightGradient(shape, tiling: sumTiling, instructionSet: instructionSet))
            } else if DepthwiseWeightGradient.suits(shape) {
                .depthwise(DepthwiseWeightGradient(shape, instructionSet))
            } else {
                .direct(DirectWeightGradient(shape, instructionSet))
            }
    }

    /// Takes the weights of the next step. They are copied: the regions may change afterwards.
    /// - Parameters:
    ///   - weights: [output channel, input channel of the group, tap], as ONNX has them.
    ///   - bias: [output channel]; zeros if nil.
    public func setWeights(_ weights: Region<Float>, bias: Region<Float>? = nil, workers: Workers? = nil) {
        precondition(weights.count >= shape.weightCount && bias?.count ?? shape.outputChannels >= shape.outputChannels)
        self.weights = weights[0..<shape.weightCount].elements
        switch forward {
        case .direct:
            forward = .direct(
                DirectConvolution(
                    shape: shape, weights: self.weights, bias: bias?[0..<shape.outputChannels].elements, activation: activation,
                    instructionSet: instructionSet))
        case .frequency(let layer):
            layer.setWeights(UnsafePointer(weights.pointer), bias: bias.map { UnsafePointer($0.pointer) }, workers: workers)
        }
        switch reverse {
        case .frequency(let layer, _): reverse = .frequency(layer, isCurrent: false)
        default: reverse = nil
        }
    }

    /// Floats of scratch that calls of up to `items` items need.
    /// - Parameter threads: the count of the workers that the call is given, 1 if none.
    public func scratchCount(items: Int, threads: Int = 1) -> Int {
        func count(_ direction: FrequencyProblem.Direction, _ tiling: FrequencyTiling) -> Int {
            FrequencyConvolution.scratchCount(
                shape, direction, tiling: tiling, instructionSet: instructionSet, items: items, threads: threads)
        }
        let ahead =
            switch forward {
            case .direct(let layer): layer.scratchCount * threads
            case .frequency(let layer): count(.forward, layer.tiling)
            }
        let back = reverseTiling.map { count(.inputGradient, $0) } ?? DirectGradient.scratchCount(shape) * threads
        let sums =
            switch weightGradient {
            case .direct(let layer): layer.scratchCount(items: items, threads: threads)
            case .depthwise(let layer): layer.scratchCount(items: items, threads: threads)
            case .frequency(let layer): layer.scratchCount(items: items, threads: threads)
            }
        return max(ahead, back, sums)
    }

    /// output = activation(convolution(input) + bias), with the residual before or after the activation.
    /// - Parameters:
    ///   - input: [item, inputLength, inputChannels].
    ///   - output: [item, outputLength, outputChannels].
    ///   - scratch: at least `scratchCount` floats, used by this call alone.
    public func forward(
        items: Int, input: Region<Float>, output: Region<Float>, residual: Residual? = nil, scratch: Region<Float>, workers: Workers? = nil
    ) {
        switch forward {
        case .direct(let layer):
            layer.run(
                items: items, input: input, inputRowStride: shape.inputChannels, output: output, outputRowStride: shape.outputChannels,
                residual: residual, scratch: scratch, workers: workers)
        case .frequency(let layer):
            layer.run(
                items: items, input: input, inputRowStride: shape.inputChannels, output: output, outputRowStride: shape.outputChannels,
                residual: residual, scratch: scratch, workers: workers)
        }
    }

    /// The gradients, given that with respect to the convolution's result *before* the activation.
    /// - Parameters:
    ///   - input: what `forward` was given.
    ///   - outputGradient: [item, outputLength, outputChannels].
    ///   - inputGradient: [item, inputLength, inputChannels], a region of its own; nil where nobody needs it, as for the first layer.
    ///   - accumulateInput: add to what `inputGradient` holds instead of replacing it.
    ///   - weightGradient: as the weights; replaced, or added to if `accumulate`.
    ///   - biasGradient: [output channel], likewise.
    public func gradients(
        items: Int, input: Region<Float>, outputGradient: Region<Float>, inputGradient: Region<Float>? = nil, accumulateInput: Bool = false,
        weightGradient: Region<Float>, biasGradient: Region<Float>? = nil, accumulate: Bool = false, scratch: Region<Float>,
        workers: Workers? = nil
    ) {
        precondition(items >= 0 && weightGradient.count >= shape.weightCount)
        precondition(biasGradient?.count ?? shape.outputChannels >= shape.outputChannels)
        check(items, rows: shape.inputLength, rowStride: shape.inputChannels, channels: shape.inputChannels, input)
        check(items, rows: shape.outputLength, rowStride: shape.outputChannels, channels: shape.outputChannels, outputGradient)
        if items == 0 {
            if !accumulate {
                weightGradient[0..<shape.weightCount].fill(0)
                biasGradient?[0..<shape.outputChannels].fill(0)
            }
            return
        }
        switch self.weightGradient {
        case .direct(let layer):
            layer.run(
                items: items, input: input, outputGradient: outputGradient, weightGradient: weightGradient, biasGradient: biasGradient,
                accumulate: accumulate, scratch: scratch, workers: workers)
        case .depthwise(let layer):
            layer.run(
                items: items, input: input, outputGradient: outputGradient, weightGradient: weightGradient, biasGradient: biasGradient,
                accumulate: accumulate, scratch: scratch, workers: workers)
        case .frequency(let layer):
            layer.run(
                items: items, input: input, outputGradient: outputGradient, weightGradient: weightGradient, biasGradient: biasGradient,
                accumulate: accumulate, scratch: scratch, workers: workers)
        }
        guard let inputGradient else { return }
        switch currentReverse(workers) {
        case .direct(let layer):
            layer.run(
                items: items, outputGradient: outputGradient, outputRowStride: shape.outputChannels, inputGradient: inputGradient,
                inputRowStride: shape.inputChannels, accumulate: accumulateInput, scratch: scratch, workers: workers)
        case .frequency(let layer, _):
            layer.run(
                items: items, input: outputGradient, inputRowStride: shape.outputChannels, output: inputGradient,
                outputRowStride: shape.inputChannels, accumulate: accumulateInput, scratch: scratch, workers: workers)
        }
    }

    private func currentReverse(_ workers: Workers?) -> Reverse {
        switch reverse {
        case .direct(let layer): return .direct(layer)
        case .frequency(let layer, isCurrent: true): return .frequency(layer, isCurrent: true)
        case .frequency(let layer, isCurrent: false):
            weights.withUnsafeBufferPointer { if let first = $0.baseAddress { layer.setWeights(first, bias: nil, workers: workers) } }
            let current = Reverse.frequency(layer, isCurrent: true)
            reverse = current
            return current
        case nil:
            let made: Reverse =
                if let reverseTiling {
                    .frequency(
                        FrequencyConvolution(
                            shape, .inputGradient, tiling: reverseTiling, weights: weights, instructionSet: instructionSet),
                        isCurrent: true)
                } else {
                    .direct(DirectGradient(shape: shape, weights: weights, instructionSet: instructionSet))
                }
            reverse = made
            return made
        }
    }
}

extension FrequencyCost {
    /// The tiling by which the gradient of a layer's weights is summed, or nil where that is faster or only done directly. The transforms and products
    /// are as many as those of the input gradient; measured on layers of 8 to 128 channels and 1 to 17 taps, the model's choice is right within a tenth.
    static func weightGradientTiling(
        _ shape: ConvolutionShape, algorithm: Convolution.Algorithm?, _ set: InstructionSet
    ) -> FrequencyTiling? {
        guard algorithm != .direct, shape.groups == 1 else { return nil }
        let model = FrequencyCost(set)
        let problem = FrequencyProblem(shape, .inputGradient)
        guard let best = model.best(problem) else { return nil }
        if algorithm == .frequency { return best.tiling }
        // A sum for every frequency and pair of channels may take more memory than a network's activations.
        let sums = Double(best.tiling.radices.points) * Double(problem.inputChannels) * Double(problem.outputChannels)
        return best.cost * 1.1 < model.direct(shape, .forward) && sums < 3e7 ? best.tiling : nil
    }
}
