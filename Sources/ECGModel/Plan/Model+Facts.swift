// SPDX-License-Identifier: GPL-3.0-or-later

extension Model {
    /// What is known of each value for an input of this shape, items included: extents, and the elements of what does not depend on the items.
    /// - Throws: `ModelError` where the shape doesn't suit the graph.
    package func facts(inputShape: Shape) throws -> [ValueIndex: Fact] {
        guard inputs.count == 1 else { throw ModelError(.misfit, "the model has \(inputs.count) inputs; one is supported") }
        var builder = PlanBuilder(
            graph, operators, PlanRequest(inputShapes: [inputs[0].value: inputShape], kept: graph.outputs.map(\.value)))
        try builder.specialise()
        var facts: [ValueIndex: Fact] = [:]
        for value in graph.valueNames.indices { if let planned = builder.plain(value) { facts[value] = builder.values[planned].fact } }
        return facts
    }
}
