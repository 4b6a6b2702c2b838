// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// A network that can be trained: layers in order of execution, each with one output, and the list of its parameters.
///
/// A value is one item's activation: a sequence [time, channel], or a vector. Items are added by the run. Parameters have the shapes and the
/// order of elements that ONNX has, with one exception: the columns of a dense layer behind `flatten` stand in the order [time, channel], in
/// which activations lie in memory, where ONNX flattens [channel, time].
public struct LayerGraph: Sendable {
    /// What one item of a value is.
    public struct Extent: Sendable, Hashable {
        public var length: Int
        public var channels: Int
        /// No time axis: a vector of `channels` values.
        public var isVector = false

        public var count: Int { length * channels }

        public static func vector(_ count: Int) -> Extent { Extent(length: 1, channels: count, isVector: true) }

        var text: String { isVector ? "[\(channels)]" : "[\(channels),\(length)]" }
    }

    public typealias Value = Int

    /// A tensor that training changes.
    public struct Parameter: Sendable {
        public let name: String
        /// As in ONNX.
        public let shape: [Int]
        public let initialiser: Initialiser
        /// Where its elements start in the vector of all parameters.
        public let offset: Int
        /// Of a dense layer behind `flatten`: the extent that was flattened.
        public var flattened: Extent?

        public var count: Int { shape.reduce(1, *) }
        public var range: Range<Int> { offset..<offset + count }
        /// The same parameter with another start.
        func starting(at initialiser: Initialiser) -> Parameter {
            var copy = Parameter(name: name, shape: shape, initialiser: initialiser, offset: offset)
            copy.flattened = flattened
            return copy
        }

        /// Whether weight decay applies: to matrices and taps, not to biases and scales.
        public var decays: Bool { shape.count > 1 && !name.hasSuffix("bias") }
    }

    /// Running statistics of a batch normalisation, which a run updates and no gradient flows to.
    public struct State: Sendable {
        public let name: String
        public let count: Int
        public let offset: Int
        /// What it starts from.
        public let start: Float
        public var range: Range<Int> { offset..<offset + count }
    }

    public struct Window: Sendable, Hashable {
        public var kernel: Int
        public var stride = 1
        public var dilation = 1
        public var padLeft = 0
        public var padRight = 0
        public var ceilMode = false
    }

    public enum Operation: Sendable {
        /// Weights [output, input / groups, tap], and a bias.
        case convolution(Window, groups: Int, weight: Int, bias: Int?)
        /// Weights [output, input] as a Gemm with transB = 1 has them.
        case dense(weight: Int, bias: Int?)
        /// Scale and shift are parameters, mean and variance states; `momentum` is the share of a batch.
        case batchNormalisation(epsilon: Float, momentum: Float, scale: Int, shift: Int, mean: Int, variance: Int)
        case activation(UnaryFunction)
        case dropout(rate: Float)
        case add
        /// Side by side along the channels.
        case concatenate
        /// Channels of zeros behind those that are there.
        case padChannels(Int)
        /// Zeros before and after in time; negative numbers cut off.
        case padTime(left: Int, right: Int)
        case maximumPool(Window)
        case averagePool(Window, countPadding: Bool)
        /// The mean over time.
        case globalAverage
        case flatten
        /// An LSTM over time with ONNX's weights; its last hidden state alone, or that of every step.
        case lstm(hidden: Int, lastOnly: Bool, input: Int, recurrent: Int, bias: Int)
    }

    public struct Layer: Sendable {
        public let name: String
        public let operation: Operation
        public let inputs: [Value]
        public let output: Value
    }

    /// What turns logits into the output that the file declares, where it ends in more than logits.
    public enum OutputFunction: String, Sendable { case none, softmax, sigmoid }

    public internal(set) var extents: [Extent]
    public internal(set) var layers: [Layer] = []
    public internal(set) var parameters: [Parameter] = []
    public internal(set) var states: [State] = []
    public internal(set) var output: Value = 0
    /// Running statistics that a file had, by state.
    var givenStates: [Int: [Float]] = [:]
    public var outputFunction = OutputFunction.none
    /// Names of input and output in the file.
    public var inputName = "ecg"
    public var outputName = "logits"

    /// A graph with nothing but its input, value 0.
    public init(leads: Int, samples: Int) throws {
        guard leads > 0, samples > 0, leads <= 1 << 20, samples <= 1 << 30, leads * samples <= 1 << 31 else {
            throw LearnError(.misfit, "items of \(leads) leads and \(samples) samples can't be trained on")
        }
        extents = [Extent(length: samples, channels: leads)]
    }

    public var input: Extent { extents[0] }
    /// Values of the output: classes, labels or targets.
    public var outputCount: Int { extents[output].count }
    public var parameterCount: Int { parameters.last.map { $0.offset + $0.count } ?? 0 }
    public var stateCount: Int { states.last.map { $0.offset + $0.count } ?? 0 }

    /// The parameters at the start of training: a function of seed and parameter names alone.
    public func initialParameters(seed: UInt64) -> [Float] {
        parameters.flatMap { $0.initialiser.values(shape: $0.shape, name: $0.name, seed: seed) }
    }

    /// Lets the last layer's bias start at these values, one an output, in the targets' unit: at the mean of what is to be learnt, a regression need not
    /// first spend epochs on getting there. Nothing changes where the output does not come from a dense layer with a bias.
    public mutating func startOutput(at values: [Float]) {
        guard values.count == outputCount, let last = layers.last(where: { $0.output == output }),
            case .dense(_, let bias?) = last.operation
        else { return }
        parameters[bias] = parameters[bias].starting(at: .given(values))
    }

    public var initialStates: [Float] {
        states.indices.flatMap { givenStates[$0] ?? [Float](repeating: states[$0].start, count: states[$0].count) }
    }

    /// Layers that read a value.
    func consumers(of value: Value) -> [Int] { layers.indices.filter { layers[$0].inputs.contains(value) } }
}
