// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// What the steps of a recurrent layer compute, forward and in reverse; the loops over directions, items and time are `PlainRecurrentKernel`'s.
protocol RecurrentCell: Sendable {
    /// Rows of the weights for each hidden unit.
    static var gates: Int { get }
    /// Numbers that a step keeps for each hidden unit, for the reverse run.
    static var keptCount: Int { get }
    /// Takes `state` from before the step to after it, and fills `step.kept` of the tensors where there is such a thing.
    func advance<T: Scalar>(_ tensors: RecurrentTensors<T>, _ step: RecurrentStep, _ state: inout RecurrentState<T>)
    /// Takes the gradients in `state` from after the step to before it. Products take the average of item and reference where there is one.
    func retreat<T: Scalar>(_ tensors: RecurrentTensors<T>, _ step: RecurrentStep, _ state: inout RecurrentState<T>)
}

/// Hidden state and cell of an item in one direction, or their gradients, and room for the gates' sums.
struct RecurrentState<T: Scalar> {
    var hidden: [T]
    var cell: [T]
    var sums: [T]
    /// The hidden part of the sums, where a cell needs it by itself.
    var hiddenSums: [T]

    init(units: Int, gates: Int) {
        hidden = [T](repeating: 0, count: units)
        cell = hidden
        sums = [T](repeating: 0, count: gates * units)
        hiddenSums = sums
    }
}

/// Where a step is.
struct RecurrentStep {
    let direction: Int
    /// The input's first element.
    let x: Int
    /// The first element of what the step keeps, and of what the step before it kept.
    let kept: Int
    let previous: Int?
    /// The first element of the item's state in this direction.
    let state: Int
}

/// The tensors of one call, and the products that all cells are made of.
struct RecurrentTensors<T: Scalar> {
    let shape: RecurrentShape
    let gates: Int
    let x: Region<T>
    let w: Region<T>
    let r: Region<T>
    let bias: Region<T>?
    let hidden: Region<T>?
    let cell: Region<T>?
    let peepholes: Region<T>?
    let kept: Region<T>?
    /// Of the reference items, under the rescale rule.
    let referenceKept: Region<T>?
    let referenceHidden: Region<T>?
    let referenceCell: Region<T>?
    let gradients: [Region<T>?]

    init?(_ shape: RecurrentShape, gates: Int, _ inputs: [Tensor?], kept: Tensor?, reverse run: ReverseRun? = nil) {
        func input(_ index: Int, _ tensors: [Tensor?]) -> Region<T>? { index < tensors.count ? tensors[index]?.region() : nil }
        guard let x = input(0, inputs), let w = input(1, inputs), let r = input(2, inputs) else { return nil }
        (self.shape, self.gates, self.x, self.w, self.r) = (shape, gates, x, w, r)
        (bias, hidden, cell, peepholes) = (input(3, inputs), input(5, inputs), input(6, inputs), input(7, inputs))
        self.kept = kept?.region()
        let references = run?.rule == .rescale ? run : nil
        referenceKept = references?.referenceKept.first?.region()
        referenceHidden = input(5, references?.referenceInputs ?? [])
        referenceCell = input(6, references?.referenceInputs ?? [])
        gradients = (0..<8).map { input($0, run?.inputGradients ?? []) }
    }

    /// A gate's row of the input weights times the input, and its bias.
    func inputSum(_ step: RecurrentStep, _ row: Int) -> T {
        let (rows, count) = (gates * shape.hidden, shape.input)
        var sum = bias?[step.direction * 2 * rows + row] ?? 0
        let at = (step.direction * rows + row) * count
        for i in 0..<count { sum += w[at + i] * x[step.x + i] }
        return sum
    }

    /// A gate's row of the recurrent weights times a vector, and its bias.
    func hiddenSum(_ step: RecurrentStep, _ row: Int, _ vector: [T]) -> T {
        let (rows, count) = (gates * shape.hidden, shape.hidden)
        var sum = bias?[step.direction * 2 * rows + rows + row] ?? 0
        let at = (step.direction * rows + row) * count
        for i in 0..<count { sum += r[at + i] * vector[i] }
        return sum
    }

    /// The gradient of an input sum, to input, weights and bias.
    func spreadInput(_ step: RecurrentStep, _ row: Int, _ value: T) {
        let (rows, count) = (gates * shape.hidden, shape.input)
        let at = (step.direction * rows + row) * count
        if let gx = gradients[0] { for i in 0..<count { gx[step.x + i] += w[at + i] * value } }
        if let gw = gradients[1] { for i in 0..<count { gw[at + i] += x[step.x + i] * value } }
        gradients[3]?[step.direction * 2 * rows + row] += value
    }

    /// The gradient of a hidden sum, to the vector, weights and bias.
    func spreadHidden(_ step: RecurrentStep, _ row: Int, _ value: T, of vector: [T], into gradient: inout [T]) {
        let (rows, count) = (gates * shape.hidden, shape.hidden)
        let at = (step.direction * rows + row) * count
        for i in 0..<count { gradient[i] += r[at + i] * value }
        if let gr = gradients[2] { for i in 0..<count { gr[at + i] += vector[i] * value } }
        gradients[3]?[step.direction * 2 * rows + rows + row] += value
    }

    /// The average of item and reference; the item's own where there is no reference.
    func mean(_ own: T, _ other: T) -> T { referenceKept == nil ? own : (own + other) / 2 }

    /// The derivative of a gate, or its multiplier.
    func slope(_ gate: Gate, _ x: T, _ y: T, _ x0: T, _ y0: T) -> T {
        referenceKept == nil ? gate.slope(x, y) : ActivationRules.multiplier(x, y, x0, y0) { gate.slope(x, y) }
    }
}

/// An LSTM, GRU or RNN by plain loops, in either precision: what the kernel library doesn't have, and the yardstick for what it has.
struct PlainRecurrentKernel<Cell: RecurrentCell>: ScalarKernel {
    let shape: RecurrentShape
    let backwards: [Bool]
    let lengths: [Int]?
    let cell: Cell

    /// Weights may depend on the items; the first state and an LSTM's first cell often do.
    func gradientInputs(_ inputs: [Fact?]) -> [Int] {
        [0, 1, 2, 3, 5, 6, 7].filter { $0 < inputs.count && inputs[$0] != nil && inputs[$0]?.constant == nil }
    }

    func reverseReads(_ rule: Rule) -> ReverseReads { .inputs }
    func supports(_ rule: Rule) -> Bool { true }

    /// What a forward run keeps for the reverse run.
    static func kept(_ shape: RecurrentShape, _ type: ElementType) -> Fact {
        Fact(type, [shape.directions, shape.steps, shape.items, Cell.keptCount * shape.hidden])
    }

    private func place(_ direction: Int, _ item: Int, _ step: Int, _ length: Int) -> RecurrentStep {
        func time(_ step: Int) -> Int { backwards[direction] ? length - 1 - step : step }
        func kept(_ step: Int) -> Int { ((direction * shape.steps + time(step)) * shape.items + item) * Cell.keptCount * shape.hidden }
        return RecurrentStep(
            direction: direction, x: shape.x(time(step), item), kept: kept(step), previous: step == 0 ? nil : kept(step - 1),
            state: shape.state(direction, item))
    }

    private func y(_ direction: Int, _ item: Int, _ step: Int, _ length: Int) -> Int {
        shape.y(backwards[direction] ? length - 1 - step : step, direction, item)
    }

    func forward<T: Scalar>(_ run: ForwardRun, as _: T.Type) {
        guard let tensors = RecurrentTensors<T>(shape, gates: Cell.gates, run.inputs, kept: run.kept.first) else { return }
        func output(_ index: Int) -> Region<T>? { index < run.outputs.count ? run.outputs[index]?.region() : nil }
        let (all, lastHidden, lastCell) = (output(0), output(1), output(2))
        for d in 0..<shape.directions {
            for n in 0..<shape.items {
                let (length, at) = (lengths?[n] ?? shape.steps, shape.state(d, n))
                var state = RecurrentState<T>(units: shape.hidden, gates: Cell.gates)
                for u in 0..<shape.hidden {
                    state.hidden[u] = tensors.hidden?[at + u] ?? 0
                    state.cell[u] = tensors.cell?[at + u] ?? 0
                }
                for step in 0..<length {
                    cell.advance(tensors, place(d, n, step, length), &state)
                    if let all { for u in 0..<shape.hidden { all[y(d, n, step, length) + u] = state.hidden[u] } }
                }
                for step in length..<shape.steps { if let all { for u in 0..<shape.hidden { all[shape.y(step, d, n) + u] = 0 } } }
                for u in 0..<shape.hidden {
                    lastHidden?[at + u] = state.hidden[u]
                    lastCell?[at + u] = state.cell[u]
                }
            }
        }
    }

    func reverse<T: Scalar>(_ run: ReverseRun, as _: T.Type) {
        guard let tensors = RecurrentTensors<T>(shape, gates: Cell.gates, run.inputs, kept: run.kept.first, reverse: run) else { return }
        func gradient(_ index: Int) -> Region<T>? { index < run.outputGradients.count ? run.outputGradients[index]?.region() : nil }
        let (all, lastHidden, lastCell) = (gradient(0), gradient(1), gradient(2))
        for d in 0..<shape.directions {
            for n in 0..<shape.items {
                let (length, at) = (lengths?[n] ?? shape.steps, shape.state(d, n))
                var state = RecurrentState<T>(units: shape.hidden, gates: Cell.gates)
                for u in 0..<shape.hidden {
                    state.hidden[u] = lastHidden?[at + u] ?? 0
                    state.cell[u] = lastCell?[at + u] ?? 0
                }
                for step in (0..<length).reversed() {
                    if let all { for u in 0..<shape.hidden { state.hidden[u] += all[y(d, n, step, length) + u] } }
                    cell.retreat(tensors, place(d, n, step, length), &state)
                }
                for u in 0..<shape.hidden {
                    tensors.gradients[5]?[at + u] += state.hidden[u]
                    tensors.gradients[6]?[at + u] += state.cell[u]
                }
            }
        }
    }
}
