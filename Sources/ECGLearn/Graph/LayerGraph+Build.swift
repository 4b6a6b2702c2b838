// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

extension LayerGraph {
    /// How a convolution is padded.
    public enum Padding: Sendable {
        /// Zeros before and after.
        case explicit(Int, Int)
        /// As many outputs as inputs at stride 1, ⌈length / stride⌉ in general; the odd zero goes right, as in Keras, TensorFlow and PyTorch.
        case same
        case valid
    }

    /// Adds a layer and returns its output.
    /// - Throws: `LearnError` if the inputs' extents don't suit it.
    mutating func add(_ name: String, _ operation: Operation, _ inputs: [Value]) throws -> Value {
        let extent = try outputExtent(name, operation, inputs.map { extents[$0] })
        guard extent.length > 0, extent.channels > 0, extent.length <= (1 << 31) / extent.channels else {
            throw LearnError(.misfit, "layer '\(name)' would give \(extent.text)")
        }
        extents.append(extent)
        layers.append(Layer(name: name, operation: operation, inputs: inputs, output: extents.count - 1))
        output = extents.count - 1
        return output
    }

    mutating func parameter(_ name: String, _ shape: [Int], _ initialiser: Initialiser) throws -> Int {
        var count = 1
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard !overflow, product > 0, product <= 1 << 30 else { throw LearnError(.misfit, "parameter '\(name)' would be too large") }
            count = product
        }
        guard parameterCount + count <= 1 << 30 else { throw LearnError(.misfit, "the network has too many parameters") }
        parameters.append(Parameter(name: name, shape: shape, initialiser: initialiser, offset: parameterCount))
        return parameters.count - 1
    }

    private mutating func state(_ name: String, _ count: Int, start: Float) -> Int {
        states.append(State(name: name, count: count, offset: stateCount, start: start))
        return states.count - 1
    }

    // MARK: Layers with parameters

    public mutating func convolution(
        _ x: Value, _ name: String, outputs: Int, kernel: Int, stride: Int = 1, dilation: Int = 1, groups: Int = 1,
        padding: Padding = .same,
        bias: Bool = true, weights: Initialiser, biases: Initialiser = .zeros
    ) throws -> Value {
        let input = extents[x]
        var window = Window(kernel: kernel, stride: stride, dilation: dilation)
        switch padding {
        case .explicit(let left, let right): (window.padLeft, window.padRight) = (left, right)
        case .valid: break
        case .same:
            let span = (kernel - 1) * dilation + 1
            let total = max((((input.length + stride - 1) / stride) - 1) * stride + span - input.length, 0)
            (window.padLeft, window.padRight) = (total / 2, total - total / 2)
        }
        guard groups > 0, input.channels % groups == 0, outputs % groups == 0 else {
            throw LearnError(.misfit, "layer '\(name)': \(input.channels) and \(outputs) channels don't fit \(groups) groups")
        }
        let weight = try parameter(name + ".weight", [outputs, input.channels / groups, kernel], weights)
        let shift = bias ? try parameter(name + ".bias", [outputs], biases) : nil
        return try add(name, .convolution(window, groups: groups, weight: weight, bias: shift), [x])
    }

    public mutating func dense(
        _ x: Value, _ name: String, outputs: Int, bias: Bool = true, weights: Initialiser, biases: Initialiser = .zeros
    )
        throws -> Value
    {
        let weight = try parameter(name + ".weight", [outputs, extents[x].count], weights)
        // Behind a flatten of a real [channel, time] the order of the columns matters.
        if let layer = layers.last(where: { $0.output == x }), case .flatten = layer.operation {
            let from = extents[layer.inputs[0]]
            if from.length > 1, from.channels > 1 { parameters[weight].flattened = from }
        }
        let shift = bias ? try parameter(name + ".bias", [outputs], biases) : nil
        return try add(name, .dense(weight: weight, bias: shift), [x])
    }

    /// - Parameter momentum: the share that a batch has in the running statistics: 0.1 in PyTorch, 0.01 in Keras.
    public mutating func batchNormalisation(_ x: Value, _ name: String, epsilon: Float = 1e-5, momentum: Float = 0.1) throws -> Value {
        let channels = extents[x].channels
        let scale = try parameter(name + ".weight", [channels], .ones)
        let shift = try parameter(name + ".bias", [channels], .zeros)
        let mean = state(name + ".running_mean", channels, start: 0)
        let variance = state(name + ".running_var", channels, start: 1)
        return try add(
            name, .batchNormalisation(epsilon: epsilon, momentum: momentum, scale: scale, shift: shift, mean: mean, variance: variance), [x]
        )
    }

    public mutating func lstm(_ x: Value, _ name: String, hidden: Int, lastOnly: Bool, weights: [Initialiser]) throws -> Value {
        let input = try parameter(name + ".weight_ih", [1, 4 * hidden, extents[x].channels], weights[0])
        let recurrent = try parameter(name + ".weight_hh", [1, 4 * hidden, hidden], weights[1])
        let bias = try parameter(name + ".bias", [1, 8 * hidden], weights[2])
        return try add(name, .lstm(hidden: hidden, lastOnly: lastOnly, input: input, recurrent: recurrent, bias: bias), [x])
    }

    // MARK: Layers without

    public mutating func relu(_ x: Value, _ name: String) throws -> Value { try add(name, .activation(.relu), [x]) }
    public mutating func leakyRelu(_ x: Value, _ name: String, slope: Float) throws -> Value {
        try add(name, .activation(.leakyRelu(slope: slope)), [x])
    }
    public mutating func dropout(_ x: Value, _ name: String, rate: Float) throws -> Value {
        rate > 0 ? try add(name, .dropout(rate: rate), [x]) : x
    }
    public mutating func sum(_ x: Value, _ y: Value, _ name: String) throws -> Value { try add(name, .add, [x, y]) }
    public mutating func flatten(_ x: Value, _ name: String) throws -> Value { try add(name, .flatten, [x]) }

    // MARK: Extents

    private func outputExtent(_ name: String, _ operation: Operation, _ inputs: [Extent]) throws -> Extent {
        let x = inputs[0]
        func sequence() throws {
            if x.isVector { throw LearnError(.misfit, "layer '\(name)' wants a sequence, not a vector") }
        }
        func pooled(_ window: Window) throws -> Extent {
            try sequence()
            let shape = PoolShape(window, x)
            guard shape.isValid, window.padLeft < window.kernel, window.padRight < window.kernel else {
                throw LearnError(.misfit, "layer '\(name)': a window of \(window.kernel) does not fit \(x.length) samples")
            }
            return Extent(length: shape.outputLength, channels: x.channels)
        }
        switch operation {
        case .convolution(let window, let groups, let weight, _):
            try sequence()
            let shape = ConvolutionShape(window, groups: groups, outputs: parameters[weight].shape[0], input: x)
            guard shape.isValid else {
                throw LearnError(.misfit, "layer '\(name)': \(window.kernel) taps do not fit \(x.length) samples")
            }
            return Extent(length: shape.outputLength, channels: shape.outputChannels)
        case .dense(let weight, _): return .vector(parameters[weight].shape[0])
        case .batchNormalisation, .activation, .dropout: return x
        case .add:
            guard inputs.allSatisfy({ $0 == x }) else {
                throw LearnError(.misfit, "layer '\(name)' adds \(inputs.map(\.text).joined(separator: " and "))")
            }
            return x
        case .concatenate:
            guard inputs.allSatisfy({ $0.length == x.length && $0.isVector == x.isVector }) else {
                throw LearnError(.misfit, "layer '\(name)' joins \(inputs.map(\.text).joined(separator: " and "))")
            }
            return Extent(length: x.length, channels: inputs.reduce(0) { $0 + $1.channels }, isVector: x.isVector)
        case .padChannels(let count): return Extent(length: x.length, channels: x.channels + count, isVector: x.isVector)
        case .padTime(let left, let right):
            try sequence()
            guard left > -x.length, right > -x.length, x.length + left + right > 0 else {
                throw LearnError(.misfit, "layer '\(name)' cuts off all of \(x.length) samples")
            }
            return Extent(length: x.length + left + right, channels: x.channels)
        case .maximumPool(let window), .averagePool(let window, _): return try pooled(window)
        case .globalAverage:
            try sequence()
            return .vector(x.channels)
        case .flatten: return .vector(x.count)
        case .lstm(let hidden, let lastOnly, _, _, _):
            try sequence()
            return lastOnly ? .vector(hidden) : Extent(length: x.length, channels: hidden)
        }
    }
}

extension PoolShape {
    init(_ window: LayerGraph.Window, _ input: LayerGraph.Extent) {
        self.init(
            channels: input.channels, kernel: window.kernel, stride: window.stride, dilation: window.dilation, padLeft: window.padLeft,
            padRight: window.padRight, ceilMode: window.ceilMode, inputLength: input.length)
    }
}

extension ConvolutionShape {
    init(_ window: LayerGraph.Window, groups: Int, outputs: Int, input: LayerGraph.Extent) {
        self.init(
            inputChannels: input.channels, outputChannels: outputs, groups: groups, kernel: window.kernel, stride: window.stride,
            dilation: window.dilation, padLeft: window.padLeft, padRight: window.padRight, inputLength: input.length)
    }
}
