// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGKernels
import Glibc

/// Times the kernels layer by layer against the multiply-add peak of this machine: a tool for those who work on them.
@main
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ecg-bench", abstract: "Time the kernels layer by layer, as a share of the measured multiply-add peak.",
        discussion: """
            For every convolution of the papers' networks, forward and the gradients of input and weights: microseconds an item, GFLOP/s counted as the direct \
            algorithm needs them, and that as a share of the peak. In the frequency domain the share can exceed 100 %.
            """)

    @Option(help: "Only this network: jones-cnn, mitbih-cnn, ribeiro, storas, arends, xplaim, lstm.") var net: String?
    @Option(help: "avx512, avx2 or portable; the widest by default.") var isa: String?
    @Option(help: "direct, frequency, or rule for what the library would choose.") var algorithm = "rule"
    @Option(help: "Items a call.") var items = 8
    @Option(name: [.short, .customLong("threads")], help: "Threads; above 1 a call divides its own work.") var threads = 1
    @Option(help: "Milliseconds to measure each for.") var milliseconds = 30.0

    @Option(help: "Time this ONNX model as a whole instead.") var model: String?
    @Option(help: "With --model: items a run, with commas.") var batch = "64,1"
    @Flag(help: "With --model: microseconds an item in each step, of all threads together.") var steps = false
    @Flag(help: "With --model: errors against float64, by the rule and direct, of --items items.") var errors = false

    func run() throws {
        if let isa {
            guard InstructionSet.force(named: isa) else {
                throw ValidationError("--isa \(isa): not an instruction set that can be run here")
            }
        }
        guard ["direct", "frequency", "rule"].contains(algorithm), items > 0, threads > 0 else {
            throw ValidationError("--algorithm must be direct, frequency or rule; --items and --threads at least 1")
        }
        if let model {
            if errors { return try PrecisionBench(path: model, items: items, threads: threads).run(write) }
            Convolution.Algorithm.force(algorithm == "direct" ? .direct : algorithm == "frequency" ? .frequency : nil)
            let batches = batch.split(separator: ",").compactMap { Int($0) }.filter { $0 > 0 }
            return try NetworkBench(path: model, batches: batches, threads: threads, seconds: milliseconds / 1e3, steps: steps).run(write)
        }
        let workers = threads > 1 ? Workers(count: threads) : nil
        let peak = Peak.operationsPerSecond(workers: workers)
        try write("\(InstructionSet.current.name), \(threads) threads: peak \(fixed(peak / 1e9, 1)) GFLOP/s\n")
        try write(
            "network     layer            in>out  k  s  length  algorithm      us/item GFLOP/s  peak |  reverse      us/item GFLOP/s  peak "
                + "|  weights      us/item GFLOP/s  peak\n")
        for layer in Networks.all where net == nil || net == layer.network { try time(layer, peak: peak, workers: workers) }
        if net == nil || net == "lstm" { try timeLSTM(peak: peak, workers: workers) }
    }

    private func time(_ layer: Layer, peak: Double, workers: Workers?) throws {
        let shape = layer.shape
        let forced: Convolution.Algorithm? = algorithm == "direct" ? .direct : algorithm == "frequency" ? .frequency : nil
        var state: UInt64 = 1
        func values(_ count: Int) -> [Float] {
            (0..<count).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Float(Int32(truncatingIfNeeded: state >> 33)) / 2_147_483_648
            }
        }
        let convolution = Convolution(
            shape: shape, weights: values(shape.weightCount), bias: values(shape.outputChannels), activation: .relu, algorithm: forced)
        let input = Region(values(items * shape.inputLength * shape.inputChannels))
        let output = Region<Float>(count: items * shape.outputLength * shape.outputChannels)
        let upstream = Region(values(output.count))
        let gradient = Region<Float>(count: input.count)
        let scratch = Region<Float>(count: convolution.scratchCount(items: items, threads: threads))
        let forward = measure { convolution.forward(items: items, input: input, output: output, scratch: scratch, workers: workers) }
        let reverse = measure {
            convolution.inputGradient(
                items: items, outputGradient: upstream, inputGradient: gradient, scratch: scratch, workers: workers)
        }
        let trainable = TrainableConvolution(shape: shape, algorithm: forced)
        let room = Region<Float>(count: trainable.scratchCount(items: items, threads: threads))
        let weightGradient = Region<Float>(count: shape.weightCount)
        let biasGradient = Region<Float>(count: shape.outputChannels)
        let weights = measure {
            trainable.gradients(
                items: items, input: input, outputGradient: upstream, weightGradient: weightGradient, biasGradient: biasGradient,
                scratch: room, workers: workers)
        }
        func figures(_ seconds: Double) -> String {
            let rate = Double(shape.operations) * Double(items) / seconds
            return pad(fixed(seconds / Double(items) * 1e6, 1), 12) + pad(fixed(rate / 1e9, 1), 8) + pad(fixed(rate / peak * 100, 0), 5)
                + "%"
        }
        let size = "\(shape.inputChannels)>\(shape.outputChannels)"
        try write(
            pad(layer.network, -12) + pad(layer.name, -16) + pad(size, 8) + pad("\(shape.kernel)", 3) + pad("\(shape.stride)", 3)
                + pad("\(shape.inputLength)", 8) + "  " + pad("\(convolution.algorithm)", -10) + figures(forward) + " | "
                + pad("\(convolution.reverseAlgorithm)", -10) + figures(reverse) + " | "
                + pad("\(trainable.weightGradientAlgorithm)", -10) + figures(weights) + "\n")
    }

    /// The papers' LSTM: 64 hidden units, one value a step, 860 steps.
    private func timeLSTM(peak: Double, workers: Workers?) throws {
        let (steps, hidden) = (860, 64)
        for items in [1, 64] {
            let weights = (0..<4 * hidden * hidden).map { Float($0 % 37 - 18) / 200 }
            let layer = Recurrent(
                kind: .lstm, inputSize: 1, hiddenSize: hidden, inputWeights: Array(weights.prefix(4 * hidden)), recurrentWeights: weights)
            let input = Recurrent.Sequence(Region((0..<items * steps).map { Float($0 % 11) / 11 }), itemStride: steps, timeStride: 1)
            let gradient = Recurrent.Sequence(Region(count: items * steps), itemStride: steps, timeStride: 1)
            let final = Recurrent.State(hidden: Region(count: items * hidden))
            let scratch = Region<Float>(count: layer.scratchCount(items: items))
            let trace = Region<Float>(count: layer.traceCount(items: items, steps: steps))
            let forward = measure {
                layer.forward(items: items, steps: steps, input: input, final: final, scratch: scratch, workers: workers)
            }
            let both = measure {
                layer.forward(items: items, steps: steps, input: input, final: final, trace: trace, scratch: scratch, workers: workers)
                layer.inputGradient(
                    items: items, steps: steps, finalGradient: final, trace: trace, inputGradient: gradient, scratch: scratch,
                    workers: workers)
            }
            let work = Double(8 * hidden * (hidden + 1) * steps * items)
            func share(_ work: Double, _ seconds: Double) -> String {
                "\(fixed(seconds / Double(items) * 1e6, 0)) us/item, \(fixed(work / seconds / peak * 100, 0)) % of peak"
            }
            try write("lstm 1>64, 860 steps, \(items) items: forward \(share(work, forward)); with gradient \(share(2 * work, both))\n")
        }
    }

    /// The shortest of several runs, in seconds.
    private func measure(_ body: () -> Void) -> Double {
        body()
        var best = Double.infinity
        let end = Peak.seconds() + milliseconds / 1e3
        repeat {
            let start = Peak.seconds()
            body()
            best = min(best, Peak.seconds() - start)
        } while Peak.seconds() < end
        return best
    }

    /// Straight to standard output, with errors seen.
    private func write(_ text: String) throws {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(1, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw ExitCode(74) }
            bytes = bytes.dropFirst(count)
        }
    }

    /// Right-aligned to `width`, left-aligned if it is negative.
    private func pad(_ text: String, _ width: Int) -> String {
        let spaces = String(repeating: " ", count: max(0, abs(width) - text.utf8.count))
        return width < 0 ? text + spaces : spaces + text
    }

    private func fixed(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
        var scale = 1
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int((abs(value) * Double(scale)).rounded())
        let fraction = String(scaled % scale)
        let text = digits == 0 ? "\(scaled)" : "\(scaled / scale)." + String(repeating: "0", count: digits - fraction.utf8.count) + fraction
        return value < 0 ? "-" + text : text
    }
}
