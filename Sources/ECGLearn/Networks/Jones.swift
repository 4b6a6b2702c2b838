// SPDX-License-Identifier: GPL-3.0-or-later

extension LayerGraph {
    /// Paper 001's CNN (spec 1.B.1): stacked leads [1, 860]. Convolutions of 16 taps, batch normalisation with Keras's ε, leaky ReLU of 0.3.
    mutating func addJonesCNN(_ options: Network.Options) throws {
        let narrow = options.channels(32)
        let depth = options.depth ?? 4
        let rate = options.dropout ?? 0.2
        func start(_ graph: LayerGraph, _ x: Value) -> Initialiser { .lecun(inputs: graph.extents[x].channels * 16) }

        func layer(_ graph: inout LayerGraph, _ x: Value, _ name: String, _ first: Int) throws -> Value {
            var x = try graph.convolution(
                x, "\(name).\(first).conv", outputs: narrow, kernel: 16, padding: .valid, weights: start(graph, x))
            x = try graph.batchNormalisation(x, "\(name).\(first + 1)", epsilon: 1e-3, momentum: 0.01)
            return try graph.leakyRelu(x, "\(name).\(first + 2)", slope: 0.3)
        }
        var x = try layer(&self, 0, "stem", 0)
        x = try layer(&self, x, "stem", 3)
        x = try dropout(x, "stem.6", rate: rate)
        for block in 0..<depth {
            let name = "blocks.\(block)"
            let wide = options.channels(2 * block < depth ? 64 : 128)
            var y = try convolution(x, name + ".a.conv", outputs: wide, kernel: 16, weights: start(self, x))
            y = try batchNormalisation(y, name + ".bn", epsilon: 1e-3, momentum: 0.01)
            y = try leakyRelu(y, name + ".ra", slope: 0.3)
            y = try convolution(y, name + ".b.conv", outputs: narrow, kernel: 16, weights: start(self, y))
            y = try leakyRelu(y, name + ".rb", slope: 0.3)
            y = try dropout(y, name + ".drop", rate: rate)
            x = try sum(x, y, name + ".add")
        }
        x = try layer(&self, x, "last", 0)
        x = try flatten(x, "flatten")
        _ = try dense(x, "dense", outputs: options.outputs, weights: .glorot(inputs: extents[x].count, outputs: options.outputs))
    }

    /// Paper 001's LSTM (spec 1.B.2): stacked leads [1, 860] as 860 steps of one value; the last state alone.
    mutating func addJonesLSTM(_ options: Network.Options) throws {
        let hidden = options.channels(64)
        let narrow = options.channels(32)
        let depth = options.depth ?? 1
        let bias: Initialiser = options.remember.map { .chrono(steps: $0) } ?? .forgetBias
        var x = 0
        for layer in 0..<depth {
            let name = depth == 1 ? "lstm" : "lstm.\(layer)"
            x = try lstm(
                x, name, hidden: hidden, lastOnly: layer == depth - 1,
                weights: [.glorot(inputs: extents[x].channels, outputs: 4 * hidden), .orthogonal, bias])
        }
        x = try dense(x, "a", outputs: narrow, weights: .glorot(inputs: hidden, outputs: narrow))
        x = try relu(x, "relu")
        if let rate = options.dropout { x = try dropout(x, "drop", rate: rate) }
        _ = try dense(x, "b", outputs: options.outputs, weights: .glorot(inputs: narrow, outputs: options.outputs))
    }
}
