// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// Makes a plan: specialises the graph's nodes to the request's shapes in order of execution, folds what is constant, and brings values
/// into the layout that each operator works in. Fusion, memory and the reverse run follow in files of their own.
struct PlanBuilder {
    let graph: Graph
    let operators: [any Operator]
    let request: PlanRequest
    var values: [PlanValue] = []
    var steps: [Step] = []
    /// The plan's value for a value of the graph in a layout.
    var forms: [ValueIndex: [Layout: Int]] = [:]
    /// The graph's value in the layout it was computed in.
    var original: [ValueIndex: Int] = [:]
    /// Inputs that nobody has looked at yet, so that their layout is still free.
    private var undecided: Set<ValueIndex> = []
    /// Bytes of constants that were worked out from the file's.
    private var foldedBytes = 0
    /// More than any network's weights and masks take, and a file of a few bytes can ask for any amount.
    private static let mostFoldedBytes = 2 << 30
    /// Values that loops made, numbered behind the graph's.
    var madeValues = 0
    /// Nodes that loops have put in their place, and how many loops the node at hand is inside of.
    var repeatedNodes = 0
    var depth = 0

    init(_ graph: Graph, _ operators: [any Operator], _ request: PlanRequest) {
        self.graph = graph
        self.operators = operators
        self.request = request
    }

    private var floatType: ElementType? { request.inDouble ? .float64 : nil }

    mutating func specialise() throws {
        for input in graph.inputs {
            guard let shape = request.inputShapes[input.value] else { continue }
            define(input.value, addValue(Fact(input.type == .float32 ? floatType ?? .float32 : input.type, shape)))
            undecided.insert(input.value)
        }
        for index in neededNodes() { try add(graph.nodes[index], operators[index]) }
        for value in request.kept {
            if try form(value, nil) == nil { throw ModelError(.misfit, "value '\(name(value))' is not computed") }
        }
    }

    /// The plan's value for a value of the graph, in the layout it was computed in.
    func plain(_ value: ValueIndex) -> Int? { original[value] }

    /// The shapes of the graph's values, as far as they are known.
    var shapes: [ValueIndex: Shape] { original.mapValues { values[$0].fact.shape } }

    /// The nodes that the kept values, seeds and wanted gradients depend on.
    private func neededNodes() -> [NodeIndex] {
        var needed = Set<NodeIndex>()
        var waiting = request.kept + (request.reverse?.seeds ?? []) + (request.reverse?.wanted ?? [])
        while let value = waiting.popLast() {
            guard let producer = graph.producer[value], needed.insert(producer).inserted else { continue }
            waiting += graph.nodes[producer].inputs.compactMap { $0 }
        }
        return needed.sorted()
    }

    private func name(_ value: ValueIndex) -> String { value < graph.valueNames.count ? graph.valueNames[value] : "number \(value)" }

    mutating func addValue(_ fact: Fact) -> Int {
        values.append(PlanValue(fact, root: values.count))
        return values.count - 1
    }

    mutating func define(_ value: ValueIndex, _ planned: Int) {
        original[value] = planned
        forms[value] = [values[planned].fact.layout: planned]
    }

    /// The fact about a value, which is made known if it is a constant of the file.
    mutating func fact(_ value: ValueIndex) throws -> Fact {
        guard let planned = try form(value, nil) else { throw ModelError(.misfit, "value '\(name(value))' is not known") }
        return values[planned].fact
    }

    /// The plan's value in a layout (nil: any), after a change of layout if need be.
    mutating func form(_ value: ValueIndex, _ layout: Layout?) throws -> Int? {
        if original[value] == nil, let constant = graph.constants[value] {
            let tensor = constant.type == .float32 && request.inDouble ? constant.converted(to: .float64) : constant
            define(value, addValue(Fact(constant: tensor)))
        }
        guard let known = original[value] else { return nil }
        if let layout, undecided.remove(value) != nil, values[known].fact.shape.count > 2 {
            values[known].fact.layout = layout
            forms[value] = [layout: known]
        }
        guard let layout, let forms = forms[value] else { return known }
        if let found = forms[layout] { return found }
        let changed = changed(known, to: layout)
        self.forms[value]?[layout] = changed
        return changed
    }

    private mutating func changed(_ source: Int, to layout: Layout) -> Int {
        let fact = values[source].fact
        if Layout.coincide(for: fact.shape) { return alias(source, Fact(fact.type, fact.shape, layout: layout, constant: fact.constant)) }
        let target = Fact(fact.type, fact.shape, layout: layout)
        let move = LayoutKernel(move: StridedMove.layout(fact.shape, from: fact.layout, to: layout), shape: fact.shape, from: fact.layout)
        if let constant = fact.constant {
            let tensor = Tensor(type: fact.type, shape: fact.shape)
            move.forward(ForwardRun(inputs: [constant], outputs: [tensor], kept: [], scratch: nil, workers: nil))
            var folded = target
            folded.constant = tensor
            return addValue(folded)
        }
        let made = addValue(target)
        steps.append(
            Step(
                kernel: move, node: Self.layoutNode, inputs: [source], outputs: [made], kept: [],
                rules: request.reverse?.passes.map(\.rules.rule) ?? [], isRepeated: depth > 0))
        return made
    }

    private static let layoutNode = Node(name: "layout", opType: "Layout", domain: "", inputs: [], outputs: [], attributes: [:], opset: 0)

    private mutating func alias(_ source: Int, _ fact: Fact) -> Int {
        var value = PlanValue(fact, root: values[source].root)
        value.offset = values[source].offset
        values.append(value)
        return values.count - 1
    }

    /// - Parameters:
    ///   - inputs, outputs: the values that it reads and makes, where they are not the node's own.
    mutating func add(_ node: Node, _ made: any Operator, inputs own: [ValueIndex?]? = nil, outputs: [ValueIndex?]? = nil) throws {
        let (sources, named) = (own ?? node.inputs, outputs ?? node.outputs)
        if let control = made as? any ControlOperator { return try run(control, node, sources, named) }
        let reader = NodeReader(node, floatType: floatType, rule: request.reverse?.rules(for: node).first)
        var facts: [Fact?] = []
        for input in sources { facts.append(try input.map { try fact($0) }) }
        let layout = layout(made.wish(facts), sources, facts)
        let broadcasts = if case .broadcast = made.wish(facts) { layout == .channelsLast } else { false }
        let rank = facts.compactMap { $0?.shape.count }.max() ?? 0
        var inputs: [Int?] = []
        for (index, input) in sources.enumerated() {
            guard let input, let fact = facts[index] else {
                inputs.append(nil)
                continue
            }
            if broadcasts, fact.shape.count < rank {
                // Leading axes of extent 1 are added, so that the layouts of all operands mean the same axes.
                let source = try form(input, .rowMajor) ?? 0
                let shape = Shape(repeating: 1, count: rank - fact.shape.count) + fact.shape
                let constant = fact.constant?.reshaped(shape)
                inputs.append(changed(alias(source, Fact(fact.type, shape, constant: constant)), to: .channelsLast))
            } else if fact.constant != nil, !broadcasts {
                inputs.append(try form(input, .rowMajor))
            } else {
                let follows = if case .follow = made.wish(facts) { fact.shape.count == facts[0]?.shape.count } else { true }
                inputs.append(try form(input, follows ? layout : .rowMajor))
            }
        }
        let specialised = try made.specialise(inputs.map { $0.map { values[$0].fact } }, layout: layout, node: reader)
        try define(specialised, node, inputs, named)
    }

    private func layout(_ wish: LayoutWish, _ sources: [ValueIndex?], _ facts: [Fact?]) -> Layout {
        // an input whose layout is still free takes the one that is wanted later
        let deciding: ArraySlice<ValueIndex?> =
            switch wish {
            case .follow: sources.prefix(1)
            case .broadcast: sources[...]
            case .rowMajor, .channelsLast: []
            }
        for case let source? in deciding where undecided.contains(source) && leadsToChannelsLast(source) { return .channelsLast }
        switch wish {
        case .rowMajor: return .rowMajor
        case .channelsLast: return .channelsLast
        case .follow: return facts.first??.constant == nil ? facts.first??.layout ?? .rowMajor : .rowMajor
        case .broadcast:
            let rank = facts.compactMap { $0?.shape.count }.max() ?? 0
            return facts.contains { $0.map { $0.layout == .channelsLast && $0.shape.count == rank && $0.constant == nil } ?? false }
                ? .channelsLast : .rowMajor
        }
    }

    private mutating func countConstants(_ bytes: Int, _ node: Node) throws(ModelError) {
        foldedBytes += bytes
        guard foldedBytes <= Self.mostFoldedBytes else {
            throw ModelError(.misfit, "\(node.place): the file's constants grow beyond \(Self.mostFoldedBytes >> 20) MiB")
        }
    }

    /// Whether the first operator with a layout of its own that an input meets, behind those that take any, wants the channels last.
    private func leadsToChannelsLast(_ input: ValueIndex) -> Bool {
        guard let known = original[input], values[known].fact.shape.count > 2 else { return false }
        let fact = values[known].fact
        var reached: Set<ValueIndex> = [input]
        for (node, made) in zip(graph.nodes, operators) {
            guard node.inputs.contains(where: { $0.map { reached.contains($0) } ?? false }) else { continue }
            // extents don't matter to a wish, but for which of them are 1
            let facts = node.inputs.map { source -> Fact? in
                source.flatMap { reached.contains($0) ? fact : graph.constants[$0].map { Fact(constant: $0) } }
            }
            switch made.wish(facts) {
            case .channelsLast: return true
            case .follow, .broadcast: reached.formUnion(node.outputs.compactMap { $0 })
            case .rowMajor: break
            }
        }
        return false
    }

    private mutating func define(_ specialised: Specialised, _ node: Node, _ inputs: [Int?], _ named: [ValueIndex?]) throws {
        switch specialised.body {
        case .constants(let tensors):
            try countConstants(tensors.reduce(0) { $0 + $1.count * $1.type.byteCount }, node)
            for (output, tensor) in zip(named, tensors) {
                guard let output else { continue }
                let converted = tensor.type == .float32 && request.inDouble ? tensor.converted(to: .float64) : tensor
                define(output, addValue(Fact(constant: converted)))
            }
        case .view:
            guard let source = inputs.first ?? nil, let output = named.first ?? nil, var fact = specialised.outputs.first else { return }
            let old = values[source].fact
            if let constant = old.constant { fact.constant = constant.reshaped(fact.shape) }
            define(output, old.shape == fact.shape && old.layout == fact.layout ? source : alias(source, fact))
        case .kernel(let kernel):
            let constants = inputs.map { $0.flatMap { values[$0].fact.constant } }
            let foldable = zip(inputs, constants).allSatisfy { $0 == nil || $1 != nil } && !inputs.isEmpty && specialised.kept.isEmpty
            if foldable {
                try countConstants(specialised.outputs.reduce(0) { $0 + $1.byteCount }, node)
                let outputs = specialised.outputs.map { Tensor(type: $0.type, shape: $0.shape) }
                let scratch = Region<UInt8>(count: kernel.scratchBytes(threads: 1))
                kernel.forward(ForwardRun(inputs: constants, outputs: outputs, kept: [], scratch: scratch, workers: nil))
                for (index, output) in named.enumerated() where index < outputs.count {
                    var fact = specialised.outputs[index]
                    fact.constant = outputs[index]
                    if let output { define(output, addValue(fact)) }
                }
                return
            }
            var outputs: [Int?] = []
            for (index, fact) in specialised.outputs.enumerated() {
                guard index < named.count, let output = named[index] else {
                    outputs.append(addValue(fact))
                    continue
                }
                let made = addValue(fact)
                define(output, made)
                outputs.append(made)
            }
            let kept = request.reverse == nil ? [] : specialised.kept.map { addValue($0) }
            steps.append(
                Step(
                    kernel: kernel, node: node, inputs: inputs, outputs: outputs, kept: kept,
                    rules: request.reverse?.rules(for: node) ?? [], isRepeated: depth > 0))
        }
    }
}

/// A change of layout.
struct LayoutKernel: MoveKernel {
    let move: StridedMove
    let shape: Shape
    let from: Layout
}
