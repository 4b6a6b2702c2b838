// SPDX-License-Identifier: GPL-3.0-or-later

/// The networks that can be trained by name.
public enum Network: String, Sendable, CaseIterable {
    /// Paper 001's two (spec 1.B).
    case jonesCNN = "jones-cnn"
    case jonesLSTM = "jones-lstm"
    /// Ribeiro et al. 2020, the base of paper 001's CNN.
    case ribeiro
    /// Paper 002's (spec 2.B).
    case storas
    /// Paper 003's as reconstructed (spec 3.B).
    case arends
    /// Paper 000's likely one (spec 4).
    case xplaim
    /// A small one after Ribeiro's for beats: the architecture of the model in examples/.
    case residual

    /// What can be chosen about a network.
    public struct Options: Sendable {
        public var leads: Int
        public var samples: Int
        /// Classes, labels or targets.
        public var outputs: Int
        /// Factor of every number of channels or units.
        public var width: Double
        /// Residual blocks, units or modules; for jones-lstm the LSTM layers. The paper's where nil.
        public var depth: Int?
        /// Dropout rate; the paper's where nil.
        public var dropout: Float?
        /// Steps that the units of jones-lstm remember for at most when training starts; nil: all gates start as in Keras.
        public var remember: Int?

        public init(
            leads: Int, samples: Int, outputs: Int, width: Double = 1, depth: Int? = nil, dropout: Float? = nil, remember: Int? = nil
        ) {
            self.leads = leads
            self.samples = samples
            self.outputs = outputs
            self.width = width
            self.depth = depth
            self.dropout = dropout
            self.remember = remember
        }

        func channels(_ count: Int) -> Int { max(1, Int((Double(count) * width).rounded())) }
    }

    /// The untrained network.
    /// - Throws: `LearnError` where items are too short for it, or it would be too large.
    public func graph(_ options: Options) throws -> LayerGraph {
        guard options.outputs > 0, options.outputs <= 1 << 16 else { throw LearnError(.misfit, "\(options.outputs) outputs") }
        guard options.width > 0, options.width <= 64 else { throw LearnError(.misfit, "a width of \(options.width) times the paper's") }
        guard options.depth ?? 1 > 0, options.depth ?? 1 <= 256 else { throw LearnError(.misfit, "a depth of \(options.depth ?? 0)") }
        var graph = try LayerGraph(leads: options.leads, samples: options.samples)
        switch self {
        case .jonesCNN: try graph.addJonesCNN(options)
        case .jonesLSTM: try graph.addJonesLSTM(options)
        case .ribeiro: try graph.addRibeiro(options)
        case .storas: try graph.addStoras(options)
        case .arends: try graph.addArends(options)
        case .xplaim: try graph.addXplaim(options)
        case .residual: try graph.addResidual(options)
        }
        return graph
    }
}
