// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels
import Synchronization

/// A 1-D convolution, or its input gradient, in the frequency domain, where a tap costs nothing: spectra of the weights, prepared
/// once and shared by all threads.
///
/// The error against exact arithmetic is that of direct summation or less, in proportion to the loudest sample of an item. A sample
/// that is NaN or infinite reaches as far as the kernel does, and no further.
package final class FrequencyConvolution: @unchecked Sendable {
    package let shape: ConvolutionShape
    package let problem: FrequencyProblem
    package let tiling: FrequencyTiling
    let activation: Activation
    let instructionSet: InstructionSet
    /// As they were given, for rows that go the direct way.
    private(set) var weights: [Float]
    private(set) var givenBias: [Float]?
    let direct = Mutex<Direct?>(nil)
    let transform: FrequencyTransform
    /// The tables of `transform`, which this object keeps alive.
    let table: frequency_transform
    let spectra: FrequencySpectra
    let rooms: FrequencyRooms
    let kernels: UnsafePointer<frequency_kernels>
    let lanes: Int
    /// Nanoseconds that an item takes one thread, about.
    let cost: Double
    /// The same for the pieces that threads divide.
    let costs: FrequencyCut.Costs
    private let biasStorage: Region<Float>
    private let zeroStorage: Region<Float>

    /// - Parameters:
    ///   - weights: [output channel, input channel, tap] of the convolution, in either direction.
    ///   - bias: [output channel] of the convolution; the gradient has none.
    ///   - precision: of a gradient that is a result, double.
    /// - Precondition: one group; the tiling is one of the problem's; no activation in double precision.
    package init(
        _ shape: ConvolutionShape, _ direction: FrequencyProblem.Direction, tiling: FrequencyTiling, weights: [Float], bias: [Float]? = nil,
        activation: Activation = .identity, precision: FrequencyTransform.Precision = .single, instructionSet: InstructionSet
    ) {
        precondition(precision == .single || activation == .identity)
        self.shape = shape
        self.tiling = tiling
        self.activation = activation
        self.instructionSet = instructionSet
        self.weights = weights
        givenBias = bias
        problem = FrequencyProblem(shape, direction)
        kernels = instructionSet.frequencyKernels
        lanes = Int(kernels.pointee.lanes)
        rooms = FrequencyRooms(problem, tiling, instructionSet)
        cost = FrequencyCost(instructionSet, precision).cost(problem, tiling)
        costs = FrequencyCost(instructionSet, precision).pieces(problem, tiling)
        transform = FrequencyTransform(tiling.radices, precision)
        table = transform.table
        let (problem, transform, kernels, together) = (problem, transform, kernels, rooms.panelsTogether)
        spectra = weights.withUnsafeBufferPointer { weights in
            guard let first = weights.baseAddress else { preconditionFailure("a convolution has weights") }
            return FrequencySpectra(problem, weights: first, transform: transform, panelsTogether: together, kernels: kernels)
        }
        biasStorage = Region(count: problem.outputChannels + lanes)
        if let bias { for (channel, value) in bias.enumerated() { biasStorage[channel] = value } }
        zeroStorage = Region(count: problem.inputChannels + lanes)
    }

    /// Takes other weights, in place: for training. Nothing else may use this object meanwhile.
    func setWeights(_ weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?, workers: Workers?) {
        spectra.set(weights, workers: workers)
        for channel in 0..<problem.outputChannels { biasStorage.pointer[channel] = bias?[channel] ?? 0 }
        let count = self.weights.count
        self.weights.withUnsafeMutableBufferPointer { own in
            if let first = own.baseAddress { first.update(from: weights, count: count) }
        }
        givenBias = bias.map { Array(UnsafeBufferPointer(start: $0, count: problem.outputChannels)) }
        direct.withLock { $0 = nil }
    }

    var bias: UnsafePointer<Float> { UnsafePointer(biasStorage.pointer) }

    /// A row of zeros: what lies before and after an item.
    var zeros: UnsafePointer<Float> { UnsafePointer(zeroStorage.pointer) }

    /// As many as fill a block of rows, where the spectra of the weights leave the second-level cache from one call to the next.
    static func fewestItems(
        _ shape: ConvolutionShape, _ direction: FrequencyProblem.Direction, tiling: FrequencyTiling, instructionSet: InstructionSet
    ) -> Int {
        let problem = FrequencyProblem(shape, direction)
        let rooms = FrequencyRooms(problem, tiling, instructionSet)
        // A number for each frequency, input and output, give or take the padding of the outputs.
        let spectra = 4 * tiling.radices.points * problem.inputChannels * problem.outputChannels
        return spectra < 1 << 20 ? 1 : (rooms.blockRows + tiling.pairs - 1) / tiling.pairs
    }

    /// Floats of scratch for calls of up to `items` items by `threads` threads.
    package static func scratchCount(
        _ shape: ConvolutionShape, _ direction: FrequencyProblem.Direction, tiling: FrequencyTiling, instructionSet: InstructionSet,
        items: Int, threads: Int
    ) -> Int {
        let rooms = FrequencyRooms(FrequencyProblem(shape, direction), tiling, instructionSet)
        return rooms.scratchCount(threads: threads) + FrequencyRows(shape).copyCount(items: items) + Storage.alignment / 4
    }

    /// Forward: `input` and `output` are the layer's. Input gradient: `input` is the gradient with respect to the layer's result,
    /// `output` that with respect to its input; it has no residual.
    /// - Parameters:
    ///   - activation: in place of its own.
    ///   - accumulate: add to what the gradient's output holds.
    ///   - scratch: at least `scratchCount` floats, used by this call alone.
    package func run(
        items: Int, input: Region<Float>, inputRowStride: Int, output: Region<Float>, outputRowStride: Int, residual: Residual? = nil,
        activation: Activation? = nil, accumulate: Bool = false, known: KnownRows? = nil, scratch: Region<Float>, workers: Workers?
    ) {
        let activation = activation ?? self.activation
        precondition(
            transform.precision == .single || activation == .identity && (residual?.position ?? .beforeActivation) == .beforeActivation)
        let isForward = problem.direction == .forward
        let (inputRows, outputRows) = isForward ? (shape.inputLength, shape.outputLength) : (shape.outputLength, shape.inputLength)
        let (inputs, outputs) =
            isForward ? (shape.inputChannels, shape.outputChannels) : (shape.outputChannels, shape.inputChannels)
        check(items, rows: inputRows, rowStride: inputRowStride, channels: inputs, input)
        check(items, rows: outputRows, rowStride: outputRowStride, channels: outputs, output)
        if let residual { check(items, rows: outputRows, rowStride: residual.rowStride ?? outputs, channels: outputs, residual.rows) }
        precondition(isForward ? !accumulate : residual == nil)

        func look() -> RowFlags {
            RowFlags(
                items: items, rows: inputRows, channels: inputs, UnsafePointer(input.pointer), rowStride: inputRowStride,
                kernels: instructionSet.kernels, workers: workers)
        }
        let flags = known?.flags(items: items, rows: inputRows, channels: inputs, look: look) ?? look()
        if flags.found & RowFlags.wild == 0 {
            runTransformed(items, input, inputRowStride, output, outputRowStride, residual, activation, accumulate, scratch, workers)
        } else {
            runConfined(flags, items, input, inputRowStride, output, outputRowStride, residual, activation, accumulate, scratch, workers)
        }
        if isForward {
            ConstantStretches(shape: shape, flags: flags, bias: bias, activation: activation)
                .restore(items: items, output: output.pointer, outputRowStride: outputRowStride, residual: residual)
        }
    }

    /// Everything in the frequency domain.
    func runTransformed(
        _ items: Int, _ input: Region<Float>, _ inputRowStride: Int, _ output: Region<Float>, _ outputRowStride: Int,
        _ residual: Residual?, _ activation: Activation, _ accumulate: Bool, _ scratch: Region<Float>, _ workers: Workers?
    ) {
        let isForward = problem.direction == .forward
        let (inputRows, outputRows) = isForward ? (shape.inputLength, shape.outputLength) : (shape.outputLength, shape.inputLength)
        let residualStride = residual.map { $0.rowStride ?? (isForward ? shape.outputChannels : shape.inputChannels) } ?? 0
        let rows = FrequencyRows(shape)
        let copyCount = rows.copyCount(items: items)
        let start = UnsafeMutableRawPointer(scratch.pointer).alignedUp(toMultipleOf: Storage.alignment).assumingMemoryBound(to: Float.self)
        precondition(scratch.count >= rooms.scratchCount(threads: workers?.count ?? 1) + copyCount + Storage.alignment / 4)
        let room = start + copyCount

        var run = FrequencyRun(
            convolution: self, items: items, input: UnsafePointer(input.pointer), inputItemStride: inputRows * inputRowStride,
            inputRowStride: inputRowStride, output: output.pointer, outputItemStride: outputRows * outputRowStride,
            outputRowStride: outputRowStride, residual: residual.map { UnsafePointer($0.rows.pointer) },
            residualItemStride: outputRows * residualStride, residualRowStride: residualStride,
            residualAfter: residual?.position == .afterActivation, activation: activation, scratch: room)
        if isForward {
            let view = rows.view(UnsafeMutablePointer(mutating: input.pointer), rowStride: inputRowStride, copy: start)
            if view.isCopy { rows.gather(items, from: input.pointer, rowStride: inputRowStride, into: start, workers: workers) }
            (run.input, run.inputItemStride, run.inputRowStride) = (UnsafePointer(view.start), view.itemStride, view.rowStride)
            run(workers: workers)
        } else {
            let view = rows.view(output.pointer, rowStride: outputRowStride, copy: start)
            (run.output, run.outputItemStride, run.outputRowStride) = (view.start, view.itemStride, view.rowStride)
            if accumulate && !view.isCopy {
                (run.residual, run.residualItemStride, run.residualRowStride) = (UnsafePointer(view.start), view.itemStride, view.rowStride)
            }
            run(workers: workers)
            if view.isCopy {
                rows.scatter(items, start, to: output.pointer, rowStride: outputRowStride, accumulate: accumulate, workers: workers)
            }
        }
    }
}

extension InstructionSet {
    var frequencyKernels: UnsafePointer<frequency_kernels> {
        if isSupported, let kernels = frequency_kernels_for(Int32(rawValue)) { return kernels }
        guard let kernels = frequency_kernels_for(Int32(Self.portable.rawValue)) else { preconditionFailure("no portable kernels") }
        return kernels
    }
}
