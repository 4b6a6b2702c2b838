// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// LSTM: both directions, initial states, sequence lengths, peepholes, any of ONNX's gate functions.
struct LSTMOperator: Operator {
    private let attributes: RecurrentAttributes

    init(_ node: NodeReader) throws {
        attributes = try RecurrentAttributes(node, functions: ["Sigmoid", "Tanh", "Tanh"])
        guard try node.int("input_forget", default: 0) == 0 else { throw node.unsupported("input_forget 1") }
    }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let shape = try RecurrentShape(inputs, attributes, gates: 4, node: node)
        let type = try node.input(0, of: inputs).type
        let lengths = try node.constantIntegers(4, of: inputs)
        guard lengths?.allSatisfy({ (0...shape.steps).contains($0) }) ?? true else {
            throw node.misfit("sequence lengths are out of range")
        }
        if inputs.count > 6, let cell = inputs[6] {
            guard cell.shape == shape.stateShape else { throw node.misfit("initial_c has shape \(cell.shape.text)") }
        }
        if inputs.count > 7, let peepholes = inputs[7] {
            guard peepholes.shape == [shape.directions, 3 * shape.hidden] else { throw node.misfit("P has shape \(peepholes.shape.text)") }
        }
        let outputs = [Fact(type, shape.sequenceShape), Fact(type, shape.stateShape), Fact(type, shape.stateShape)]
        if attributes.isStandardLSTM, inputs.count < 8 || inputs[7] == nil,
            let fast = RecurrentKernel.specialised(
                .lstm, shape, attributes.backwards, inputs, lengths: lengths, outputs: outputs, node: node)
        {
            return fast
        }
        let kept = [Fact(type, [shape.directions, shape.steps, shape.items, LSTMKernel.keptRow * shape.hidden])]
        return .kernel(
            outputs, kept: kept,
            LSTMKernel(shape: shape, backwards: attributes.backwards, functions: attributes.functions, lengths: lengths))
    }
}

/// An LSTM by plain loops.
///
/// A step keeps, each `hidden` long: the four gates before and behind their functions (input, output, forget, candidate), the cell, the cell behind its function.
struct LSTMKernel: Kernel {
    static let keptRow = 10

    let shape: RecurrentShape
    let backwards: [Bool]
    let functions: [GateFunction]
    let lengths: [Int]?

    func gradientInputs(_ inputs: [Fact?]) -> [Int] {
        [0, 5, 6].filter { $0 < inputs.count && inputs[$0] != nil && inputs[$0]?.constant == nil }
    }

    func reverseReads(_ rule: Rule) -> ReverseReads { .inputs }
    func supports(_ rule: Rule) -> Bool { true }

    func forward(_ run: ForwardRun) {
        guard let type = run.inputs[0]?.type else { return }
        if type == .float32 { forward(run, Float.self) } else { forward(run, Double.self) }
    }

    func reverse(_ run: ReverseRun) {
        guard let type = run.inputs[0]?.type else { return }
        if type == .float32 { reverse(run, Float.self) } else { reverse(run, Double.self) }
    }

    private func input<T: Scalar>(_ tensors: [Tensor?], _ index: Int, _: T.Type) -> Region<T>? {
        index < tensors.count ? tensors[index]?.region() : nil
    }

    /// The time step that an item's `step` is, in direction `d`.
    private func time(_ step: Int, _ d: Int, _ length: Int) -> Int { backwards[d] ? length - 1 - step : step }

    private func forward<T: Scalar>(_ run: ForwardRun, _: T.Type) {
        guard let x = input(run.inputs, 0, T.self), let w = input(run.inputs, 1, T.self), let r = input(run.inputs, 2, T.self) else {
            return
        }
        let (bias, h0, c0, peepholes) = (
            input(run.inputs, 3, T.self), input(run.inputs, 5, T.self), input(run.inputs, 6, T.self), input(run.inputs, 7, T.self)
        )
        let (all, lastH, lastC) = (input(run.outputs, 0, T.self), input(run.outputs, 1, T.self), input(run.outputs, 2, T.self))
        let kept = run.kept.first?.region(T.self)
        let (H, I) = (shape.hidden, shape.input)
        var gates = [T](repeating: 0, count: 4 * H)
        var (h, c) = ([T](repeating: 0, count: H), [T](repeating: 0, count: H))
        for d in 0..<shape.directions {
            let (f, g, hFunction) = (functions[3 * d], functions[3 * d + 1], functions[3 * d + 2])
            for n in 0..<shape.items {
                let length = lengths?[n] ?? shape.steps
                for u in 0..<H {
                    h[u] = h0?[shape.state(d, n) + u] ?? 0
                    c[u] = c0?[shape.state(d, n) + u] ?? 0
                }
                for step in 0..<shape.steps {
                    if step >= length {
                        if let all { for u in 0..<H { all[shape.y(step, d, n) + u] = 0 } }
                        continue
                    }
                    let t = time(step, d, length)
                    let xAt = shape.x(t, n)
                    for row in 0..<4 * H {
                        var sum: T = bias.map { $0[d * 8 * H + row] + $0[d * 8 * H + 4 * H + row] } ?? 0
                        let wAt = (d * 4 * H + row) * I
                        for i in 0..<I { sum += w[wAt + i] * x[xAt + i] }
                        let rAt = (d * 4 * H + row) * H
                        for u in 0..<H { sum += r[rAt + u] * h[u] }
                        gates[row] = sum
                    }
                    let keptAt = ((d * shape.steps + t) * shape.items + n) * Self.keptRow * H
                    for u in 0..<H {
                        let p = d * 3 * H + u
                        let iPre = gates[u] + (peepholes.map { $0[p] * c[u] } ?? 0)
                        let fPre = gates[2 * H + u] + (peepholes.map { $0[p + 2 * H] * c[u] } ?? 0)
                        let (i, forget, candidate) = (f.value(iPre), f.value(fPre), g.value(gates[3 * H + u]))
                        let cell = forget * c[u] + i * candidate
                        let oPre = gates[H + u] + (peepholes.map { $0[p + H] * cell } ?? 0)
                        let o = f.value(oPre)
                        let shown = hFunction.value(cell)
                        c[u] = cell
                        h[u] = o * shown
                        if let kept {
                            let row = [iPre, oPre, fPre, gates[3 * H + u], i, o, forget, candidate, cell, shown]
                            for (place, value) in row.enumerated() { kept[keptAt + place * H + u] = value }
                        }
                        all?[shape.y(t, d, n) + u] = h[u]
                    }
                }
                for u in 0..<H {
                    lastH?[shape.state(d, n) + u] = h[u]
                    lastC?[shape.state(d, n) + u] = c[u]
                }
            }
        }
    }

    /// What a step kept, for one unit.
    private struct Unit<T: Scalar> {
        let before: (i: T, o: T, f: T, g: T)
        let gates: (i: T, o: T, f: T, g: T)
        let cell: T
        let shown: T

        init(_ kept: Region<T>, _ at: Int, _ H: Int) {
            before = (kept[at], kept[at + H], kept[at + 2 * H], kept[at + 3 * H])
            gates = (kept[at + 4 * H], kept[at + 5 * H], kept[at + 6 * H], kept[at + 7 * H])
            cell = kept[at + 8 * H]
            shown = kept[at + 9 * H]
        }
    }

    private func reverse<T: Scalar>(_ run: ReverseRun, _: T.Type) {
        guard let w = input(run.inputs, 1, T.self), let r = input(run.inputs, 2, T.self), let kept = run.kept.first?.region(T.self) else {
            return
        }
        let (c0, peepholes) = (input(run.inputs, 6, T.self), input(run.inputs, 7, T.self))
        let (gAll, gLastH, gLastC) = (
            input(run.outputGradients, 0, T.self), input(run.outputGradients, 1, T.self), input(run.outputGradients, 2, T.self)
        )
        let (gx, gh0, gc0) = (
            input(run.inputGradients, 0, T.self), input(run.inputGradients, 5, T.self), input(run.inputGradients, 6, T.self)
        )
        // DeepLIFT: gates take Δgate/Δinput, products the average of both factors over item and reference, so that the whole adds up.
        let reference = run.rule == .rescale ? run.referenceKept.first?.region(T.self) : nil
        let reference0 = input(run.referenceInputs, 6, T.self)
        let (H, I) = (shape.hidden, shape.input)
        var (dh, dc) = ([T](repeating: 0, count: H), [T](repeating: 0, count: H))
        var before = [T](repeating: 0, count: 4 * H)
        for d in 0..<shape.directions {
            let (f, g, hFunction) = (functions[3 * d], functions[3 * d + 1], functions[3 * d + 2])
            for n in 0..<shape.items {
                let length = lengths?[n] ?? shape.steps
                for u in 0..<H {
                    dh[u] = gLastH?[shape.state(d, n) + u] ?? 0
                    dc[u] = gLastC?[shape.state(d, n) + u] ?? 0
                }
                for step in (0..<length).reversed() {
                    let t = time(step, d, length)
                    let at = ((d * shape.steps + t) * shape.items + n) * Self.keptRow * H
                    let previous = step == 0 ? nil : ((d * shape.steps + time(step - 1, d, length)) * shape.items + n) * Self.keptRow * H
                    for u in 0..<H {
                        let own = Unit(kept, at + u, H)
                        let other = reference.map { Unit($0, at + u, H) } ?? own
                        func mean(_ a: T, _ b: T) -> T { reference == nil ? a : (a + b) / 2 }
                        func slope(_ function: GateFunction, _ x: T, _ y: T, _ x0: T, _ y0: T) -> T {
                            reference == nil ? function.slope(x, y) : ActivationRules.multiplier(x, y, x0, y0) { function.slope(x, y) }
                        }
                        let last = previous.map { kept[$0 + 8 * H + u] } ?? c0?[shape.state(d, n) + u] ?? 0
                        let last0 =
                            reference == nil
                            ? last
                            : previous.flatMap { p in reference.map { $0[p + 8 * H + u] } } ?? reference0?[shape.state(d, n) + u] ?? 0
                        let dy = dh[u] + (gAll?[shape.y(t, d, n) + u] ?? 0)
                        let p = d * 3 * H + u
                        let dOutput = dy * mean(own.shown, other.shown) * slope(f, own.before.o, own.gates.o, other.before.o, other.gates.o)
                        var dCell =
                            dc[u] + dy * mean(own.gates.o, other.gates.o) * slope(hFunction, own.cell, own.shown, other.cell, other.shown)
                        if let peepholes { dCell += dOutput * peepholes[p + H] }
                        let dInput =
                            dCell * mean(own.gates.g, other.gates.g) * slope(f, own.before.i, own.gates.i, other.before.i, other.gates.i)
                        let dForget = dCell * mean(last, last0) * slope(f, own.before.f, own.gates.f, other.before.f, other.gates.f)
                        let dCandidate =
                            dCell * mean(own.gates.i, other.gates.i) * slope(g, own.before.g, own.gates.g, other.before.g, other.gates.g)
                        dc[u] = dCell * mean(own.gates.f, other.gates.f)
                        if let peepholes { dc[u] += dInput * peepholes[p] + dForget * peepholes[p + 2 * H] }
                        before[u] = dInput
                        before[H + u] = dOutput
                        before[2 * H + u] = dForget
                        before[3 * H + u] = dCandidate
                    }
                    for u in 0..<H { dh[u] = 0 }
                    let xAt = shape.x(t, n)
                    for row in 0..<4 * H {
                        let value = before[row]
                        let rAt = (d * 4 * H + row) * H
                        for u in 0..<H { dh[u] += r[rAt + u] * value }
                        if let gx {
                            let wAt = (d * 4 * H + row) * I
                            for i in 0..<I { gx[xAt + i] += w[wAt + i] * value }
                        }
                    }
                }
                for u in 0..<H {
                    gh0?[shape.state(d, n) + u] += dh[u]
                    gc0?[shape.state(d, n) + u] += dc[u]
                }
            }
        }
    }
}

let recurrentOperators: [OperatorEntry] = [
    OperatorEntry("LSTM", since: 7) { try LSTMOperator($0) }
]
