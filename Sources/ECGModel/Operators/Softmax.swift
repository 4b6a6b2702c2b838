// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// Softmax and LogSoftmax along one axis; before opset 13 over all axes from `axis` on.
struct SoftmaxOperator: Operator {
    let logarithmic: Bool
    private let axis: Int
    private let flattens: Bool
    /// Lines of −∞ alone give zeros, as an Attention's do whose keys are all masked; NaN otherwise.
    private let emptyIsZero: Bool

    init(_ node: NodeReader, logarithmic: Bool, emptyIsZero: Bool = false) throws {
        self.logarithmic = logarithmic
        self.emptyIsZero = emptyIsZero
        flattens = node.opset < 13 && !emptyIsZero
        axis = try node.int("axis", default: flattens ? 1 : -1)
    }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        guard input.type.isFloat else { throw node.unsupported("element type \(input.type.rawValue)") }
        let axis = try node.axis(self.axis, rank: input.shape.count)
        let length = flattens ? input.shape[axis...].reduce(1, *) : input.shape.isEmpty ? 1 : input.shape[axis]
        let inner = flattens || input.shape.isEmpty ? 1 : input.shape[(axis + 1)...].reduce(1, *)
        return .kernel(
            [Fact(input.type, input.shape)], SoftmaxKernel(length: length, inner: inner, logarithmic: logarithmic, emptyIsZero: emptyIsZero)
        )
    }
}

struct SoftmaxKernel: ScalarKernel {
    let length: Int
    let inner: Int
    let logarithmic: Bool
    var emptyIsZero = false

    func supports(_ rule: Rule) -> Bool { true }

    private func forEachLine(_ count: Int, _ body: (Int) -> Void) {
        guard length > 0, inner > 0 else { return }
        for outer in 0..<count / (length * inner) {
            for i in 0..<inner { body(outer * length * inner + i) }
        }
    }

    func forward<T: Scalar>(_ run: ForwardRun, as _: T.Type) {
        guard let x = run.inputs[0]?.region(T.self), let y = run.outputs[0]?.region(T.self) else { return }
        if inner == 1, let x = x as? Region<Float>, let y = y as? Region<Float> {
            Normalisation.softmax(
                rows: length == 0 ? 0 : x.count / length, count: length, logarithm: logarithmic, input: x, output: y, workers: run.workers)
            return clearEmpty(x, y)
        }
        forEachLine(x.count) { start in
            var top = -T.infinity
            for c in 0..<length { top = max(top, x[start + c * inner]) }
            var sum: T = 0
            for c in 0..<length { sum += T.exp(x[start + c * inner] - top) }
            let logarithm = T.log(sum)
            for c in 0..<length {
                let centred = x[start + c * inner] - top
                y[start + c * inner] = logarithmic ? centred - logarithm : T.exp(centred) / sum
            }
        }
        clearEmpty(x, y)
    }

    private func clearEmpty<T: Scalar>(_ x: Region<T>, _ y: Region<T>) {
        guard emptyIsZero else { return }
        forEachLine(x.count) { start in
            guard (0..<length).allSatisfy({ x[start + $0 * inner] == -.infinity }) else { return }
            for c in 0..<length { y[start + c * inner] = 0 }
        }
    }

    func reverse<T: Scalar>(_ run: ReverseRun, as _: T.Type) {
        guard let y = run.outputs[0]?.region(T.self), let g = run.outputGradients[0]?.region(T.self),
            let into = run.inputGradients[0]?.region(T.self)
        else { return }
        if run.rule == .rescale { return rescale(run, g, into) }
        if inner == 1, let y = y as? Region<Float>, let g = g as? Region<Float>, let into = into as? Region<Float> {
            return Normalisation.softmaxGradient(
                rows: length == 0 ? 0 : y.count / length, count: length, logarithm: logarithmic, output: y, upstream: g, gradient: into,
                accumulate: true, workers: run.workers)
        }
        forEachLine(y.count) { start in
            var sum: T = 0
            for c in 0..<length { sum += logarithmic ? g[start + c * inner] : g[start + c * inner] * y[start + c * inner] }
            for c in 0..<length {
                let i = start + c * inner
                into[i] += logarithmic ? g[i] - T.exp(y[i]) * sum : y[i] * (g[i] - sum)
            }
        }
    }

    private func rescale<T: Scalar>(_ run: ReverseRun, _ g: Region<T>, _ into: Region<T>) {
        guard let x = run.inputs[0]?.region(T.self), let x0 = run.referenceInputs[0]?.region(T.self) else { return }
        forEachLine(x.count) { start in
            let indices = (0..<length).map { start + $0 * inner }
            let line = SoftmaxMultipliers(indices.map { Double(x[$0]) }, indices.map { Double(x0[$0]) })
            let upstream = indices.map { Double(g[$0]) }
            let found = logarithmic ? line.ofLogSoftmax(upstream) : line.ofSoftmax(upstream)
            for (i, multiplier) in zip(indices, found) { into[i] += T(multiplier) }
        }
    }
}

let softmaxOperators: [OperatorEntry] = [
    OperatorEntry("Softmax") { try SoftmaxOperator($0, logarithmic: false) },
    OperatorEntry("LogSoftmax") { try SoftmaxOperator($0, logarithmic: true) },
]
