// SPDX-License-Identifier: GPL-3.0-or-later

/// Finds the steps of the reverse run: those between a seed and a wanted gradient, last first, each knowing whether it sets a gradient or adds to it.
enum ReverseBuilder {
    static func build(
        _ request: PlanRequest, steps: [Step], values: [PlanValue], external: [ValueIndex: Int], graph: Graph
    ) throws -> [[ReverseStep]] {
        guard let reverse = request.reverse else { return [] }
        return try reverse.passes.indices.map {
            try pass(
                $0, seeds: reverse.seeds, wanted: reverse.passes[$0].wanted, steps: steps, values: values, external: external, graph: graph)
        }
    }

    private static func pass(
        _ pass: Int, seeds: [ValueIndex], wanted: [ValueIndex], steps: [Step], values: [PlanValue], external: [ValueIndex: Int],
        graph: Graph
    ) throws -> [ReverseStep] {
        func root(_ value: Int) -> Int { values[value].root }
        // Forward: what depends on a value whose gradient is wanted.
        var dependent = Set(wanted.compactMap { external[$0].map(root) })
        for step in steps {
            let facts = step.inputs.map { $0.map { values[$0].fact } }
            let flows = step.kernel.gradientInputs(facts).contains { index in
                step.inputs[index].map { dependent.contains(root($0)) } ?? false
            }
            if flows { dependent.formUnion(step.outputs.compactMap { $0.map(root) }) }
        }
        for seed in seeds {
            guard let value = external[seed], dependent.contains(root(value)) else {
                throw ModelError(
                    .misfit,
                    "'\(graph.valueNames[seed])' does not depend on the value whose gradient is asked for, or not by a differentiable way")
            }
        }
        // Backward: the gradients that arrive. Seeds are there from the beginning.
        var arrived = Set(seeds.compactMap { external[$0].map(root) })
        var result: [ReverseStep] = []
        for (index, step) in steps.enumerated().reversed() {
            let facts = step.inputs.map { $0.map { values[$0].fact } }
            let targets = step.kernel.gradientInputs(facts).filter { index in
                step.inputs[index].map { dependent.contains(root($0)) } ?? false
            }
            let incoming = step.outputs.map { $0.map { arrived.contains(root($0)) } ?? false }
            guard incoming.contains(true), !targets.isEmpty else { continue }
            let rule = step.rules[pass]
            guard step.kernel.supports(rule) else {
                throw ModelError(.unsupported, "\(step.node.place): rule \(rule.rawValue) does not exist for this operator")
            }
            var made = ReverseStep(
                step: index, rule: rule, outputGradients: incoming, inputGradients: step.inputs.map { _ in false },
                accumulates: step.inputs.map { _ in true })
            for target in targets {
                guard let input = step.inputs[target] else { continue }
                let place = root(input)
                made.inputGradients[target] = true
                guard arrived.insert(place).inserted else { continue }
                // A part of a value can't be set for the whole.
                if step.kernel.canSetGradients, values[input].span == values[place].span {
                    made.accumulates[target] = false
                } else {
                    made.zeroed.append(place)
                }
            }
            result.append(made)
        }
        for wanted in wanted {
            guard let value = external[wanted], arrived.contains(root(value)) else {
                throw ModelError(.misfit, "no gradient reaches '\(graph.valueNames[wanted])'")
            }
        }
        return result
    }
}
