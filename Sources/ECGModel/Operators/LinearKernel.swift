// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// Rows times a constant matrix plus a constant bias, in float32, by the kernel library: what Gemm and MatMul with constant weights are.
struct LinearKernel: Kernel {
    let node: Node
    let rows: Int
    let inner: Int
    let columns: Int
    /// [inner, columns], or [columns, inner] if transposed.
    let weights: Tensor
    let isTransposed: Bool
    private(set) var bias: [Float]?
    let factor: Float
    /// The shape [channel, position…] whose elements the rows are, where the row lies channels last: the weights' rows are brought into that order.
    var channelsLast: Shape?
    var activation: ECGKernels.Activation = .identity
    private var product: MatrixProduct?
    /// The values behind additions that were merged into the bias.
    private var added: [ValueIndex?] = []
    /// The steps before it that it has taken over, the last first.
    private var links: [TailLink] = []

    init(node: Node, rows: Int, inner: Int, columns: Int, weights: Tensor, isTransposed: Bool, bias: [Float]?, factor: Float = 1) {
        self.node = node
        self.rows = rows
        self.inner = inner
        self.columns = columns
        self.weights = weights
        self.isTransposed = isTransposed
        self.bias = bias
        self.factor = factor
    }

    /// Takes over a row that is added behind it.
    mutating func add(_ row: [Float], node: Node) {
        bias = bias.map { zip($0, row).map { $0 + $1 } } ?? row
        added += node.outputs
    }

    /// The same with the linear steps before it, the last first.
    /// - Parameter hasBias: false for all but one of the terms that a sum before it is divided into.
    func takingOver(_ links: [TailLink], hasBias: Bool) -> LinearKernel {
        var copy = self
        copy.links = links
        if !hasBias { (copy.bias, copy.added) = (nil, []) }
        return copy
    }

    /// What tells its weights apart from those of the same layer with other steps before it.
    private var linkNames: [String] { links.map(\.name) + (bias == nil ? ["no bias"] : []) }

    /// The same with its weights packed.
    func prepared(_ cache: PreparedWeights) -> LinearKernel {
        var copy = self
        copy.product = cache.product(
            PreparedWeights.ProductKey(
                node: node.outputs, rounds: cache.rounds(weights), bias: cache.isOfRounds ? bias : nil, added: added, inner: inner,
                channelsLast: channelsLast, links: linkNames, activation: activation)
        ) {
            var values = weights.floats ?? []
            if factor != 1 { for i in values.indices { values[i] *= factor } }
            if let channelsLast {
                // Row `place` of the reordered matrix is row `order[place]` of the given one.
                let (channels, positions) = (channelsLast[0], channelsLast.dropFirst().reduce(1, *))
                let given = values
                for position in 0..<positions {
                    for channel in 0..<channels {
                        let (to, from) = (position * channels + channel, channel * positions + position)
                        for column in 0..<columns {
                            if isTransposed {
                                values[column * inner + to] = given[column * inner + from]
                            } else {
                                values[to * columns + column] = given[from * columns + column]
                            }
                        }
                    }
                }
            }
            if links.isEmpty {
                return MatrixProduct(
                    inner: inner, columns: columns, weights: values, transposed: isTransposed, bias: bias, activation: activation)
            }
            return together(values)
        }
        return copy
    }

    /// The product with the steps that were taken over.
    private func together(_ values: [Float]) -> MatrixProduct {
        var behind = Region<Double>(count: columns * inner)
        for column in 0..<columns {
            for i in 0..<inner {
                behind[column * inner + i] = Double(isTransposed ? values[column * inner + i] : values[i * columns + column])
            }
        }
        var sum = bias.map { $0.map { Double($0) } } ?? [Double](repeating: 0, count: columns)
        for link in links { behind = link.backwards(behind, columns: columns, bias: &sum) }
        return MatrixProduct(
            inner: behind.count / max(columns, 1), columns: columns, weights: behind.elements.map { Float($0) }, transposed: true,
            bias: sum.map { Float($0) }, activation: activation)
    }

    func gradientInputs(_ inputs: [Fact?]) -> [Int] { [0] }
    func reverseReads(_ rule: Rule) -> ReverseReads { activation == .identity ? .none : .outputs }
    var canSetGradients: Bool { true }
    func supports(_ rule: Rule) -> Bool { true }
    func scratchBytes(threads: Int) -> Int { activation == .identity ? 0 : rows * columns * 4 }

    func forward(_ run: ForwardRun) {
        guard let product, let x = run.inputs[0]?.region(Float.self), let y = run.outputs[0]?.region(Float.self) else { return }
        product.forward(rows: rows, input: x, output: y, workers: run.workers)
    }

    func reverse(_ run: ReverseRun) {
        guard let product, var g = run.outputGradients[0]?.region(Float.self), let into = run.inputGradients[0]?.region(Float.self) else {
            return
        }
        if activation != .identity, let y = run.outputs[0]?.region(Float.self), let scratch = run.scratch {
            let inner = scratch.floats(0..<g.count)
            activation.reverse(g, y, into: inner, rule: run.rule, accumulate: false)
            g = inner
        }
        product.inputGradient(rows: rows, outputGradient: g, inputGradient: into, accumulate: run.accumulates[0], workers: run.workers)
    }
}
