// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// Gemm: alpha·A·B + beta·C, each of A and B as it is or transposed, C broadcast.
struct GemmOperator: Operator {
    private let alpha: Float
    private let beta: Float
    private let transA: Bool
    private let transB: Bool

    init(_ node: NodeReader) throws {
        alpha = try node.float("alpha", default: 1)
        beta = try node.float("beta", default: 1)
        transA = try node.flag("transA")
        transB = try node.flag("transB")
        node.ignore("broadcast")
    }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let (a, b) = (try node.input(0, of: inputs), try node.input(1, of: inputs))
        let c = inputs.count > 2 ? inputs[2] : nil
        guard a.type.isFloat, b.type == a.type, c?.type ?? a.type == a.type else {
            throw node.unsupported("element type \(a.type.rawValue)")
        }
        guard a.shape.count == 2, b.shape.count == 2 else {
            throw node.misfit("inputs \(a.shape.text) and \(b.shape.text) are no matrices")
        }
        let (m, k) = transA ? (a.shape[1], a.shape[0]) : (a.shape[0], a.shape[1])
        let (k2, n) = transB ? (b.shape[1], b.shape[0]) : (b.shape[0], b.shape[1])
        guard k == k2 else { throw node.misfit("matrices \(a.shape.text) and \(b.shape.text) don't go together") }
        let shape = [m, n]
        if let c {
            guard c.shape.broadcast(with: shape) == shape else {
                throw node.misfit("summand \(c.shape.text) does not broadcast to \(shape.text)")
            }
        }
        if a.type == .float32, !transA, let weights = b.constant, m > 0, let bias = rowBias(c, columns: n) {
            return .kernel(
                [Fact(a.type, try node.checked(shape))],
                LinearKernel(
                    node: node.node, rows: m, inner: k, columns: n, weights: weights, isTransposed: transB, bias: bias.values, factor: alpha
                ))
        }
        return .kernel(
            [Fact(a.type, try node.checked(shape))],
            GemmKernel(
                m: m, n: n, k: k, a: transA ? (1, m) : (k, 1), b: transB ? (1, k) : (n, 1), alpha: Double(alpha), beta: Double(beta),
                summand: c.map { $0.shape.strides(broadcastTo: shape) }))
    }
}

extension GemmOperator {
    /// The summand as one bias a column, if it is constant and the same for every row; nil if it isn't.
    private func rowBias(_ summand: Fact?, columns: Int) -> (values: [Float]?, Void)? {
        guard let summand else { return (nil, ()) }
        guard let values = summand.constant?.floats, summand.shape.dropLast().allSatisfy({ $0 == 1 }),
            values.count == 1 || values.count == columns
        else { return nil }
        return ((0..<columns).map { beta * (values.count == 1 ? values[0] : values[$0]) }, ())
    }
}

struct GemmKernel: ScalarKernel {
    let m: Int
    let n: Int
    let k: Int
    /// Distances between rows and columns.
    let a: (Int, Int)
    let b: (Int, Int)
    let alpha: Double
    let beta: Double
    /// The summand's strides, broadcast to [m, n].
    let summand: [Int]?

    func reverseReads(_ rule: Rule) -> ReverseReads { .inputs }

    func supports(_ rule: Rule) -> Bool { true }

    func forward<T: Scalar>(_ run: ForwardRun, as _: T.Type) {
        guard let a = run.inputs[0]?.region(T.self), let b = run.inputs[1]?.region(T.self), let y = run.outputs[0]?.region(T.self) else {
            return
        }
        let c = run.inputs.count > 2 ? run.inputs[2]?.region(T.self) : nil
        for i in 0..<m {
            for j in 0..<n {
                var sum: T = 0
                for p in 0..<k { sum += a[i * self.a.0 + p * self.a.1] * b[p * self.b.0 + j * self.b.1] }
                var value = T(alpha) * sum
                if let c, let summand { value += T(beta) * c[i * summand[0] + j * summand[1]] }
                y[i * n + j] = value
            }
        }
    }

    func reverse<T: Scalar>(_ run: ReverseRun, as _: T.Type) {
        guard let x = run.inputs[0]?.region(T.self), let w = run.inputs[1]?.region(T.self), let g = run.outputGradients[0]?.region(T.self)
        else { return }
        // Under the rescale rule a product of two values that both depend on the items takes the average of item and reference.
        let both = run.rule == .rescale && run.inputGradients[0] != nil && run.inputGradients[1] != nil
        let (x0, w0) = both ? (run.referenceInputs[0]?.region(T.self), run.referenceInputs[1]?.region(T.self)) : (nil, nil)
        let (gx, gw) = (run.inputGradients[0]?.region(T.self), run.inputGradients[1]?.region(T.self))
        let gc = run.inputGradients.count > 2 ? run.inputGradients[2]?.region(T.self) : nil
        for i in 0..<m {
            for j in 0..<n {
                let gradient = g[i * n + j]
                if let gc, let summand { gc[i * summand[0] + j * summand[1]] += T(beta) * gradient }
                let scaled = T(alpha) * gradient
                for p in 0..<k {
                    let (ia, ib) = (i * a.0 + p * a.1, p * b.0 + j * b.1)
                    if let gx { gx[ia] += scaled * (w0.map { ($0[ib] + w[ib]) / 2 } ?? w[ib]) }
                    if let gw { gw[ib] += scaled * (x0.map { ($0[ia] + x[ia]) / 2 } ?? x[ia]) }
                }
            }
        }
    }
}

let matrixOperators: [OperatorEntry] = [
    OperatorEntry("Gemm", since: 7) { try GemmOperator($0) }
]
