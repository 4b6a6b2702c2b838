// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// Makes the schedule of a run out of a graph. Layers that kernels do together are joined here: an activation with what it follows, a dropout with
/// the sum behind it.
struct RunBuilder {
    let graph: LayerGraph
    let training: Bool
    let dropoutSeed: UInt64
    let batch: Int
    let threads: Int
    var schedule = Schedule()
    var scratchCount = 0
    /// What hands the parameters to the layers.
    var prepare: [(RunContext) -> Void] = []
    /// Buffers of the values, from the forward run.
    var values: [Int?]
    /// Buffers of the values' gradients, as far as one was written.
    var gradients: [Int?]
    /// Values that a gradient is wanted for: those that depend on parameters.
    var isWanted: [Bool]
    var nodes: [RunNode] = []
    var input = 0
    var logits = 0
    var seed: Int?

    init(_ graph: LayerGraph, training: Bool, seed: UInt64, batch: Int, threads: Int) {
        self.graph = graph
        self.training = training
        dropoutSeed = seed
        self.batch = batch
        self.threads = threads
        values = graph.extents.map { _ in nil }
        gradients = values
        isWanted = graph.extents.map { _ in false }
        for layer in graph.layers {
            let hasParameters =
                switch layer.operation {
                case .convolution, .dense, .batchNormalisation, .lstm: true
                default: false
                }
            isWanted[layer.output] = hasParameters || layer.inputs.contains { isWanted[$0] }
        }
        nodes = RunNode.joined(graph)
    }

    func count(_ value: Int) -> Int { graph.extents[value].count }
    func value(_ value: Int) -> Int { values[value] ?? input }

    mutating func need(scratch: Int) { scratchCount = max(scratchCount, scratch) }

    mutating func addForward() {
        input = schedule.buffer(perItem: count(0))
        schedule.lasting.insert(input)
        values[0] = input
        for index in nodes.indices { values[nodes[index].output] = addForward(index) }
        logits = value(graph.output)
        schedule.lasting.insert(logits)
    }

    mutating func addReverse() {
        let seed = schedule.buffer(perItem: count(graph.output))
        schedule.lasting.insert(seed)
        self.seed = seed
        gradients[graph.output] = seed
        for index in nodes.indices.reversed() {
            guard let gradient = gradients[nodes[index].output] else { continue }
            addReverse(index, gradient)
        }
    }

    // MARK: Where gradients go

    /// The buffer for a value's gradient that a kernel writes itself, and whether it must add to it. Nil where none is wanted.
    mutating func target(_ value: Int) -> (buffer: Int, accumulates: Bool)? {
        guard isWanted[value] else { return nil }
        if let known = gradients[value] { return (known, true) }
        let made = schedule.buffer(perItem: count(value))
        gradients[value] = made
        return (made, false)
    }

    /// Gives a gradient that lies in a buffer of its own to a value: the buffer itself if it is the first, else it is added.
    mutating func deliver(_ buffer: Int, to value: Int) {
        guard isWanted[value] else { return }
        guard let known = gradients[value] else {
            gradients[value] = buffer
            return
        }
        let size = count(value)
        schedule.step(reads: [known, buffer], writes: [known]) { run in
            Elementwise.apply(.add, count: size * run.items, run[known], run[buffer], output: run[known], workers: run.workers)
        }
    }

    /// The same, for a buffer that something else keeps using.
    mutating func deliverCopy(_ buffer: Int, to value: Int) {
        guard isWanted[value] else { return }
        if gradients[value] != nil { return deliver(buffer, to: value) }
        let made = schedule.buffer(perItem: count(value))
        gradients[value] = made
        let size = count(value)
        schedule.step(reads: [buffer], writes: [made]) { run in
            run[made][0..<size * run.items].copy(from: run[buffer][0..<size * run.items])
        }
    }

    // MARK: Values that are computed again

    /// The buffer with a value in the reverse run. What is cheap to compute from what is kept — a normalisation, an activation, a dropout — is not kept
    /// itself, so that the run needs little more memory than the results of its convolutions.
    mutating func again(_ value: Int) -> Int {
        guard let index = nodes.firstIndex(where: { $0.output == value }), nodes[index].isCheap else { return self.value(value) }
        if let known = repeated[value] { return known }
        let source = again(nodes[index].input)
        let made = addCheap(index, source, repeats: true)
        repeated[value] = made
        return made
    }

    var repeated: [Int: Int] = [:]
}
