// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGKernels
import ECGModel

/// Errors of a whole model against float64 by plain loops: as the library runs it, and with every convolution direct, on the same items.
///
/// An item's error is the largest difference, as a share of the range of the item's exact values. Between float32 and float64 a ReLU or a pool
/// may switch, and such an item's error says nothing about a kernel: the median over the items counts.
struct PrecisionBench {
    let path: String
    let items: Int
    let threads: Int

    /// Lines of: what, median and largest error by the rule, the same with direct convolutions, the ratio of the medians.
    func run(_ write: (String) throws -> Void) throws {
        let workers = Workers(count: threads)
        let model = try Model(path: path)
        guard let declared = model.inputs.first?.shape?.dropFirst(), declared.allSatisfy({ $0 > 0 }) else {
            throw ValidationError("the model leaves the shape of its items free")
        }
        let shape = Array(declared)
        var state: UInt64 = 1
        func uniform() -> Float {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int32(truncatingIfNeeded: state >> 32)) / 2_147_483_648
        }
        // Sums of four are near enough to normal numbers.
        let batch = Items(
            shape: shape, values: (0..<items * shape.elementCount).map { _ in uniform() + uniform() + uniform() + uniform() })
        func outcome(_ algorithm: Convolution.Algorithm?, inDouble: Bool = false) throws -> (logits: [Float], gradient: [Float]) {
            Convolution.Algorithm.force(algorithm)
            defer { Convolution.Algorithm.force(nil) }
            let session = try Session(try Model(path: path), itemShape: shape, workers: workers, inDouble: inDouble)
            let result = try session.reverse(batch, targets: [.logit([session.outputShape.elementCount - 1])])
            return (result.prediction.logits, result.targets[0].gradient.values)
        }
        let exact = try outcome(nil, inDouble: true)
        let rule = try outcome(nil)
        let direct = try outcome(.direct)
        for (what, exact, rule, direct) in [
            ("logits", exact.logits, rule.logits, direct.logits), ("gradient", exact.gradient, rule.gradient, direct.gradient),
        ] {
            let (a, b) = (errors(rule, exact), errors(direct, exact))
            try write(
                "\(what) rule \(short(median(a))) \(short(a.max() ?? 0)) direct \(short(median(b))) \(short(b.max() ?? 0)) "
                    + "ratio \(Double(Int((median(a) / median(b) * 100).rounded())) / 100)\n")
        }
    }

    private func errors(_ found: [Float], _ exact: [Float]) -> [Double] {
        let count = exact.count / items
        return (0..<items).map { item in
            let own = exact[item * count..<(item + 1) * count].map(Double.init)
            let range = count > 1 ? (own.max() ?? 0) - (own.min() ?? 0) : abs(own.first ?? 0)
            return zip(own, found[item * count..<(item + 1) * count]).map { abs($0 - Double($1)) }.max().map { $0 / range } ?? 0
        }
    }

    private func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }

    /// Errors are near 1e-7: as hundredths of that.
    private func short(_ value: Double) -> String { "\(Double(Int((value * 1e9).rounded())) / 100)e-7" }
}
