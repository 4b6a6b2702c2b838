// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import ECGModel
import TestSupport
import Testing

/// A trained network as PyTorch wrote it, which is part of the repository.
private let examplePath: String = {
    let here = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    return "/\(here)/Tests/Models/mitbih-cnn.onnx"
}()

@Suite struct SessionTests {
    /// Beats with a constant tail, as padding leaves them.
    private func beats(_ count: Int) -> Items {
        var state: UInt64 = 7
        var values: [Float] = []
        for _ in 0..<count * 2 {
            for sample in 0..<430 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                values.append(sample < 300 ? Float(state >> 40) / Float(1 << 24) : 0.25)
            }
        }
        return Items(shape: [2, 430], values: values)
    }

    @Test func anItemsBitsDoNotDependOnBatchOrThreads() throws {
        let model = try Model(path: examplePath)
        let items = beats(7)
        let all = try Session(model, itemShape: [2, 430], workers: Workers(count: 1)).reverse(items, targets: [.logit([3])])
        for (threads, chunk) in [(2, 1), (3, 2), (4, nil), (8, 8)] as [(Int, Int?)] {
            let session = try Session(model, itemShape: [2, 430], workers: Workers(count: threads), chunk: chunk)
            let other = try session.reverse(items, targets: [.logit([3])])
            #expect(other.prediction.logits == all.prediction.logits)
            #expect(other.targets[0].gradient.values == all.targets[0].gradient.values)
            let single = try session.run(Items(shape: [2, 430], values: Array(items[4])))
            #expect(single.logits == Array(all.prediction.logits(of: 4)))
        }
    }

    /// Every item once, in order, in whole chunks but for the first and the small ones at the end.
    @Test func chunksInTurnHoldEveryItemOnce() {
        for (count, chunk, threads) in [(80, 20, 2), (400, 20, 2), (401, 20, 2), (91, 7, 3), (13, 1, 4), (1000, 3, 1)] {
            let turns = Session.turns(count, chunk: chunk, threads: threads)
            #expect(turns.flatMap { Array($0) } == Array(0..<count), "\(count) items")
            #expect(turns.allSatisfy { !$0.isEmpty && $0.count <= chunk })
            #expect(turns.count(where: { $0.count == chunk }) >= threads)
        }
        #expect(Session.turns(79, chunk: 20, threads: 2).isEmpty)
    }

    @Test func gradientsOnConstantStretchesAreThoseOfExactArithmetic() throws {
        let model = try Model(path: examplePath)
        let items = beats(2)
        let fast = try Session(model, itemShape: [2, 430]).reverse(items, targets: [.logit([0])]).targets[0].gradient
        let exact = try Session(model, itemShape: [2, 430], inDouble: true).reverse(items, targets: [.logit([0])]).targets[0].gradient
        #expect(shareOfRange(fast.values, exact.values.map { Double($0) }) < 1e-4)
    }

    @Test func notANumberStaysVisibleInItsOwnItemAlone() throws {
        let session = try Session(Model(path: examplePath), itemShape: [2, 430])
        let clean = beats(3)
        var items = clean
        items.values[430 + 860] = .nan
        let (found, expected) = (try session.run(items), try session.run(clean))
        #expect(found.logits(of: 1).allSatisfy { $0.isNaN })
        #expect(found.predicted(1) == nil)
        #expect(Array(found.logits(of: 0)) == Array(expected.logits(of: 0)) && Array(found.logits(of: 2)) == Array(expected.logits(of: 2)))
    }

    @Test func aMisfitNamesBothShapes() throws {
        let model = try Model(path: examplePath)
        let error = #expect(throws: ModelError.self) { try Session(model, itemShape: [2, 400]) }
        #expect(error?.message.contains("[2,400]") == true && error?.message.contains("[batch,2,430]") == true)
    }

    @Test func targetsOutsideOfTheOutputsAreRefused() throws {
        let session = try Session(Model(path: examplePath), itemShape: [2, 430])
        #expect(throws: ModelError.self) { try session.reverse(beats(1), targets: [.logit([8])]) }
        #expect(throws: ModelError.self) { try session.reverse(beats(1), targets: [.logit([-1])]) }
        #expect(throws: ModelError.self) { try session.reverse(beats(3), targets: [.logit([0, 1])]) }
        #expect(throws: ModelError.self) { try session.layers(["no such layer"], of: beats(1)) }
    }

    @Test func damagedFilesAreRefusedAndNeverCrash() throws {
        let bytes = try #require(Npy.bytes(examplePath))
        #expect(throws: ModelError.self) { try Model(bytes: []) }
        for length in stride(from: 1, to: bytes.count, by: bytes.count / 97) {
            #expect(throws: ModelError.self) { try Model(bytes: Array(bytes.prefix(length))) }
        }
        var state: UInt64 = 11
        func draw(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for _ in 0..<300 {
            var damaged = bytes
            for _ in 0..<1 + draw(4) { damaged[draw(12_000)] = UInt8(draw(256)) }
            // Whatever is left may be a model or not; it must not crash or hang.
            guard let model = try? Model(bytes: damaged), let session = try? Session(model, itemShape: [2, 430]) else { continue }
            _ = try? session.run(beats(1))
        }
    }
}
