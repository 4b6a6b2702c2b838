// SPDX-License-Identifier: GPL-3.0-or-later

/// What the network says of an item while its points are replaced.
public struct PerturbationOutcome: Sendable {
    /// The outputs for the item as it is, one a class.
    public let whole: [Float]
    /// The outputs before the first step: for deletion the same.
    public let start: [Float]
    /// For each curve the outputs after each step, [step, class] from step 1; nil for a map that was left out.
    public let curves: [[Float]?]
}

/// Perturbs items along any number of curves, the random order always among them, many perturbed copies at a time through the network.
///
/// An item's outcome is a function of the item, its key and the seed: neither the batch nor the threads nor the other methods change it.
public final class Perturber {
    public let curves: [PerturbationCurve]
    public let settings: PerturbationSettings
    private let network: Network
    private let methods: [String]
    private let mapper: Mapper?

    /// Makes the maps of a method anew for items that were perturbed: the method's number, the items' numbers and their values.
    public typealias Mapper = (_ method: Int, _ items: [(number: Int, values: [Float])]) throws -> [[Float]]

    /// - Parameters:
    ///   - methods: the names of the items' maps, in their order.
    ///   - mapper: finds the order anew at each step, by maps of the item as the step before left it; nil keeps to the maps of the items as they are.
    public init(_ network: Network, methods: [String], settings: PerturbationSettings, mapper: Mapper? = nil) {
        (self.network, self.methods, self.settings, self.mapper) = (network, methods, settings, mapper)
        let orders = settings.orders.filter { $0 != .random }
        curves = methods.flatMap { method in orders.map { PerturbationCurve(method: method, order: $0) } } + [.random]
    }

    /// A curve of one item, and the steps of it that wait for the network.
    private struct Job: Sendable {
        let item: Int
        let curve: Int
        var path: PerturbationPath
        var done = 0
    }

    /// The outcomes of items of one shape.
    ///
    /// - Throws: `ExplainError` for maps that don't fit or hold anything but numbers, and for outputs that are none; `ModelError` for items that the network
    ///   doesn't take.
    public func perturb(_ items: [PerturbationItem]) throws -> [PerturbationOutcome] {
        guard let first = items.first else { return [] }
        for item in items { try check(item, like: first) }
        let settings = settings
        let (curves, methods) = (curves, methods)
        let made = network.workers.map(items.count) { i in
            let ground = PerturbationGround(items[i], settings)
            return (ground: ground, orders: Self.orders(ground, curves, methods))
        }
        let starts = try outputs(made.flatMap(\.ground.start), shape: first.shape)
        let wholes = settings.insertion ? try outputs(items.flatMap(\.values), shape: first.shape) : starts
        let classes = starts.count / items.count
        var jobs: [Job] = []
        for (i, (ground, orders)) in made.enumerated() {
            for (c, order) in orders.enumerated() {
                if mapper != nil && curves[c].order != .random { continue }
                if let order { jobs.append(Job(item: i, curve: c, path: PerturbationPath(ground, order: order))) }
            }
        }
        var results = [[[Float]?]](repeating: [[Float]?](repeating: nil, count: curves.count), count: items.count)
        for job in jobs { results[job.item][job.curve] = [] }
        var rest = jobs[...]
        while !rest.isEmpty {
            let (batch, inputs) = advance(&rest, size: first.values.count)
            let said = try outputs(inputs, shape: first.shape)
            var place = 0
            for (item, curve, count) in batch {
                results[item][curve]?.append(contentsOf: said[place * classes..<(place + count) * classes])
                place += count
            }
        }
        if let mapper {
            for c in curves.indices where curves[c].order != .random {
                let kept = made.indices.filter { made[$0].orders[c] != nil }
                for (item, row) in zip(kept, try follow(c, kept.map { ($0, made[$0].ground) }, mapper)) { results[item][c] = row }
            }
        }
        return items.indices.map { i in
            let own = i * classes..<(i + 1) * classes
            return PerturbationOutcome(whole: Array(wholes[own]), start: Array(starts[own]), curves: results[i])
        }
    }

    /// A curve whose order is found anew at each step, of several items side by side. - Returns: for each the outputs after each step.
    private func follow(_ curve: Int, _ grounds: [(number: Int, ground: PerturbationGround)], _ mapper: Mapper) throws -> [[Float]] {
        guard let method = methods.firstIndex(of: curves[curve].method), let first = grounds.first?.ground.item else { return [] }
        var paths = grounds.map { PerturbationPath($0.ground, order: []) }
        var rows = [[Float]](repeating: [], count: grounds.count)
        let mostFirst = curves[curve].order == .morf
        for step in 0..<settings.steps {
            let maps =
                step == 0
                ? grounds.map { $0.ground.item.maps[method] } : try mapper(method, zip(grounds, paths).map { ($0.number, $1.values) })
            let before = paths
            paths = network.workers.map(before.count) { i in
                var path = before[i]
                path.advance(by: maps[i], mostFirst: mostFirst)
                return path
            }
            let said = try outputs(paths.flatMap(\.values), shape: first.shape)
            let classes = said.count / paths.count
            for i in paths.indices { rows[i] += said[i * classes..<(i + 1) * classes] }
        }
        return rows
    }

    /// Perturbed copies at once: enough to keep every thread busy, as long as they fit.
    private func batchSize(_ size: Int) -> Int { max(1, min(512, settings.maxMemory / 4 / max(size * 12, 1))) }

    /// Makes the next copies, many jobs at a time, each job's steps in order.
    private func advance(_ rest: inout ArraySlice<Job>, size: Int) -> (batch: [(item: Int, curve: Int, count: Int)], inputs: [Float]) {
        var room = batchSize(size)
        var taken: [(job: Job, count: Int)] = []
        while room > 0, let job = rest.first {
            let count = min(settings.steps - job.done, room)
            taken.append((job, count))
            room -= count
            rest.removeFirst()
        }
        let jobs = taken
        let made = network.workers.map(jobs.count) { i in
            var (job, count) = jobs[i]
            var inputs: [Float] = []
            inputs.reserveCapacity(count * size)
            for _ in 0..<count {
                job.path.advance()
                inputs += job.path.values
            }
            job.done += count
            return (job, inputs)
        }
        // only the last one can be unfinished
        if let last = made.last?.0, last.done < settings.steps { rest = [last] + rest }
        return (taken.map { ($0.job.item, $0.job.curve, $0.count) }, made.flatMap(\.1))
    }

    private static func orders(_ ground: PerturbationGround, _ curves: [PerturbationCurve], _ methods: [String]) -> [[Int32]?] {
        let (item, settings) = (ground.item, ground.settings)
        let tie = settings.ties == .random ? PointOrder.lot(ground.points.count, seed: settings.seed, key: item.key, purpose: "ties") : nil
        let most = settings.replaced(after: settings.steps, of: ground.points.count)
        return curves.map { curve in
            guard curve.order != .random, let map = methods.firstIndex(of: curve.method) else {
                return PointOrder.random(ground.points, seed: settings.seed, key: item.key)
            }
            let values = item.maps[map]
            if settings.skipSparse, ground.points.count(where: { values[Int($0)] != 0 }) < most { return nil }
            return PointOrder.ranked(values, ground.points, settings.ranking, mostFirst: curve.order == .morf, tie: tie)
        }
    }

    private func check(_ item: PerturbationItem, like first: PerturbationItem) throws {
        guard item.shape == first.shape else { throw ExplainError(.data, "items of shape \(item.shape) among some of \(first.shape)") }
        guard item.leads > 0, !item.values.isEmpty, item.values.count % item.leads == 0 else {
            throw ExplainError(.data, "an item of \(item.values.count) values does not divide into \(item.leads) leads")
        }
        guard item.values.allSatisfy(\.isFinite) else { throw ExplainError(.data, "the item holds values that are no numbers") }
        for (name, map) in zip(methods, item.maps) {
            guard map.count == item.values.count else {
                throw ExplainError(.data, "map '\(name)' has \(map.count) values, and the item \(item.values.count)")
            }
            guard map.allSatisfy(\.isFinite) else { throw ExplainError(.data, "map '\(name)' holds values that are no numbers") }
        }
    }

    /// The probabilities of points, or the outputs of a network that has none.
    private func outputs(_ points: [Float], shape: [Int]) throws -> [Float] {
        let outputs = try network.outputs(points, shape: shape)
        guard outputs.allSatisfy({ !$0.isNaN }) else { throw ExplainError(.data, "the network's output is no number") }
        return outputs
    }
}

extension Network {
    /// The probabilities of points, [point, class], or the plain outputs of a network that has no probabilities.
    func outputs(_ points: [Float], shape: [Int]) throws -> [Float] {
        let said = try session(shape).run(.init(shape: shape, values: points))
        return said.probabilities ?? said.logits
    }
}
