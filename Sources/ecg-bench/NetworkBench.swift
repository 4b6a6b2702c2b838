// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGKernels
import ECGModel

/// Times a whole model: inference and input gradient, as a table line for each batch.
struct NetworkBench {
    let path: String
    let batches: [Int]
    let threads: Int
    let seconds: Double
    let steps: Bool

    /// Lines of: model, batch, what, milliseconds an item, GFLOP/s as the direct algorithm counts them, share of the peak.
    func run(_ write: (String) throws -> Void) throws {
        let workers = Workers(count: threads)
        let start = Peak.seconds()
        let model = try Model(path: path)
        guard let shape = model.inputs.first?.shape?.dropFirst(), shape.allSatisfy({ $0 > 0 }) else {
            throw ValidationError("the model leaves the shape of its items free")
        }
        let session = try Session(model, itemShape: Array(shape), workers: workers)
        let loaded = Peak.seconds() - start
        try write("load \(Int((loaded * 1e6).rounded())) us\n")
        let operations = model.operations
        let peak = Peak.operationsPerSecond(workers: workers)
        for batch in batches {
            var state: UInt64 = 1
            let values = (0..<batch * Array(shape).elementCount).map { _ -> Float in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Float(Int32(truncatingIfNeeded: state >> 33)) / 1_073_741_824
            }
            let items = Items(shape: Array(shape), values: values)
            let target = Target.logit([session.outputShape.elementCount - 1])
            if steps {
                try writeSteps(session, items, write)
                continue
            }
            let forward = try median { _ = try session.run(items) }
            let reverse = try median { _ = try session.reverse(items, targets: [target]) }
            for (what, time, work) in [("inference", forward, operations), ("gradient", reverse, 2 * operations)] {
                let rate = Double(work) * Double(batch) / time
                try write("\(what) \(batch) \(time / Double(batch) * 1e3) \(rate / 1e9) \(rate / peak)\n")
            }
        }
    }

    /// A line for each step: microseconds an item forward and in reverse, the least of several runs.
    private func writeSteps(_ session: Session, _ items: Items, _ write: (String) throws -> Void) throws {
        var best: [StepTime] = []
        let end = Peak.seconds() + seconds
        var runs = 0
        repeat {
            let times = try session.stepTimes(items)
            runs += 1
            if best.isEmpty { best = times }
            for index in best.indices {
                best[index].forward = min(best[index].forward, times[index].forward)
                best[index].reverse = min(best[index].reverse, times[index].reverse)
            }
        } while Peak.seconds() < end || runs < 5
        func column(_ seconds: Double) -> String {
            let tenths = Int((seconds / Double(items.count) * 1e7).rounded())
            let text = "\(tenths / 10).\(tenths % 10)"
            return String(repeating: " ", count: max(1, 10 - text.utf8.count)) + text
        }
        var total = StepTime(name: "all")
        for step in best {
            total.forward += step.forward
            total.reverse += step.reverse
        }
        for step in best + [total] { try write("\(items.count)" + column(step.forward) + column(step.reverse) + "  \(step.name)\n") }
    }

    private func median(_ body: () throws -> Void) throws -> Double {
        try body()
        var times: [Double] = []
        let end = Peak.seconds() + seconds
        repeat {
            let start = Peak.seconds()
            try body()
            times.append(Peak.seconds() - start)
        } while Peak.seconds() < end || times.count < 5
        return times.sorted()[times.count / 2]
    }
}
