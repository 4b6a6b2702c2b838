// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

extension Session {
    /// Runs items forward once and in reverse once a target.
    ///
    /// - Parameters:
    ///   - items: [item, lead, time].
    ///   - references: for the rescale rule, which needs them: one item for all, or as many as there are items.
    ///   - targets: what to differentiate.
    ///   - rules: the rule for each use of an operator.
    ///   - layers: names of layers whose outputs and gradients are wanted too (Grad-CAM).
    ///   - inputGradient: false leaves the gradient with respect to the items out: a reverse run to the layers alone is cheaper.
    /// - Throws: `ModelError`: unknown layers, targets outside of the outputs, or an operator that has no such rule.
    public func reverse(
        _ items: Items, references: Items? = nil, targets: [Target], rules: Rules = .gradient, layers: [String] = [],
        inputGradient: Bool = true
    ) throws -> Attributions {
        try reverse(
            items, references: references,
            passes: targets.map { ReversePass($0, rules: rules, toItems: inputGradient, toLayers: !layers.isEmpty) }, layers: layers)
    }

    /// Runs items forward once, or once a value that passes start from, and in reverse once a pass.
    ///
    /// - Parameters:
    ///   - passes: targets and rules, each pass with its own; the rescale rule goes with no other.
    ///   - layerRows: what is wanted of the first layer are Grad-CAM's rows alone, not its outputs and gradients, which take much memory.
    ///   - sharing: how the items are divided over the threads. References that come again in a thread's next chunk are not run again.
    /// - Throws: as above; and for rows of a layer that is not [channel, time].
    public func reverse(
        _ items: Items, references: Items? = nil, passes: [ReversePass], layers: [String] = [], layerRows: Bool = false,
        sharing: Sharing = Sharing()
    ) throws -> Attributions {
        try check(items)
        if let references {
            try check(references)
            guard references.count == 1 || references.count == items.count else {
                throw ModelError(.misfit, "\(references.count) references for \(items.count) items")
            }
        }
        let isPaired = passes.contains { $0.rules.rule == .rescale }
        guard !isPaired || references != nil else { throw ModelError(.misfit, "the rescale rule needs references") }
        guard !isPaired || passes.allSatisfy({ $0.rules.rule == .rescale }) else {
            throw ModelError(.misfit, "the rescale rule goes with no other in one run")
        }
        let names = try layers.map { try layer($0) }
        let seeds = try passes.map { try Seed($0.target, self, count: items.count) }
        let all = names + seeds.map(\.value)
        let first = try plan(count: fixedCount ?? 1, kept: keptValues(all), reverse: nil, threads: 1)
        func region(_ value: ValueIndex) -> Region<Float> {
            Region<Float>(count: items.count * Self.perItem(first.fact(value), fixedCount))
        }
        let logits = region(self.logits)
        let own = probabilities.map(region)
        let rows = try layerRows ? layers.first.map { try LayerRows($0, first.fact(names[0]), items: items.count) } : nil
        let gathersLayers = rows == nil
        let outputs = gathersLayers ? names.map(region) : []
        let gathered = passes.map { pass in
            Gathered(
                scores: Region<Float>(count: items.count), references: isPaired ? Region<Float>(count: items.count) : nil,
                gradient: pass.toItems ? Region<Float>(count: items.count * items.itemCount) : nil,
                layers: pass.toLayers && gathersLayers ? names.map(region) : [])
        }
        // Passes that start from the same value share a plan and its forward run.
        for way in ways(passes, seeds: seeds.map(\.value), layers: names) {
            try forEachChunk(items.count, kept: way.kept, reverse: way.request, sharing: sharing) { [self] memory, range in
                fill(memory.tensor(input.value), memory.plan.fact(input.value), items, range)
                memory.forward()
                if isPaired, let references { fillReferences(memory, references, range) }
                read(memory.tensor(self.logits), memory.plan.fact(self.logits), into: logits, range)
                if let probabilities, let own { read(memory.tensor(probabilities), memory.plan.fact(probabilities), into: own, range) }
                for (name, output) in zip(names, outputs) { read(memory.tensor(name), memory.plan.fact(name), into: output, range) }
                for (index, pass) in way.passes {
                    seeds[index].start(memory, range, gathered[index])
                    memory.reverse(pass: pass)
                    if let gradient = gathered[index].gradient { readGradient(memory, into: gradient, range) }
                    for (name, target) in zip(names, gathered[index].layers) {
                        read(memory.gradient(name), memory.plan.fact(name), into: target, range)
                    }
                    if let rows, passes[index].toLayers { rows.take(names[0], memory, range) }
                }
            }
        }
        return Attributions(
            targets: gathered.map { one in
                Attribution(
                    scores: one.scores.elements, referenceScores: one.references?.elements,
                    gradient: Items(shape: itemShape, values: one.gradient?.elements ?? []),
                    layerGradients: zip(names, one.layers).map {
                        LayerValues(shape: Array(first.fact($0)?.shape.dropFirst() ?? []), values: $1.elements)
                    })
            },
            layers: zip(names, outputs).map { LayerValues(shape: Array(first.fact($0)?.shape.dropFirst() ?? []), values: $1.elements) },
            layerRows: rows?.values ?? [], prediction: prediction(logits, own))
    }

    /// A forward run, and the reverse runs that start from its value.
    struct Way {
        let kept: [ValueIndex]
        let request: PlanRequest.Reverse
        /// For each pass its number among those given, and the request's pass that it is.
        let passes: [(index: Int, pass: Int)]
    }

    /// The forward runs that passes need, one a value that they start from.
    func ways(_ passes: [ReversePass], seeds: [ValueIndex], layers: [ValueIndex]) -> [Way] {
        Set(seeds).sorted().map { value in
            var different: [PlanRequest.Reverse.Pass] = []
            let numbers = passes.indices.filter { seeds[$0] == value }.map { index in
                let toItems = passes[index].toItems || layers.isEmpty
                let pass = PlanRequest.Reverse.Pass(
                    wanted: (toItems ? [input.value] : [])
                        + (passes[index].toLayers ? layers.filter { !toItems || $0 != input.value } : []),
                    rules: passes[index].rules)
                if let known = different.firstIndex(of: pass) { return (index: index, pass: known) }
                different.append(pass)
                return (index: index, pass: different.count - 1)
            }
            return Way(
                kept: keptValues(layers + [value]), request: PlanRequest.Reverse(seeds: [value], passes: different), passes: numbers)
        }
    }

    /// Results of one target, filled chunk by chunk.
    struct Gathered: Sendable {
        let scores: Region<Float>
        let references: Region<Float>?
        let gradient: Region<Float>?
        let layers: [Region<Float>]
    }

    /// Runs the references that belong to a chunk, unless the memory holds their run already.
    private func fillReferences(_ memory: PlanMemory, _ references: Items, _ range: Range<Int>) {
        let isShared = references.count == 1
        let own = isShared ? references.values : range.flatMap { references[$0] }
        if memory.hasReference(own) { return }
        let filled = isShared ? (0..<range.count).flatMap { _ in own } : own
        fill(
            memory.reference(input.value), memory.plan.fact(input.value), Items(shape: references.shape, values: filled), 0..<range.count)
        memory.forwardReference()
    }

    private func readGradient(_ memory: PlanMemory, into gradient: Region<Float>, _ range: Range<Int>) {
        guard let tensor = memory.gradient(input.value), let fact = memory.plan.fact(input.value) else { return }
        let perItem = itemShape.elementCount
        let move = itemMove(fact)
        for (place, item) in range.enumerated() {
            move.copyBack(Self.item(tensor, place, perItem), into: gradient[item * perItem..<(item + 1) * perItem])
        }
    }

    /// The gradient at an item of a chunk.
    func gradient(_ memory: PlanMemory, at place: Int) -> [Float] {
        guard let tensor = memory.gradient(input.value), let fact = memory.plan.fact(input.value) else { return [] }
        return itemMove(fact).copyBack(Self.item(tensor, place, itemShape.elementCount))
    }

    private static func item(_ tensor: Tensor, _ place: Int, _ perItem: Int) -> Region<Float> {
        let own = place * perItem..<(place + 1) * perItem
        if tensor.type == .float32 { return tensor.region(Float.self)[own] }
        let narrow = Region<Float>(count: perItem)
        narrow.set(tensor.region(Double.self)[own]) { Float($0) }
        return narrow
    }
}
