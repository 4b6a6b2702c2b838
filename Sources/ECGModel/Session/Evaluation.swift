// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

extension Graph {
    /// One run of the graph on whole tensors of any type: what tests of operators need. Row-major in and out.
    ///
    /// - Parameter inputs: the graph's inputs by value; others must be constants.
    package func evaluate(_ inputs: [(value: ValueIndex, tensor: Tensor)], inDouble: Bool = false) throws -> [Tensor] {
        let operators = try nodes.map { try OperatorRegistry.make($0) }
        let wanted = outputs.map(\.value)
        let shapes = Dictionary(uniqueKeysWithValues: inputs.map { ($0.value, $0.tensor.shape) })
        let request = PlanRequest(inputShapes: shapes, kept: wanted, inDouble: inDouble)
        let plan = try Plan(self, operators, request, weights: PreparedWeights(), workers: nil)
        let memory = PlanMemory(plan, workers: nil)
        for (value, tensor) in inputs {
            guard let place = memory.tensor(value), let fact = plan.fact(value) else { continue }
            Self.move(tensor.converted(to: fact.type), from: .rowMajor, to: fact.layout, into: place)
        }
        memory.forward()
        return try wanted.map { value in
            guard let fact = plan.fact(value), let found = memory.tensor(value) else {
                throw ModelError(.damaged, "an output is not computed")
            }
            let plain = Tensor(type: fact.type, shape: fact.shape)
            Self.move(found, from: fact.constant == nil ? fact.layout : .rowMajor, to: .rowMajor, into: plain)
            return plain
        }
    }

    private static func move(_ tensor: Tensor, from: Layout, to: Layout, into target: Tensor) {
        StridedMove.layout(target.shape, from: from, to: to)
            .forward(ForwardRun(inputs: [tensor], outputs: [target], kept: [], scratch: nil, workers: nil))
    }
}
