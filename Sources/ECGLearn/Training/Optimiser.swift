// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Glibc

/// How parameters follow their gradients.
public struct Optimiser: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable {
        /// Kingma and Ba 2015.
        case adam
        /// Adam with weight decay apart from the gradient (Loshchilov and Hutter 2019).
        case adamw
        /// Adam with Nesterov momentum (Dozat 2016), with the momentum schedule of PyTorch's and Keras's NAdam.
        case nadam
        /// Gradient descent with momentum.
        case sgd
    }

    public var kind: Kind
    public var momentum: Double
    public var secondMomentum: Double
    public var epsilon: Double
    /// Of matrices and taps, not of biases and scales. In `adam`, `nadam` and `sgd` it is added to the gradient, as PyTorch does.
    public var weightDecay: Double

    public init(_ kind: Kind, momentum: Double = 0.9, secondMomentum: Double = 0.999, epsilon: Double = 1e-7, weightDecay: Double = 0) {
        self.kind = kind
        self.momentum = momentum
        self.secondMomentum = secondMomentum
        self.epsilon = epsilon
        self.weightDecay = weightDecay
    }

    /// What the optimiser remembers: a mean of gradients, one of their squares, and Nadam's product of momenta.
    public struct Memory: Sendable {
        public var first: Region<Float>
        public var second: Region<Float>
        public var steps = 0
        public var product = 1.0

        public init(count: Int) {
            first = Region(count: count)
            second = Region(count: count)
        }
    }

    /// Takes one step.
    public func step(
        _ parameters: Region<Float>, gradients: Region<Float>, memory: inout Memory, rate: Double, decays: [Range<Int>], workers: Workers
    ) {
        let count = memory.first.count
        if weightDecay > 0 {
            for range in decays {
                if kind == .adamw {
                    let keep = Float(1 - rate * weightDecay)
                    for at in range { parameters[at] *= keep }
                } else {
                    for at in range { gradients[at] += Float(weightDecay) * parameters[at] }
                }
            }
        }
        memory.steps += 1
        let t = Double(memory.steps)
        let (b1, b2) = (Float(momentum), Float(secondMomentum))
        let (first, second) = (memory.first, memory.second)
        var direct: Float = 0
        var averaged = Float(rate)
        var correction: Float = 1
        switch kind {
        case .sgd:
            // PyTorch's form: v = μ v + g; p −= rate · v.
            let rate = Float(rate)
            Self.split(count, workers) { range in
                for at in range {
                    first[at] = b1 * first[at] + gradients[at]
                    parameters[at] -= rate * first[at]
                }
            }
            return
        case .adam, .adamw:
            averaged = Float(rate / (1 - pow(momentum, t)))
            correction = Float(1 / (1 - pow(secondMomentum, t)))
        case .nadam:
            let now = momentum * (1 - 0.5 * pow(0.96, t * 0.004))
            let next = momentum * (1 - 0.5 * pow(0.96, (t + 1) * 0.004))
            memory.product *= now
            direct = Float(rate * (1 - now) / (1 - memory.product))
            averaged = Float(rate * next / (1 - memory.product * next))
            correction = Float(1 / (1 - pow(secondMomentum, t)))
        }
        let (g1, m1, scale, small) = (direct, averaged, correction, Float(epsilon))
        Self.split(count, workers) { range in
            for at in range {
                let g = gradients[at]
                let m = b1 * first[at] + (1 - b1) * g
                let v = b2 * second[at] + (1 - b2) * g * g
                first[at] = m
                second[at] = v
                parameters[at] -= (m1 * m + g1 * g) / ((v * scale).squareRoot() + small)
            }
        }
    }

    /// Scales gradients down so that the norm of all together is at most `limit`; returns the norm before.
    ///
    /// The squares are summed in blocks of a fixed size, in double precision: the same bits whatever the threads.
    public static func clip(_ gradients: Region<Float>, norm limit: Double) -> Double {
        var total = 0.0
        for start in stride(from: 0, to: gradients.count, by: 4096) {
            var sum = 0.0
            for at in start..<min(start + 4096, gradients.count) { sum += Double(gradients[at]) * Double(gradients[at]) }
            total += sum
        }
        let norm = total.squareRoot()
        if norm > limit {
            let scale = Float(limit / norm)
            gradients.set(gradients) { $0 * scale }
        }
        return norm
    }

    private static func split(_ count: Int, _ workers: Workers, _ body: @Sendable (Range<Int>) -> Void) {
        let parts = max(1, min(workers.count, count >> 14))
        workers.run(parts) { part, _ in body(count * part / parts..<count * (part + 1) / parts) }
    }
}
