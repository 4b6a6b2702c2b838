// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Synchronization

extension Session {
    /// The model's logits and probabilities for items.
    /// - Throws: `ModelError` if the items don't have the session's shape.
    ///
    /// - Parameter sharing: how the items are divided over the threads.
    public func run(_ items: Items, sharing: Sharing = Sharing()) throws -> Prediction {
        try check(items)
        let kept = keptValues([])
        let logits = Region<Float>(count: items.count * outputShape.elementCount)
        let own = probabilities == nil ? nil : Region<Float>(count: logits.count)
        try forEachChunk(items.count, kept: kept, reverse: nil, sharing: sharing) { [self] memory, range in
            fill(memory.tensor(input.value), memory.plan.fact(input.value), items, range)
            memory.forward()
            read(memory.tensor(self.logits), memory.plan.fact(self.logits), into: logits, range)
            if let probabilities, let own { read(memory.tensor(probabilities), memory.plan.fact(probabilities), into: own, range) }
        }
        return prediction(logits, own)
    }

    /// The outputs of layers, by the names of nodes or values, row-major [item, …].
    public func layers(_ names: [String], of items: Items, sharing: Sharing = Sharing()) throws -> [LayerValues] {
        try check(items)
        let values = try names.map { try layer($0) }
        let plan = try plan(count: fixedCount ?? 1, kept: keptValues(values), reverse: nil, threads: 1)
        let targets = values.map { Region<Float>(count: items.count * Self.perItem(plan.fact($0), fixedCount)) }
        try forEachChunk(items.count, kept: keptValues(values), reverse: nil, sharing: sharing) { [self] memory, range in
            fill(memory.tensor(input.value), memory.plan.fact(input.value), items, range)
            memory.forward()
            for (value, target) in zip(values, targets) { read(memory.tensor(value), memory.plan.fact(value), into: target, range) }
        }
        return zip(values, targets).map { LayerValues(shape: Array(plan.fact($0)?.shape.dropFirst() ?? []), values: $1.elements) }
    }

    func check(_ items: Items) throws {
        guard items.shape == itemShape else {
            throw ModelError(.misfit, "items of shape \(items.shape.text), where the session was made for \(itemShape.text)")
        }
    }

    /// - Parameter more: plans for other numbers of items than one and two.
    /// - Throws: `ModelError` unless each of these values has a part for each item.
    func checkEachItem(_ values: [ValueIndex], _ more: [(count: Int, plan: Plan)] = []) throws {
        let kept = keptValues(values)
        let first = try (fixedCount.map { [$0] } ?? [1, 2]).map {
            (count: $0, plan: try plan(count: $0, kept: kept, reverse: nil, threads: 1))
        }
        let plans = first + more
        guard let value = Self.differing(values, plans), let last = plans.last else { return }
        let (name, shape) = (model.graph.valueNames[value], last.plan.fact(value)?.shape.text ?? "")
        let items = last.count == 1 ? "an item" : "\(last.count) items"
        throw ModelError(.misfit, "'\(name)' of shape \(shape) for \(items) has no part for each item")
    }

    /// The first value without a part for each item, of the same extents whatever the number of items.
    ///
    /// A single item can't tell its axis from another of extent 1: that takes plans for two numbers.
    static func differing(_ values: [ValueIndex], _ plans: [(count: Int, plan: Plan)]) -> ValueIndex? {
        values.first { value in
            let shapes = plans.map { $0.plan.fact(value)?.shape ?? [] }
            let hasItems = zip(shapes, plans).allSatisfy { shape, plan in
                // a graph for one item may leave the axis out
                shape.first == plan.count || (plan.count == 1 && shape.isEmpty)
            }
            return !hasItems || Set(shapes.map { Array($0.dropFirst()) }).count > 1
        }
    }

    func layer(_ name: String) throws -> ValueIndex {
        guard let value = model.value(named: name) else { throw ModelError(.misfit, "the model has no layer '\(name)'") }
        return value
    }

    func keptValues(_ more: [ValueIndex]) -> [ValueIndex] { Array(Set([logits, probabilities ?? logits] + more)).sorted() }

    func plan(count: Int, kept: [ValueIndex], reverse: PlanRequest.Reverse?, threads: Int) throws -> Plan {
        try model.plan(
            PlanRequest(
                inputShapes: [input.value: [count] + layout.inputShape(itemShape)], kept: kept, inDouble: inDouble, reverse: reverse,
                threads: threads),
            workers: workers)
    }

    static func perItem(_ fact: Fact?, _ count: Int?) -> Int { (fact?.shape.elementCount ?? 0) / max(1, count ?? 1) }

    /// Divides items into chunks and runs `body` for each: many chunks over the threads, a few items with the threads inside the kernels.
    func forEachChunk(
        _ count: Int, kept: [ValueIndex], reverse: PlanRequest.Reverse?, sharing: Sharing = Sharing(),
        _ body: @Sendable (PlanMemory, Range<Int>) -> Void
    ) throws {
        guard count > 0 else { return }
        let chunk = sharing.chunk ?? chunk
        // As many chunks for each thread, of sizes that differ by one at most.
        let rounds = (count + chunk * workers.count - 1) / (chunk * workers.count)
        let isEven = fixedCount == nil && !sharing.isExact
        let exact = fixedCount ?? min(chunk, max(1, (count + workers.count - 1) / workers.count))
        let chunks = isEven ? min(count, rounds * workers.count) : (count + exact - 1) / exact
        let size = isEven ? (count + chunks - 1) / chunks : exact
        let atOnce = min(sharing.atOnce ?? workers.count, workers.count)
        if fixedCount == nil, workers.count > 1, atOnce == 1 || (chunks < workers.count && atOnce == workers.count) {
            // few items: all threads share the work on each kernel
            let size = atOnce == 1 ? min(count, chunk) : count
            for first in stride(from: 0, to: count, by: size) {
                let plan = try plan(count: min(size, count - first), kept: kept, reverse: reverse, threads: workers.count)
                try checkEachItem(kept, [(min(size, count - first), plan)])
                plan.prepare(workers)
                let memory = model.pool.take(plan, workers: workers)
                body(memory, first..<min(first + size, count))
                model.pool.give(memory, most: 1)
            }
            return
        }
        let whole = try plan(count: size, kept: kept, reverse: reverse, threads: 1)
        let smaller = fixedCount != nil ? 0 : isEven ? (count % chunks == 0 ? 0 : size - 1) : count % size
        let rest = smaller == 0 ? whole : try plan(count: smaller, kept: kept, reverse: reverse, threads: 1)
        try checkEachItem(kept, [(size, whole)] + (smaller == 0 ? [] : [(smaller, rest)]))
        whole.prepare(workers)
        let memories = Collected<PlanMemory?>(repeating: nil, count: workers.count)
        @Sendable func take(_ task: Int, _ place: Int) {
            let range = isEven ? count * task / chunks..<count * (task + 1) / chunks : task * size..<min(count, (task + 1) * size)
            let own = memories.values[place] ?? model.pool.take(whole, workers: nil)
            memories.set(place, own)
            // a smaller chunk lies where the thread's others lie
            body(smaller > 0 && range.count == smaller ? PlanMemory(rest, within: own) : own, range)
        }
        if atOnce < workers.count {
            workers.run(atOnce) { place, _ in
                for task in chunks * place / atOnce..<chunks * (place + 1) / atOnce { take(task, place) }
            }
        } else {
            workers.run(chunks) { task, worker in take(task, worker) }
        }
        for memory in memories.values { if let memory { model.pool.give(memory, most: atOnce) } }
    }

    /// The same where chunks take long and follow each other at once: the threads take them in their order, and the last ones are smaller, so that nobody
    /// waits long for the others at the end.
    func forEachChunkInTurn(
        _ count: Int, kept: [ValueIndex], reverse: PlanRequest.Reverse?, sharing: Sharing,
        _ body: @Sendable (PlanMemory, Range<Int>) -> Void
    ) throws {
        let (chunk, threads) = (sharing.chunk ?? chunk, workers.count)
        let turns = Self.turns(count, chunk: chunk, threads: threads)
        guard fixedCount == nil, !sharing.isExact, (sharing.atOnce ?? threads) >= threads, !turns.isEmpty else {
            return try forEachChunk(count, kept: kept, reverse: reverse, sharing: sharing, body)
        }
        let sizes = Set(turns.map(\.count))
        let plans = try sizes.map { (count: $0, plan: try plan(count: $0, kept: kept, reverse: reverse, threads: 1)) }
        @Sendable func planned(_ turn: Range<Int>) -> Plan {
            guard let own = plans.first(where: { $0.count == turn.count }) else { preconditionFailure("a chunk without a plan") }
            return own.plan
        }
        let whole = planned(0..<chunk)
        try checkEachItem(kept, plans)
        whole.prepare(workers)
        let memories = Collected<PlanMemory?>(repeating: nil, count: threads)
        let next = Atomic<Int>(0)
        workers.run(threads) { _, worker in
            let own = memories.values[worker] ?? model.pool.take(whole, workers: nil)
            memories.set(worker, own)
            while true {
                let turn = next.add(1, ordering: .relaxed).oldValue
                guard turn < turns.count else { return }
                let plan = planned(turns[turn])
                body(plan === whole ? own : PlanMemory(plan, within: own), turns[turn])
            }
        }
        for memory in memories.values { if let memory { model.pool.give(memory, most: threads) } }
    }

    /// Whole chunks, and at the end a half and two quarters of one for each thread; none where there are too few items for that.
    package static func turns(_ count: Int, chunk: Int, threads: Int) -> [Range<Int>] {
        let (half, quarter) = (chunk / 2, chunk / 4)
        let smaller = chunk < 4 ? [] : [Int](repeating: half, count: threads) + [Int](repeating: quarter, count: 2 * threads)
        let rest = count - smaller.reduce(0, +)
        guard rest >= threads * chunk else { return [] }
        let sizes = (rest % chunk == 0 ? [] : [rest % chunk]) + [Int](repeating: chunk, count: rest / chunk) + smaller
        var start = 0
        return sizes.map { size in
            defer { start += size }
            return start..<start + size
        }
    }

    /// Copies items into the input's tensor, in its layout. A plan for more items than there are gets zeros behind them.
    func fill(_ tensor: Tensor?, _ fact: Fact?, _ items: Items, _ range: Range<Int>) {
        fill(tensor, fact, range.count) { items.place(range.lowerBound + $0) }
    }

    /// The same for items that lie anywhere: each in an array, from an offset on.
    func fill(_ tensor: Tensor?, _ fact: Fact?, _ count: Int, _ item: (Int) -> (values: [Float], offset: Int)) {
        guard let tensor, let fact else { return }
        let perItem = itemShape.elementCount
        if count * perItem < tensor.count { tensor.zero() }
        let move = itemMove(fact)
        for place in 0..<count {
            let (own, (values, offset)) = (place * perItem..<(place + 1) * perItem, item(place))
            if fact.type == .float32 {
                move.copy(values, offset, into: tensor.region(Float.self)[own])
            } else {
                let part = Region<Float>(count: perItem)
                move.copy(values, offset, into: part)
                tensor.region(Double.self)[own].set(part) { Double($0) }
            }
        }
    }

    /// How an item [lead, time] lies in the stored input.
    func itemMove(_ fact: Fact) -> ItemMove {
        let inner = Array(fact.shape.dropFirst())
        guard itemShape.count == 2, inner.elementCount == itemShape.elementCount else {
            return ItemMove(rows: 1, columns: itemShape.elementCount, isTransposed: false)
        }
        // The stored order is [lead, time] or [time, lead]; every other axis has extent 1.
        let isTransposed = (layout == .timeLead) != (fact.layout == .channelsLast && layout != .plane)
        return ItemMove(rows: itemShape[0], columns: itemShape[1], isTransposed: isTransposed)
    }

    /// Copies a tensor's items, row-major, into their places of a result.
    func read(_ tensor: Tensor?, _ fact: Fact?, into result: Region<Float>, _ range: Range<Int>) {
        guard let tensor, let fact, let count = fact.shape.first ?? (range.isEmpty ? nil : 1), count > 0 else { return }
        let perItem = fact.shape.elementCount / count
        var source = tensor
        if fact.layout != .rowMajor, !Layout.coincide(for: fact.shape) {
            source = Tensor(type: fact.type, shape: fact.shape)
            StridedMove.layout(fact.shape, from: fact.layout, to: .rowMajor)
                .forward(ForwardRun(inputs: [tensor], outputs: [source], kept: [], scratch: nil, workers: nil))
        }
        let target = result[range.lowerBound * perItem..<range.upperBound * perItem]
        if fact.type == .float32 {
            target.copy(from: source.region(Float.self)[0..<target.count])
        } else {
            target.set(source.region(Double.self)[0..<target.count]) { Float($0) }
        }
    }

    func prediction(_ logits: Region<Float>, _ own: Region<Float>?) -> Prediction {
        let elements = logits.elements
        let probabilities: [Float]? =
            switch (own, activation) {
            case (let own?, _): own.elements
            case (nil, .softmax): Self.softmax(elements, count: outputShape.elementCount)
            case (nil, .sigmoid): elements.map { Float.sigmoid($0) }
            case (nil, .none): nil
            }
        return Prediction(shape: outputShape, logits: elements, probabilities: probabilities)
    }

    /// Softmax over each item's logits.
    static func softmax(_ logits: [Float], count: Int) -> [Float] {
        guard count > 0 else { return logits }
        var result = logits
        for start in stride(from: 0, to: logits.count, by: count) {
            let top = logits[start..<start + count].max() ?? 0
            let powers = logits[start..<start + count].map { Float.exp($0 - top) }
            let sum = powers.reduce(0, +)
            for (i, power) in powers.enumerated() { result[start + i] = power / sum }
        }
        return result
    }
}

/// A copy of an item's [row, column] elements into memory, as they are or transposed, and back.
struct ItemMove: Sendable {
    let rows: Int
    let columns: Int
    let isTransposed: Bool

    func copy(_ source: [Float], _ offset: Int, into target: Region<Float>) {
        guard isTransposed, rows > 1, columns > 1 else { return target.copy(from: source, offset: offset) }
        target.transpose(source, offset: offset, rows: rows, columns: columns)
    }

    func copyBack(_ source: Region<Float>, into target: Region<Float>) {
        guard isTransposed, rows > 1, columns > 1 else { return target.copy(from: source) }
        for row in 0..<rows { target.move(columns, at: row * columns, step: 1, from: source, row, stride: rows) }
    }

    func copyBack(_ source: Region<Float>) -> [Float] {
        isTransposed && rows > 1 && columns > 1 ? source.transposed(rows: columns, columns: rows) : source.elements
    }
}
