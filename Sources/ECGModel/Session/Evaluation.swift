// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

extension Graph {
    /// One run of the graph on whole tensors of any type, and in reverse: what tests of operators need. Row-major in and out.
    package struct Evaluation {
        package let outputs: [Tensor]
        /// For each input that was asked for, the gradient.
        package let gradients: [Tensor]
    }

    /// The graph's outputs for inputs by value; others must be constants.
    package func evaluate(_ inputs: [(value: ValueIndex, tensor: Tensor)], inDouble: Bool = false) throws -> [Tensor] {
        try evaluate(inputs, wanted: [], seeds: [], inDouble: inDouble).outputs
    }

    /// The outputs, and the gradients of the sum of the outputs' products with `seeds` with respect to the inputs `wanted`.
    ///
    /// - Parameters:
    ///   - seeds: for each output what its elements count; nil for outputs that don't.
    ///   - references: for the rescale rule: the inputs of the reference.
    package func evaluate(
        _ inputs: [(value: ValueIndex, tensor: Tensor)], references: [(value: ValueIndex, tensor: Tensor)] = [], wanted: [ValueIndex],
        seeds: [Tensor?], rules: Rules = .gradient, inDouble: Bool = false
    ) throws -> Evaluation {
        let operators = try nodes.map { try OperatorRegistry.make($0) }
        let results = outputs.map(\.value)
        let seeded = zip(results, seeds).filter { $1 != nil }.map(\.0)
        let reverse = wanted.isEmpty ? nil : PlanRequest.Reverse(seeds: seeded, wanted: wanted, rules: rules)
        let shapes = Dictionary(uniqueKeysWithValues: inputs.map { ($0.value, $0.tensor.shape) })
        let request = PlanRequest(inputShapes: shapes, kept: results, inDouble: inDouble, reverse: reverse)
        let plan = try Plan(self, operators, request, weights: PreparedWeights(), workers: nil)
        let memory = PlanMemory(plan, workers: nil)
        func fill(_ value: ValueIndex, _ tensor: Tensor, _ place: Tensor?) {
            guard let place, let fact = plan.fact(value) else { return }
            Self.move(tensor.converted(to: fact.type), from: .rowMajor, to: fact.layout, into: place, shape: fact.shape)
        }
        for (value, tensor) in inputs { fill(value, tensor, memory.tensor(value)) }
        for (value, tensor) in references { fill(value, tensor, memory.reference(value)) }
        memory.forward()
        if !references.isEmpty { memory.forwardReference() }
        func read(_ value: ValueIndex, _ tensor: Tensor?) throws -> Tensor {
            guard let fact = plan.fact(value), let tensor else { throw ModelError(.damaged, "an output is not computed") }
            let plain = Tensor(type: fact.type, shape: fact.shape)
            Self.move(tensor, from: fact.constant == nil ? fact.layout : .rowMajor, to: .rowMajor, into: plain, shape: fact.shape)
            return plain
        }
        let found = try results.map { try read($0, memory.tensor($0)) }
        guard reverse != nil else { return Evaluation(outputs: found, gradients: []) }
        for (value, seed) in zip(results, seeds) { if let seed { fill(value, seed, memory.gradient(value)) } }
        memory.reverse()
        return Evaluation(outputs: found, gradients: try wanted.map { try read($0, memory.gradient($0)) })
    }

    private static func move(_ tensor: Tensor, from: Layout, to: Layout, into target: Tensor, shape: Shape) {
        StridedMove.layout(shape, from: from, to: to)
            .forward(ForwardRun(inputs: [tensor], outputs: [target], kept: [], scratch: nil, workers: nil))
    }
}
