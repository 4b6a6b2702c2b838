// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// One or several layers of a graph that a kernel does together.
struct RunNode {
    /// The layer that decides which kernel it is.
    let layer: LayerGraph.Layer
    /// Its place among the graph's layers, which tells dropouts apart.
    let number: Int
    /// A ReLU behind it, taken along in the store.
    var activation = Activation.identity
    /// Another summand, behind a dropout.
    var residual: Int?
    var output: Int
    /// Buffers that the forward run leaves for the reverse run, and the layer object.
    var kept: [Int] = []
    var convolution: TrainableConvolution?
    var dense: TrainableMatrixProduct?
    var lstm: RecurrentLayer?

    var input: Int { layer.inputs[0] }

    /// Whether it is computed again in the reverse run rather than kept.
    var isCheap: Bool {
        switch layer.operation {
        case .batchNormalisation, .activation: true
        case .dropout: residual == nil
        default: false
        }
    }

    init(_ layer: LayerGraph.Layer, number: Int) {
        self.layer = layer
        self.number = number
        output = layer.output
    }

    /// The graph's layers, joined where one alone reads what the other gives.
    static func joined(_ graph: LayerGraph) -> [RunNode] {
        var nodes: [RunNode] = []
        // The node that computes a value, so long as it may still take something along.
        var open: [Int: Int] = [:]
        for (number, layer) in graph.layers.enumerated() {
            func alone(_ value: Int) -> Bool { graph.consumers(of: value).count == 1 && value != graph.output }
            if case .activation(let function) = layer.operation, let taken = Activation(function), let at = open[layer.inputs[0]],
                alone(layer.inputs[0])
            {
                nodes[at].activation = taken
                nodes[at].output = layer.output
                continue
            }
            if case .add = layer.operation, layer.inputs.count == 2, layer.inputs[0] != layer.inputs[1],
                let place = layer.inputs.indices.last(where: { input in
                    nodes.last.map { node in
                        if case .dropout = node.layer.operation {
                            node.output == layer.inputs[input] && node.residual == nil && alone(node.output)
                        } else {
                            false
                        }
                    } ?? false
                })
            {
                nodes[nodes.count - 1].residual = layer.inputs[1 - place]
                nodes[nodes.count - 1].output = layer.output
                continue
            }
            nodes.append(RunNode(layer, number: number))
            switch layer.operation {
            case .convolution, .dense, .batchNormalisation: open[layer.output] = nodes.count - 1
            default: break
            }
        }
        return nodes
    }
}

extension Activation {
    /// Those that kernels apply in their store.
    init?(_ function: UnaryFunction) {
        switch function {
        case .relu: self = .relu
        // Of a slope that is not positive the output's sign does not tell the input's.
        case .leakyRelu(let slope) where slope > 0: self = .leakyRelu(slope: slope)
        default: return nil
        }
    }

    /// The same as a function whose derivative is known.
    var function: UnaryFunction? {
        switch self {
        case .identity: nil
        case .relu: .relu
        case .leakyRelu(let slope): .leakyRelu(slope: slope)
        }
    }
}
