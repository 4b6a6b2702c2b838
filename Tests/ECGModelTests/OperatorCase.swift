// SPDX-License-Identifier: GPL-3.0-or-later
import ECGModel
import TestSupport
import Testing

/// A small model of one operator with what goes in and what comes out (Tests/Oracles/operators.py).
struct OperatorCase {
    enum Kind: String {
        /// Differentiable in every floating-point input.
        case gradient
        /// Not differentiable: gradients stop.
        case values
        /// Among the inputs are NaN, infinities and denormals.
        case special
    }

    let name: String
    let kind: Kind
    let graph: Graph
    let inputs: [ECGModel.Tensor]
    let outputs: [ECGModel.Tensor]

    /// The operator that the case is about.
    var operatorName: String { String(name.prefix { $0 != "/" }) }

    static let all: [OperatorCase] = {
        do {
            return try ArchivedCase.read("operators.bin").map { one in
                OperatorCase(
                    name: one.title[0], kind: try #require(Kind(rawValue: one.title[1])), graph: try Graph.read(one.model),
                    inputs: one.inputs,
                    outputs: one.outputs)
            }
        } catch {
            Issue.record("\(error)")
            return []
        }
    }()

    /// What is fed to the graph.
    var fed: [(value: ValueIndex, tensor: ECGModel.Tensor)] { zip(graph.inputs, inputs).map { ($0.value, $1) } }
}
