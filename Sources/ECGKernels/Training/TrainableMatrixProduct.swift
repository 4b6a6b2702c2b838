// SPDX-License-Identifier: GPL-3.0-or-later

/// A dense layer whose weights change from step to step: forward, and the gradients with respect to input, weights and bias.
///
/// The weight gradient is summed over the rows in order, whatever the threads.
public final class TrainableMatrixProduct: @unchecked Sendable {
    /// Length of a row of the input.
    public let inner: Int
    /// Length of a row of the output.
    public let columns: Int
    /// Whether weights are [columns, inner], as PyTorch and a Gemm with transB = 1 have them, or [inner, columns].
    public let transposed: Bool
    public let activation: Activation
    public let instructionSet: InstructionSet
    private var prepared: MatrixProduct
    private var scratch = Region<Float>(count: 0)

    public init(
        inner: Int, columns: Int, transposed: Bool = false, activation: Activation = .identity, instructionSet: InstructionSet = .current
    ) {
        self.inner = inner
        self.columns = columns
        self.transposed = transposed
        self.activation = activation
        self.instructionSet = instructionSet
        prepared = MatrixProduct(
            inner: inner, columns: columns, weights: [Float](repeating: 0, count: inner * columns), transposed: transposed,
            activation: activation, instructionSet: instructionSet)
    }

    /// Takes the weights of the next step. They are copied: the regions may change afterwards.
    /// - Parameter bias: [columns]; zeros if nil.
    public func setWeights(_ weights: Region<Float>, bias: Region<Float>? = nil) {
        precondition(weights.count >= inner * columns && bias?.count ?? columns >= columns)
        prepared = MatrixProduct(
            inner: inner, columns: columns, weights: weights[0..<inner * columns].elements, transposed: transposed,
            bias: bias?[0..<columns].elements, activation: activation, instructionSet: instructionSet)
    }

    /// output[row] = activation(input[row] · weights + bias); rows dense.
    public func forward(rows: Int, input: Region<Float>, output: Region<Float>, workers: Workers? = nil) {
        prepared.forward(rows: rows, input: input, output: output, workers: workers)
    }

    /// The gradients, given that with respect to the rows before the activation.
    /// - Parameters:
    ///   - input: what `forward` was given, [rows, inner].
    ///   - outputGradient: [rows, columns].
    ///   - inputGradient: [rows, inner]; nil where nobody needs it.
    ///   - accumulateInput: add to what `inputGradient` holds instead of replacing it.
    ///   - weightGradient: as the weights; replaced, or added to if `accumulate`.
    ///   - biasGradient: [columns], likewise.
    public func gradients(
        rows: Int, input: Region<Float>, outputGradient: Region<Float>, inputGradient: Region<Float>? = nil, accumulateInput: Bool = false,
        weightGradient: Region<Float>, biasGradient: Region<Float>? = nil, accumulate: Bool = false, workers: Workers? = nil
    ) {
        precondition(rows >= 0 && weightGradient.count >= inner * columns && biasGradient?.count ?? columns >= columns)
        check(1, rows: rows, rowStride: inner, channels: inner, input)
        check(1, rows: rows, rowStride: columns, channels: columns, outputGradient)
        if let inputGradient {
            prepared.inputGradient(
                rows: rows, outputGradient: outputGradient, inputGradient: inputGradient, accumulate: accumulateInput, workers: workers)
        }
        if rows == 0 {
            if !accumulate {
                weightGradient[0..<inner * columns].fill(0)
                biasGradient?[0..<columns].fill(0)
            }
            return
        }
        // A convolution of one tap over one long item.
        let sums = DirectWeightGradient(
            ConvolutionShape(inputChannels: inner, outputChannels: columns, kernel: 1, inputLength: rows), instructionSet)
        let count = sums.scratchCount(items: 1, threads: workers?.count ?? 1)
        if scratch.count < count { scratch = Region(count: count) }
        sums.run(
            items: 1, input: input, outputGradient: outputGradient, weightGradient: weightGradient, biasGradient: biasGradient,
            accumulate: accumulate, rowMajor: !transposed, scratch: scratch, workers: workers)
    }
}
