// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import ECGLearn
import Testing

/// Training as a whole: what it depends on, and what not.
struct TrainerTests {
    /// Items of two classes that differ in where a bump is.
    static func data(_ count: Int, width: Int = 64, memory: Int = 1 << 20) throws -> TrainingData {
        let store = ItemStore(width: width, limit: memory)
        var targets: [Loss.Target] = []
        for item in 0..<count {
            var x = Oracle.formula("item \(item)", width).map { Float(0.3 * $0) }
            let at = item % 2 == 0 ? 15 : 40
            for t in at..<at + 6 { x[t] += 1 }
            try store.append(x)
            targets.append(.class(item % 2))
        }
        return TrainingData(
            items: store, targets: targets, classes: (0..<count).map { $0 % 2 }, training: Array(0..<count * 3 / 4),
            validation: Array(count * 3 / 4..<count), leads: 1, fs: 100)
    }

    static func trainer(threads: Int = 2, memory: Int = 1 << 20, change: (inout TrainingSettings) -> Void = { _ in }) throws -> Trainer {
        let data = try data(60, memory: memory)
        let graph = try Network.residual.graph(.init(leads: 1, samples: 64, outputs: 2, width: 0.25, depth: 2, dropout: 0.1))
        var settings = TrainingSettings()
        settings.epochs = 4
        settings.batch = 8
        settings.rate = 0.01
        settings.balance = .epoch
        settings.augmentation.noise = 0.05
        settings.augmentation.shift = 2
        settings.augmentation.wander = 0.1
        settings.augmentation.scaling = 0.1
        change(&settings)
        return try Trainer(graph, settings, data, fingerprint: "test", workers: Workers(count: threads))
    }

    @Test func itLearns() throws {
        let trainer = try Self.trainer()
        try trainer.run()
        let last = try #require(trainer.history.last)
        #expect(last.accuracy ?? 0 >= 0.9, "\(trainer.history)")
        #expect(last.trainingLoss < trainer.history[0].trainingLoss)
    }

    @Test func aRegressionStartsAtTheMeanOfItsTargets() throws {
        let store = ItemStore(width: 64, limit: 1 << 20)
        let values: [Float] = [380, 420, 400, 1000]
        // An item of zeros gives a network without offsets its last bias alone.
        for _ in values { try store.append([Float](repeating: 0, count: 64)) }
        let data = TrainingData(
            items: store, targets: values.map { .values([$0, -$0 / 1000]) }, classes: [0, 0, 0, 0], training: [0, 1, 2], validation: [3],
            leads: 1, fs: 100)
        #expect(data.meanTargets == [400, -0.4])
        var graph = try Network.residual.graph(.init(leads: 1, samples: 64, outputs: 2, width: 0.25, depth: 2))
        graph.startOutput(at: data.meanTargets)
        let trainer = try Trainer(graph, TrainingSettings(), data, fingerprint: "test", workers: Workers(count: 1))
        try trainer.evaluate([0]) { _, logits in #expect(logits == [400, -0.4]) }
    }

    @Test func threadsAndTheStoreDoNotMatter() throws {
        let first = try Self.trainer(threads: 1)
        try first.run()
        // A few items in memory, the rest in the temporary file.
        let second = try Self.trainer(threads: 3, memory: 64 * 5)
        try second.run()
        #expect(first.result.parameters == second.result.parameters)
        #expect(first.result.states == second.result.states)
        #expect(first.history == second.history)
    }

    @Test(arguments: Optimiser.Kind.allCases) func aRunGoesOnFromAnyStepAsIfItHadNeverStopped(_ kind: Optimiser.Kind) throws {
        func change(_ settings: inout TrainingSettings) {
            settings.optimiser = Optimiser(kind)
            settings.epochs = 3
            settings.keepsBest = kind != .sgd
        }
        let whole = try Self.trainer(change: change)
        var states: [[UInt8]] = []
        try whole.run(checkpoint: { _ in states.append(whole.checkpointBytes) })
        for state in [states[0], states[states.count / 2], states[states.count - 1]] {
            let other = try Self.trainer(threads: 1, change: change)
            try other.resume(from: state)
            try other.run()
            #expect(other.result.parameters == whole.result.parameters && other.result.states == whole.result.states)
            #expect(other.history == whole.history)
        }
        var damaged = states[0]
        damaged[damaged.count / 2] ^= 1
        #expect(throws: LearnError.self) { try whole.resume(from: damaged) }
        #expect(throws: LearnError.self) { try whole.resume(from: Array(states[0].dropLast(9))) }
        #expect(throws: LearnError.self) { try whole.resume(from: []) }
    }

    @Test func aLossThatIsNoNumberEndsTheTraining() throws {
        let trainer = try Self.trainer { settings in
            settings.rate = 1e30
            settings.optimiser = Optimiser(.sgd)
        }
        #expect(throws: LearnError.self) { try trainer.run() }
    }

    @Test func itStopsWhereNothingGetsBetter() throws {
        let trainer = try Self.trainer { settings in
            settings.rate = 1e-12
            settings.epochs = 50
            settings.patience = 2
            settings.monitor = .accuracy
        }
        try trainer.run()
        #expect(trainer.history.count <= 10)
    }

    // MARK: Splits

    @Test func aSplitByRecordNeverDividesARecord() {
        var request = Split.Request()
        request.holdout = 0.3
        request.validation = 0.2
        request.testRecords = ["r1"]
        let records = (0..<200).map { "r\($0 % 20)" }
        let keys = (0..<200).map { "r\($0 % 20)/\($0)" }
        let parts = Split(request, keys: keys, records: records, classes: [Int](repeating: 0, count: 200)).parts
        for record in Set(records) { #expect(Set(zip(records, parts).filter { $0.0 == record }.map(\.1)).count == 1) }
        #expect(zip(records, parts).allSatisfy { $0.0 != "r1" || $0.1 == .heldOut })
        #expect(parts.count { $0 == .heldOut } == 10 * (1 + 6))
        #expect(parts.count { $0 == .validation } == 10 * 3)
    }

    @Test func aStratifiedSplitTakesTheSameShareOfEachClass() {
        var request = Split.Request()
        request.unit = .item
        request.holdout = 0.25
        request.validation = 0
        request.isStratified = true
        let classes = (0..<400).map { $0 % 10 == 0 ? 1 : 0 }
        let keys = classes.indices.map { "\($0)" }
        let parts = Split(request, keys: keys, records: keys, classes: classes).parts
        for label in 0...1 {
            let all = classes.indices.filter { classes[$0] == label }
            #expect(all.count { parts[$0] == .heldOut } == all.count / 4)
        }
        // Another order of the items is the same draw.
        let turned = Split(request, keys: keys.reversed(), records: keys.reversed(), classes: classes.reversed()).parts
        #expect(Array(turned.reversed()) == parts)
    }
}
