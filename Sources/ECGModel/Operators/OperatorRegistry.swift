// SPDX-License-Identifier: GPL-3.0-or-later

/// An operator as the registry lists it.
package struct OperatorEntry: Sendable {
    package let domain: String
    package let opType: String
    /// The first and, where a later opset took it away, the last opset of this form.
    package let opsets: ClosedRange<Int>
    package let make: @Sendable (NodeReader) throws -> any Operator

    package init(
        _ opType: String, since: Int = 1, until: Int = .max, domain: String = "",
        _ make: @escaping @Sendable (NodeReader) throws -> any Operator
    ) {
        self.domain = domain
        self.opType = opType
        self.opsets = since...until
        self.make = make
    }
}

/// All operators that models may use, by domain, name and opset.
package enum OperatorRegistry {
    /// A table a family; each is defined beside its operators.
    private static let tables: [[OperatorEntry]] = [
        activationOperators, arithmeticOperators, convolutionOperators, poolingOperators, normalisationOperators, matrixOperators,
        recurrentOperators,
        movementOperators, shapeOperators, constantOperators, softmaxOperators, unaryMathOperators, smoothActivationOperators,
        comparisonOperators,
        extremaOperators, selectionOperators, reductionOperators, contractionOperators, repetitionOperators, groupNormalisationOperators,
        transposedConvolutionOperators, resizeOperators, lpPoolingOperators, gatherOperators, attentionOperators, controlOperators,
    ]

    private struct Key: Hashable {
        let domain: String
        let opType: String
    }

    /// Every form of every operator.
    package static var entries: [OperatorEntry] { Array(tables.joined()) }

    private static let forms = Dictionary(grouping: entries) { Key(domain: $0.domain, opType: $0.opType) }

    /// The operator for a node.
    /// - Throws: `ModelError` that names the node, and the operator or attribute that is not supported.
    package static func make(_ node: Node) throws -> any Operator {
        guard let forms = forms[Key(domain: node.domain, opType: node.opType)] else {
            throw ModelError(
                .unsupported,
                "operator \(node.domain.isEmpty ? "" : node.domain + ".")\(node.opType) of node '\(node.name)' is not supported")
        }
        guard let entry = forms.first(where: { $0.opsets.contains(node.opset) }) else {
            throw ModelError(.unsupported, "operator \(node.opType) of opset \(node.opset), node '\(node.name)', is not supported")
        }
        let reader = NodeReader(node)
        let made = try entry.make(reader)
        if let attribute = reader.unreadAttribute {
            throw ModelError(.unsupported, "attribute '\(attribute)' of \(node.place) is not supported")
        }
        return made
    }

    /// The domain of operators that stand for a part of one of ONNX's.
    static let ownDomain = "ecgpipe"

    /// The names of the operators in ONNX's own domain, sorted.
    package static var names: [String] {
        Set(entries.filter { $0.domain.isEmpty }.map(\.opType) + ["Attention"]).sorted()
    }
}
