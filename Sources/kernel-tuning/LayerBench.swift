// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Glibc

/// Times the convolutions of the papers' networks, direct and in the frequency domain.
struct LayerBench {
    var items = 64
    var threads = 2
    var gradient = false
    /// Every number of points that could be worth it, beside the one that the rule picks.
    var sweep = false
    var selected: Set<String> = []

    struct Layer {
        let network: String
        let shape: ConvolutionShape

        init(_ network: String, _ length: Int, _ inputs: Int, _ outputs: Int, _ kernel: Int, stride: Int = 1, same: Bool = true) {
            self.network = network
            let pad = same ? max(0, ((length + stride - 1) / stride - 1) * stride + kernel - length) : 0
            shape = ConvolutionShape(
                inputChannels: inputs, outputChannels: outputs, kernel: kernel, stride: stride, padLeft: pad / 2, padRight: pad - pad / 2,
                inputLength: length)
        }
    }

    static let layers = [
        Layer("storas", 600, 12, 64, 8), Layer("storas", 600, 64, 32, 3), Layer("storas", 300, 32, 64, 50),
        Layer("storas", 300, 64, 32, 50),
        Layer("jones-cnn", 860, 1, 32, 16, same: false), Layer("jones-cnn", 845, 32, 32, 16, same: false),
        Layer("jones-cnn", 830, 32, 64, 16), Layer("jones-cnn", 830, 64, 32, 16), Layer("jones-cnn", 830, 32, 128, 16),
        Layer("jones-cnn", 830, 128, 32, 16),
        Layer("xplaim", 5000, 12, 16, 2), Layer("xplaim", 5000, 12, 16, 10), Layer("xplaim", 5000, 12, 16, 40),
        Layer("xplaim", 5000, 48, 16, 10), Layer("xplaim", 5000, 48, 16, 40), Layer("xplaim", 2500, 48, 32, 10),
        Layer("xplaim", 2500, 48, 32, 40), Layer("xplaim", 2500, 96, 32, 10), Layer("xplaim", 2500, 96, 32, 40),
        Layer("xplaim", 1250, 96, 128, 10), Layer("xplaim", 1250, 96, 128, 40), Layer("xplaim", 1250, 384, 128, 10),
        Layer("xplaim", 1250, 384, 128, 40),
        Layer("arends", 600, 8, 16, 7), Layer("arends", 600, 16, 16, 7), Layer("arends", 300, 16, 32, 7, stride: 2),
        Layer("arends", 300, 32, 32, 7), Layer("arends", 150, 64, 64, 7), Layer("arends", 75, 128, 128, 7),
        Layer("arends", 38, 256, 256, 7),
        Layer("mitbih-cnn", 430, 64, 128, 17), Layer("mitbih-cnn", 108, 128, 128, 17), Layer("mitbih-cnn", 27, 192, 256, 17),
        Layer("ribeiro", 4096, 12, 64, 16), Layer("ribeiro", 4096, 64, 128, 16), Layer("ribeiro", 4096, 128, 128, 16, stride: 4),
        Layer("ribeiro", 1024, 128, 196, 16), Layer("ribeiro", 1024, 196, 196, 16, stride: 4), Layer("ribeiro", 256, 196, 256, 16),
        Layer("ribeiro", 256, 256, 256, 16, stride: 4), Layer("ribeiro", 64, 256, 320, 16), Layer("ribeiro", 64, 320, 320, 16, stride: 4),
        Layer("odd", 1000, 50, 50, 5), Layer("odd", 1000, 1, 8, 33), Layer("odd", 1000, 32, 32, 4), Layer("odd", 1000, 32, 32, 5),
        Layer("odd", 1000, 128, 128, 3), Layer("odd", 1000, 128, 128, 5), Layer("odd", 1000, 8, 8, 5),
        Layer("odd", 1000, 64, 64, 9, stride: 2),
        Layer("odd", 5000, 12, 32, 100), Layer("odd", 1000, 16, 16, 250), Layer("odd", 1000, 16, 16, 300),
    ]

    static var networks: [String] { layers.map(\.network).reduce(into: []) { if !$0.contains($1) { $0.append($1) } } }

    func run() {
        let workers = Workers(count: threads)
        line("\(InstructionSet.current.name), batch \(items), \(threads) threads, \(gradient ? "input gradient" : "forward"): µs an item")
        line("network        length  channels  taps    direct  GFLOP/s  frequency   ratio  effective  transform  prepared  chosen  model")
        for layer in Self.layers where selected.isEmpty || selected.contains(layer.network) {
            let shape = layer.shape
            let direction: FrequencyProblem.Direction = gradient ? .inputGradient : .forward
            let precision: FrequencyTransform.Precision = gradient ? .double : .single
            let model = FrequencyCost(.current, precision)
            let problem = FrequencyProblem(shape, direction)
            let direct = time(Candidate(shape, direction, nil), workers)
            let chosen = FrequencyCost.tiling(shape, direction, precision, algorithm: nil, .current)
            guard let best = model.best(problem) else { continue }
            let found = time(Candidate(shape, direction, best.tiling), workers)
            let operations = Double(shape.operations)
            line(
                pad(layer.network, -12) + pad(shape.inputLength, 7) + pad("\(shape.inputChannels)-\(shape.outputChannels)", 10)
                    + pad("\(shape.kernel)\(shape.stride > 1 ? "/\(shape.stride)" : "")", 6) + pad(direct.run, 10, 1)
                    + pad(operations / direct.run / 1e3, 9, 0) + pad(found.run, 11, 1) + pad(direct.run / found.run, 8, 2)
                    + pad(operations / found.run / 1e3, 11, 0) + "  " + pad(best.tiling.radices.description, -16)
                    + pad(found.preparation / 1e3, 6, 1) + " ms  " + (chosen == nil ? "direct   " : "frequency")
                    + pad(model.direct(shape, direction) / best.cost, 7, 2))
            if sweep { sweepPoints(shape, direction, problem, model, found.run, best, workers) }
        }
    }

    private func sweepPoints(
        _ shape: ConvolutionShape, _ direction: FrequencyProblem.Direction, _ problem: FrequencyProblem, _ model: FrequencyCost,
        _ reference: Double,
        _ best: FrequencyCost.Choice, _ workers: Workers
    ) {
        // For each number of points the factors that the model likes, as far as it isn't hopeless.
        var choices: [Int: FrequencyCost.Choice] = [:]
        for radices in FrequencyTransform.Radices.all {
            guard let tiling = FrequencyTiling(problem, radices) else { continue }
            let cost = model.cost(problem, tiling)
            if cost < best.cost * 1.35 && cost < choices[radices.points]?.cost ?? .infinity {
                choices[radices.points] = FrequencyCost.Choice(tiling: tiling, cost: cost)
            }
        }
        var fewest: [Int: Double] = [:]
        for choice in choices.values { fewest[choice.tiling.pairs] = min(fewest[choice.tiling.pairs] ?? .infinity, choice.cost) }
        for (points, choice) in choices.sorted(by: { $0.key < $1.key }) where choice.cost <= (fewest[choice.tiling.pairs] ?? 0) * 1.001 {
            let measured = time(Candidate(shape, direction, choice.tiling), workers).run
            line(
                "    " + pad(choice.tiling.radices.description, -18) + pad(points, 5) + pad(measured, 10, 1)
                    + "  measured " + pad(measured / reference, 5, 2) + "  model " + pad(choice.cost / best.cost, 5, 2))
        }
    }

    /// Microseconds of preparation and, an item, of the fastest of several runs.
    private func time(_ candidate: Candidate, _ workers: Workers) -> (preparation: Double, run: Double) {
        var best = Double.infinity
        var spent = 0.0
        var runs = 0
        candidate.call(items, workers)
        while (spent < 1e5 || runs < 3) && runs < 1000 {
            let start = microseconds()
            candidate.call(items, workers)
            let took = microseconds() - start
            spent += took
            runs += 1
            best = min(best, took)
        }
        return (candidate.preparation, best / Double(items))
    }

    private func line(_ text: String) {
        _ = (text + "\n").withCString { write(STDOUT_FILENO, $0, strlen($0)) }
    }

    private func pad(_ value: some CustomStringConvertible, _ width: Int) -> String {
        let text = value.description
        let space = String(repeating: " ", count: max(0, abs(width) - text.count))
        return width < 0 ? text + space : space + text
    }

    private func pad(_ value: Double, _ width: Int, _ digits: Int) -> String {
        var power = 1.0
        for _ in 0..<digits { power *= 10 }
        let whole = Int((value * power).rounded())
        let (left, right) = whole.quotientAndRemainder(dividingBy: Int(power))
        let fraction = String(right)
        return pad(digits == 0 ? "\(left)" : "\(left)." + String(repeating: "0", count: digits - fraction.count) + fraction, width)
    }
}

/// A layer prepared one way, and buffers for it.
struct Candidate: Sendable {
    let preparation: Double
    private let shape: ConvolutionShape
    private let direction: FrequencyProblem.Direction
    private let layer: Convolution?
    private let frequency: FrequencyConvolution?

    init(_ shape: ConvolutionShape, _ direction: FrequencyProblem.Direction, _ tiling: FrequencyTiling?) {
        var seed: UInt32 = 1
        let weights = (0..<shape.weightCount).map { _ in
            seed = seed &* 1_664_525 &+ 1_013_904_223
            return (Float(seed >> 8) / Float(1 << 24) - 0.5) / 16
        }
        self.shape = shape
        self.direction = direction
        let start = microseconds()
        layer = tiling == nil ? Convolution(shape: shape, weights: weights, activation: .relu, algorithm: .direct) : nil
        frequency = tiling.map {
            FrequencyConvolution(
                shape, direction, tiling: $0, weights: weights, activation: direction == .forward ? .relu : .identity,
                precision: direction == .forward ? .single : .double, instructionSet: .current)
        }
        preparation = microseconds() - start
    }

    /// Runs a batch as a network would: many items are shared out in chunks, whose activations stay where they are, and few items are
    /// given to all threads.
    func call(_ items: Int, _ workers: Workers) {
        let inputCount = shape.inputLength * shape.inputChannels
        let outputCount = shape.outputLength * shape.outputChannels
        let isShared = items < 4 * workers.count
        let chunk = isShared ? items : max(1, min(8, 250_000 / (inputCount + outputCount)))
        let threads = isShared ? 1 : workers.count
        let buffers = Buffers.shared.take(
            threads * chunk * inputCount, threads * chunk * outputCount, isShared ? scratch(workers.count) : scratch(1) * threads)
        if isShared { return part(items, buffers.input, buffers.output, buffers.scratch, workers) }
        workers.run((items + chunk - 1) / chunk) { task, worker in
            part(
                min(chunk, items - task * chunk), buffers.input[worker * chunk * inputCount..<(worker + 1) * chunk * inputCount],
                buffers.output[worker * chunk * outputCount..<(worker + 1) * chunk * outputCount],
                buffers.scratch[worker * scratch(1)..<(worker + 1) * scratch(1)], nil)
        }
    }

    /// A whole number of cache lines.
    private func scratch(_ threads: Int) -> Int {
        let count =
            if let layer {
                layer.scratchCount(items: 64, threads: threads)
            } else if let frequency {
                FrequencyConvolution.scratchCount(
                    shape, direction, tiling: frequency.tiling, instructionSet: .current, items: 64, threads: threads)
            } else {
                0
            }
        return (count + 31) / 16 * 16
    }

    private func part(_ items: Int, _ input: Region<Float>, _ output: Region<Float>, _ scratch: Region<Float>, _ workers: Workers?) {
        let isForward = direction == .forward
        if let layer {
            if isForward {
                layer.forward(items: items, input: input, output: output, scratch: scratch, workers: workers)
            } else {
                layer.inputGradient(items: items, outputGradient: output, inputGradient: input, scratch: scratch, workers: workers)
            }
        } else if let frequency {
            if isForward {
                frequency.run(
                    items: items, input: input, inputRowStride: shape.inputChannels, output: output, outputRowStride: shape.outputChannels,
                    scratch: scratch, workers: workers)
            } else {
                frequency.run(
                    items: items, input: output, inputRowStride: shape.outputChannels, output: input, outputRowStride: shape.inputChannels,
                    scratch: scratch, workers: workers)
            }
        }
    }
}

/// The same memory for all candidates.
final class Buffers: @unchecked Sendable {
    static let shared = Buffers()
    private var input = Region<Float>(count: 0)
    private var output = Region<Float>(count: 0)
    private var scratch = Region<Float>(count: 0)

    /// Inputs change from call to call as little as it matters; they are small numbers, not zeros.
    func take(_ inputs: Int, _ outputs: Int, _ scratches: Int) -> (input: Region<Float>, output: Region<Float>, scratch: Region<Float>) {
        if input.count < inputs { input = Region((0..<inputs).map { Float($0 % 97) / 97 }) }
        if output.count < outputs { output = Region((0..<outputs).map { Float($0 % 89) / 89 }) }
        if scratch.count < scratches { scratch = Region(count: scratches) }
        return (input[0..<inputs], output[0..<outputs], scratch[0..<scratches])
    }
}

func microseconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) * 1e6 + Double(now.tv_nsec) / 1e3
}
