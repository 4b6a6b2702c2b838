// SPDX-License-Identifier: GPL-3.0-or-later

/// The mask of an Attention as what is added to its scores: numbers as they are, truth values as 0 and −∞.
struct AttentionMaskOperator: Operator {
    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        if input.type.isFloat { return .view(input, as: input.shape) }
        guard input.type == .bool, let mask = try node.constant(0, of: inputs) else { throw node.unsupported("this mask") }
        let numbers = Tensor(input.shape, (mask.integers ?? []).map { $0 == 1 ? Float(0) : -Float.infinity })
        return .constants([numbers.converted(to: node.floatType ?? .float32)])
    }
}

let attentionOperators: [OperatorEntry] = [
    OperatorEntry("AttentionMask", domain: OperatorRegistry.ownDomain) { _ in AttentionMaskOperator() },
    OperatorEntry("AttentionSoftmax", domain: OperatorRegistry.ownDomain) { node in
        try SoftmaxOperator(node, logarithmic: false, emptyIsZero: true)
    },
]
