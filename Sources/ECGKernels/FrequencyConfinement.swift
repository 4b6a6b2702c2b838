// SPDX-License-Identifier: GPL-3.0-or-later

/// Keeps samples that are NaN, infinite or absurdly large from spreading over the tiles they lie in: their rows are zeros for the transform, and the
/// results within the kernel's reach of them are those of the direct algorithm, which are what any other library gives.
struct FrequencyConfinement {
    /// Of the problem's input: the layer's, or the gradient with respect to its result.
    let flags: RowFlags
    let inputRows: Int
    let outputRows: Int

    /// The items with wild rows.
    func wildItems(_ items: Int) -> [Int] { (0..<items).filter { flags.isWild($0, of: inputRows) } }

    /// A dense copy of the input without the wild rows.
    func tamed(_ items: Int, _ input: UnsafePointer<Float>, rowStride: Int, channels: Int) -> Region<Float> {
        let copy = Region<Float>(count: items * inputRows * channels)
        for row in 0..<items * inputRows where flags.rows[row] & RowFlags.wild == 0 {
            (copy.pointer + row * channels).update(from: input + row * rowStride, count: channels)
        }
        return copy
    }

    /// The output rows that wild rows of an item reach.
    func reached(_ item: Int, _ shape: ConvolutionShape, _ direction: FrequencyProblem.Direction) -> [Bool] {
        var reached = [Bool](repeating: false, count: outputRows)
        for row in 0..<inputRows where flags.rows[item * inputRows + row] & RowFlags.wild != 0 {
            for tap in 0..<shape.kernel {
                switch direction {
                case .forward:
                    let (output, rest) = (row + shape.padLeft - tap * shape.dilation).quotientAndRemainder(dividingBy: shape.stride)
                    if rest == 0, output >= 0, output < outputRows { reached[output] = true }
                case .inputGradient:
                    let output = row * shape.stride - shape.padLeft + tap * shape.dilation
                    if output >= 0, output < outputRows { reached[output] = true }
                }
            }
        }
        return reached
    }
}

extension FrequencyConvolution {
    /// `run` where some rows are wild.
    func runConfined(
        _ flags: RowFlags, _ items: Int, _ input: Region<Float>, _ inputRowStride: Int, _ output: Region<Float>,
        _ outputRowStride: Int, _ residual: Residual?, _ activation: Activation, _ accumulate: Bool, _ scratch: Region<Float>,
        _ workers: Workers?
    ) {
        let isForward = problem.direction == .forward
        let (inputRows, outputRows) = isForward ? (shape.inputLength, shape.outputLength) : (shape.outputLength, shape.inputLength)
        let (inputs, outputs) =
            isForward ? (shape.inputChannels, shape.outputChannels) : (shape.outputChannels, shape.inputChannels)
        let confinement = FrequencyConfinement(flags: flags, inputRows: inputRows, outputRows: outputRows)
        let direct = confinement.wildItems(items).map { item in
            let result = Region<Float>(count: outputRows * outputs)
            if accumulate {
                for row in 0..<outputRows {
                    (result.pointer + row * outputs).update(
                        from: output.pointer + (item * outputRows + row) * outputRowStride, count: outputs)
                }
            }
            let start = item * inputRows * inputRowStride
            let own = input[start..<start + (inputRows - 1) * inputRowStride + inputs]
            let added = residual.map { residual in
                let stride = residual.rowStride ?? outputs
                let start = item * outputRows * stride
                return Residual(residual.rows[start..<start + (outputRows - 1) * stride + outputs], rowStride: stride, residual.position)
            }
            runDirect(own, inputRowStride, result, residual: added, activation, accumulate: accumulate)
            return (item: item, result: result)
        }
        let tamed = confinement.tamed(items, UnsafePointer(input.pointer), rowStride: inputRowStride, channels: inputs)
        runTransformed(items, tamed, inputs, output, outputRowStride, residual, activation, accumulate, scratch, workers)
        for (item, result) in direct {
            for (row, isReached) in confinement.reached(item, shape, problem.direction).enumerated() where isReached {
                (output.pointer + (item * outputRows + row) * outputRowStride).update(from: result.pointer + row * outputs, count: outputs)
            }
        }
    }

    /// One item by the direct algorithm, whose weights are packed the first time it is needed.
    private func runDirect(
        _ input: Region<Float>, _ inputRowStride: Int, _ output: Region<Float>, residual: Residual?, _ activation: Activation,
        accumulate: Bool
    ) {
        let prepared = direct.withLock { known in
            let layer = known ?? makeDirect()
            known = layer
            return layer
        }
        switch prepared {
        case .forward(let layer):
            layer.run(
                items: 1, input: input, inputRowStride: inputRowStride, output: output, outputRowStride: shape.outputChannels,
                residual: residual, activation: activation, scratch: Region(count: layer.scratchCount), workers: nil)
        case .gradient(let layer):
            layer.run(
                items: 1, outputGradient: input, outputRowStride: inputRowStride, inputGradient: output,
                inputRowStride: shape.inputChannels, accumulate: accumulate, scratch: Region(count: DirectGradient.scratchCount(shape)),
                workers: nil)
        }
    }

    enum Direct: Sendable {
        case forward(DirectConvolution)
        case gradient(DirectGradient)
    }

    private func makeDirect() -> Direct {
        switch problem.direction {
        case .forward:
            .forward(
                DirectConvolution(shape: shape, weights: weights, bias: givenBias, activation: activation, instructionSet: instructionSet))
        case .inputGradient: .gradient(DirectGradient(shape: shape, weights: weights, instructionSet: instructionSet))
        }
    }
}
