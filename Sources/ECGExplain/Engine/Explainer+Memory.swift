// SPDX-License-Identifier: GPL-3.0-or-later
import ECGModel

/// How many points of a shape run at once within the memory allowed.
struct Room {
    /// How they are divided over the threads.
    let sharing: Sharing
    /// Points a batch.
    let points: Int
}

extension Explainer {
    /// Points a batch at most, and chunks a thread: more bring no speed.
    private static let mostPoints = 64
    private static let chunksEach = 2

    /// How many items of a shape are taken at once: their sums and maps may fill an eighth of the memory. As many for each thread, so that none waits for
    /// another's last one.
    public func chunkSize(_ shape: [Int]) -> Int {
        let most = min(max(settings.maxMemory / 8 / heldBytes(shape), 1), 64)
        let threads = network.workers.count
        return most > threads ? most / threads * threads : most
    }

    /// Bytes that an item holds from its record to its maps: itself, its sums, and its maps as they are and as they are written.
    private func heldBytes(_ shape: [Int]) -> Int {
        let rows = methods.reduce(0) { $0 + $1.rows(settings) }
        return max(shape.reduce(1, *) * (24 + 8 * rows + 12 * methods.count), 1)
    }

    /// How points of an item's shape run: as many as fit, beside the process as it is with its weights packed, the items at hand, and what the network
    /// itself needs.
    ///
    /// - Parameters:
    ///   - passes: the reverse runs; none if they only run forward.
    ///   - streamed: whether points are made as they are run.
    /// - Throws: `ExplainError` if not even one fits; it names the least that does.
    func room(_ context: ItemContext, _ passes: [NetworkPass], streamed: Bool = false) throws -> Room {
        let shape = context.shape
        let paired = passes.contains { $0.rules.rule == .rescale }
        let threads = network.workers.count
        // a point is held by its source, by the batch, as a gradient, and by its consumer
        let each = context.values.count * 4 * (paired ? 10 : 6 + 2 * max(passes.count, 1))
        let held = chunkSize(shape) * heldBytes(shape)
        let resident = try residentBytes(shape)
        let natural = try network.chunk(shape, streamed: streamed)
        // a sixteenth is left to what the threads' allocators keep for themselves
        let free = settings.maxMemory / 16 * 15 - resident - held
        let shrinking = sequence(first: natural) { $0 > 1 ? $0 / 2 : nil }.map { Sharing(chunk: $0, atOnce: threads) }
        let fewer = stride(from: threads - 1, to: 0, by: -1).map { Sharing(chunk: 1, atOnce: $0) }
        for sharing in shrinking + fewer {
            let points = (free - (try network.bytesInFlight(shape, passes, settings, sharing))) / max(each, 1)
            guard points >= min(sharing.atOnce ?? 1, 2) else { continue }
            // whole chunks for every thread, so that none waits for the others
            let round = (sharing.chunk ?? 1) * (sharing.atOnce ?? 1)
            // of points that are made as they are run few are held at a time, but all would be if a thread stood still
            let most = streamed ? points : min(points, max(Self.mostPoints, Self.chunksEach * natural * threads))
            return Room(sharing: sharing, points: most >= round ? most / round * round : most)
        }
        let least = resident + heldBytes(shape) + each + (try network.bytesInFlight(shape, passes, settings, Sharing(chunk: 1, atOnce: 1)))
        throw ExplainError(
            .usage,
            "items of shape \(shape) need \((least * 8 / 7) >> 20 + 1) MB, more than the \(settings.maxMemory >> 20) MB of --max-memory")
    }

    /// Bytes in use before anything of this shape runs, with the weights packed as the kernels want them for all that the methods will ask of them.
    func residentBytes(_ shape: [Int]) throws -> Int {
        if let known = resident[shape] { return known }
        network.model.release()
        try checkRules(shape)
        if !onlyPairs {
            try network.prepare(shape, [], settings)
            let own = itemPasses.passes
            if !own.isEmpty { try network.prepare(shape, own, settings) }
        }
        for rule in rulesOfFamilies { try network.prepare(shape, passes(rule), settings) }
        let bytes = settings.residentMemory()
        resident[shape] = bytes
        return bytes
    }

    /// The rules of the families that look elsewhere than at the items.
    private var rulesOfFamilies: [Rule] {
        Set(families.compactMap { family -> Rule? in if case .item = family { nil } else { rule(family) } })
            .sorted { $0.rawValue < $1.rawValue }
    }

    /// Looks for the rules of all methods, which an operator may lack.
    /// - Throws: `ModelError` that names the methods and the operator.
    public func checkRules(_ shape: [Int]) throws {
        let byMethod = methods.map { $0.readsLayer && $0.family(settings) == .none ? Rule.gradient : rule($0.family(settings)) }
        for rule in Set(byMethod.compactMap { $0 }).sorted(by: { $0.rawValue < $1.rawValue }) {
            do {
                _ = try network.bytesInFlight(shape, passes(rule), settings, Sharing(chunk: 1, atOnce: 1))
            } catch let error as ModelError where error.kind == .unsupported {
                let names = zip(methods, byMethod).filter { $1 == rule }.map(\.0.name)
                throw ModelError(.unsupported, "no \(names.joined(separator: ", ")) for this network: \(error.message)")
            }
        }
    }
}
