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
    public let shape: ConvolutionShape
    public let activation: Activation
    public let instructionSet: InstructionSet
    /// What runs it forward and in reverse: functions of the shape alone, which may differ.
    public let algorithm: Algorithm
    public let reverseAlgorithm: Algorithm

    private let weights: [Float]
    private let bias: [Float]?
    /// The direct form, or how the frequency domain is tiled: its spectra, many times larger than the weights, wait for the first run.
    private let direct: DirectConvolution?
    private let forwardTiling: FrequencyTiling?
    private let reverseTiling: FrequencyTiling?
    private let forward = Mutex<FrequencyConvolution?>(nil)
    private let reverse = Mutex<Reverse?>(nil)

    private enum Reverse: Sendable {
        case direct(DirectGradient)
        case frequency(FrequencyConvolution)
    }

    /// - Parameters:
    ///   - weights: [output channel, input channel of the group, tap], as ONNX has them.
    ///   - bias: [output channel].
    ///   - algorithm: nil lets a measured rule choose by the shape. The frequency domain takes one group and kernels that fit into
    ///     its longest transform, Toom and Cook's form two taps; other shapes stay direct.
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
        self.weights = weights
        self.bias = bias
        let algorithm = Algorithm.chosen(algorithm)
        let byTriples = TripleProduct.isChosen(shape, .forward, algorithm: algorithm, instructionSet)
        let reverseByTriples = TripleProduct.isChosen(shape, .inputGradient, algorithm: algorithm, instructionSet)
        forwardTiling = byTriples ? nil : FrequencyCost.tiling(shape, .forward, algorithm: algorithm, instructionSet)
        reverseTiling = reverseByTriples ? nil : FrequencyCost.tiling(shape, .inputGradient, .double, algorithm: algorithm, instructionSet)
        self.algorithm = byTriples ? .toomCook : forwardTiling == nil ? .direct : .frequency
        reverseAlgorithm = reverseByTriples ? .toomCook : reverseTiling == nil ? .direct : .frequency
        direct =
            forwardTiling == nil
            ? DirectConvolution(
                shape: shape, weights: weights, bias: bias, activation: activation, byTriples: byTriples, instructionSet: instructionSet)
            : nil
    }

    /// Brings the weights into the form that the runs want, which the first of them would do otherwise.
    public func prepare(forward: Bool = true, reverse: Bool = false) {
        if forward { _ = preparedForward() }
        if reverse { _ = preparedReverse() }
    }

    /// Items that a call should have, so that spectra which don't stay near the processor serve many.
    public var fewestItems: Int {
        forwardTiling.map { FrequencyConvolution.fewestItems(shape, .forward, tiling: $0, instructionSet: instructionSet) } ?? 1
    }

    /// Floats of scratch that `forward` and `inputGradient` need at most, for calls of up to `items` items.
    /// - Parameter threads: the count of the workers that the call is given, 1 if none.
    public func scratchCount(items: Int, threads: Int = 1) -> Int {
        let ahead =
            if let forwardTiling {
                FrequencyConvolution.scratchCount(
                    shape, .forward, tiling: forwardTiling, instructionSet: instructionSet, items: items, threads: threads)
            } else {
                (direct?.scratchCount ?? 0) * threads
            }
        let back =
            if let reverseTiling {
                FrequencyConvolution.scratchCount(
                    shape, .inputGradient, tiling: reverseTiling, instructionSet: instructionSet, items: items, threads: threads)
            } else {
                DirectGradient.scratchCount(shape, byTriples: reverseAlgorithm == .toomCook) * threads
            }
        return max(ahead, back)
    }

    /// output = activation(convolution(input) + bias), with the residual before or after the activation.
    /// - Parameters:
    ///   - input: [item, inputLength, inputChannels], rows `inputRowStride` floats apart (dense if nil), items `inputLength` rows apart.
    ///   - output: [item, outputLength, outputChannels], rows `outputRowStride` floats apart: a wider stride leaves room for the
    ///     other inputs of a channel concatenation.
    ///   - activation: in place of the convolution's own, which only a run without one takes: plans that differ in what they merge share the weights.
    ///   - known: shared by convolutions that read the same input.
    ///   - scratch: at least `scratchCount` floats, used by this call alone.
    public func forward(
        items: Int, input: Region<Float>, inputRowStride: Int? = nil, output: Region<Float>, outputRowStride: Int? = nil,
        residual: Residual? = nil, activation: Activation? = nil, known: KnownRows? = nil, scratch: Region<Float>, workers: Workers? = nil
    ) {
        let activation = activation ?? self.activation
        let inputRowStride = inputRowStride ?? shape.inputChannels
        let outputRowStride = outputRowStride ?? shape.outputChannels
        if let direct {
            direct.run(
                items: items, input: input, inputRowStride: inputRowStride, output: output, outputRowStride: outputRowStride,
                residual: residual, activation: activation, scratch: scratch, workers: workers)
        } else {
            preparedForward()?.run(
                items: items, input: input, inputRowStride: inputRowStride, output: output, outputRowStride: outputRowStride,
                residual: residual, activation: activation, known: known, scratch: scratch, workers: workers)
        }
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
        let inputRowStride = inputRowStride ?? shape.inputChannels
        let outputRowStride = outputRowStride ?? shape.outputChannels
        switch preparedReverse() {
        case .direct(let layer):
            layer.run(
                items: items, outputGradient: outputGradient, outputRowStride: outputRowStride, inputGradient: inputGradient,
                inputRowStride: inputRowStride, accumulate: accumulate, scratch: scratch, workers: workers)
        case .frequency(let layer):
            layer.run(
                items: items, input: outputGradient, inputRowStride: outputRowStride, output: inputGradient,
                outputRowStride: inputRowStride,
                accumulate: accumulate, scratch: scratch, workers: workers)
        }
    }

    private func preparedForward() -> FrequencyConvolution? {
        guard let forwardTiling else { return nil }
        return forward.withLock { prepared in
            if let prepared { return prepared }
            let made = FrequencyConvolution(
                shape, .forward, tiling: forwardTiling, weights: weights, bias: bias, activation: activation, instructionSet: instructionSet
            )
            prepared = made
            return made
        }
    }

    private func preparedReverse() -> Reverse {
        reverse.withLock { prepared in
            if let prepared { return prepared }
            let made: Reverse =
                if let reverseTiling {
                    .frequency(
                        FrequencyConvolution(
                            shape, .inputGradient, tiling: reverseTiling, weights: weights, precision: .double,
                            instructionSet: instructionSet))
                } else {
                    .direct(
                        DirectGradient(
                            shape: shape, weights: weights, byTriples: reverseAlgorithm == .toomCook, instructionSet: instructionSet))
                }
            prepared = made
            return made
        }
    }
}
